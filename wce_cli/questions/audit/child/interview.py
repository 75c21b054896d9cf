"""All that one function is asked, from its loading to the last search."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import BinaryIO

from msgspec import structs

from wce_cli.answers.audit import Own
from wce_cli.errors import Problem, WceError
from wce_cli.questions.audit.child.arrays import DTYPES, FRAMEWORKS, WIDEST, Arrays
from wce_cli.questions.audit.child.ask import Asker
from wce_cli.questions.audit.child.bisection import Search, searched, searches
from wce_cli.questions.audit.child.carried import Carried
from wce_cli.questions.audit.child.first_call import chooses, first_call, taken_for_probabilities
from wce_cli.questions.audit.child.load import load
from wce_cli.questions.audit.child.matching import matched
from wce_cli.questions.audit.child.memory import limit_memory
from wce_cli.questions.audit.child.origin import frameworks, imported, source
from wce_cli.questions.audit.child.roles import SCORES
from wce_cli.questions.audit.child.seeds import Seeds
from wce_cli.questions.audit.child.template import template
from wce_cli.questions.audit.child.watch import ConductWatch
from wce_cli.questions.audit.probes import DEFAULT_SMOOTHING, PLAIN, SQUARE, SQUARE_ZERO, Offers, Probe, fitted, steps
from wce_cli.questions.audit.protocol import (
    Answered,
    Began,
    Conduct,
    Finished,
    Imported,
    Loaded,
    Ready,
    Record,
    Request,
    encode,
)
from wce_cli.questions.audit.rows.labelled import ignored_class, of_classes, of_shift, probes, shift, skipped_label
from wce_cli.questions.audit.steps import ENDS, FIRST, FRAMEWORK, LOADING
from wce_cli.questions.audit.target import place


class Interview:
    """One function, what is known of it by now, and where its answers go."""

    def __init__(self, request: Request, file: BinaryIO) -> None:
        self.request = request
        self.file = file
        self.classes = 0
        self.found = Carried()
        self.done = set(request.skipped)
        self.name = ""
        self.loaded = Loaded(None, None, "", "", "")
        self.ignored: int | None = None
        self.source: str | None = None
        self.watch = ConductWatch(lambda what, detail: self.tell(Conduct(what, detail)))

    def tell(self, record: Record) -> None:
        """Write a record, at once."""
        self.file.write(encode(record))
        self.file.flush()

    def tell_imported(self) -> None:
        """Write which files of the user's it has read by now."""
        self.tell(Imported(imported(self.source)))

    def load(self) -> Asker:
        """Who asks the function: the framework and it are imported, and its parameters matched."""
        request = self.request
        self.tell(Began(FRAMEWORK))
        arrays = None if request.arrays is None else _arrays(request.arrays)
        if arrays is None and _may_use_torch(request.target):
            import_module("torch")  # before memory is limited: it maps far more than it uses
        limit_memory(request.memory)
        self.tell(Began(LOADING))
        found = place(request.target)
        with self.watch:
            function = load(found)
        if arrays is None:
            arrays = _arrays(next(iter(frameworks(function)), "torch"))
        name = found.name or getattr(function, "__name__", "f")
        if request.template is None:
            call = matched(function, name, request.constants)
        else:
            call = template(request.template, isinstance(function, type), _names(name, function))
        scores = next(kind for kind in SCORES if kind in call.roles)
        labels = "one-hot" if "one_hot" in call.roles else "index"
        file, line = source(function)
        self.source = file
        asker = Asker(
            function, call, arrays, scores, labels, Seeds(request.seed), request.memory, self.watch, file=file
        )
        if request.offers is not None:
            asker.take(request.offers)
        self.name, self.loaded = name, Loaded(file, line, asker.call.text(name), arrays.name, call.guessed)
        self.tell(self.loaded)
        self.tell_imported()
        return asker

    def offers(self, asker: Asker) -> Offers:
        """What the function takes, as far as is known."""
        roles, optional = asker.call.roles, asker.call.optional
        dtypes = DTYPES[asker.arrays.name]
        is_class = self.ignored is not None and self.found.ignore_index == self.ignored  # seen, and said as such
        return Offers(
            weight=bool(roles & {"weight", "sample_weight"}),
            weight_optional=self.request.template is None and bool(optional & {"weight", "sample_weight"}),
            ignore_index="ignore_index" in roles,
            smoothing="label_smoothing" in roles,
            reduction="reduction" in roles,
            labels=asker.labels,
            scores=asker.scores,
            dtypes=tuple(dtype for dtype in dtypes if dtype != WIDEST or not asker.narrowed),
            classes=self.classes,
            own=Own(ignore_index=None if is_class else self.found.ignore_index),
            weight_name=asker.call.name_of("weight"),
            pick=asker.pick,
            has_arrays=asker.has_arrays,
            has_default_smoothing=asker.has_default_smoothing,
            shift=asker.shift,
            ignored=self.ignored,
        )

    def read_labels(self, asker: Asker) -> None:
        """Find out which label a row is judged by, and which class it ignores."""
        if asker.labels != "index" or self.classes not in (0, len(PLAIN.logits[0])):
            return
        answers = self.told(asker, of_shift(self.offers(asker)))
        asker.shift = shift(answers)
        answers |= self.told(asker, of_classes(self.offers(asker)))
        self.ignored = ignored_class(answers)
        offers = self.offers(asker)
        if self.ignored is None and not offers.is_told:
            answers |= self.told(asker, probes(offers))
            self.found = structs.replace(self.found, ignore_index=skipped_label(answers, offers))

    def told(self, asker: Asker, asked: list[Probe]) -> dict[str, Answered]:
        """The answers to some probes, each told as it comes."""
        found = {}
        for probe in asked:
            self.tell(Began(probe.name))
            found[probe.name] = asker.ask(probe)
            self.tell(found[probe.name])
        self.done.update(found)
        return found

    def begin(self, asker: Asker) -> Offers | None:
        """What the function takes, found out by calls; None where the first one gives no number."""
        self.tell(Began(FIRST))
        self.found = asker.carried()
        first, self.classes = first_call(asker, self.found)
        if first.values is None and first.error not in ENDS and asker.call.lists:
            asker.has_arrays = True
            first, self.classes = first_call(asker, self.found)
        has_learned = chooses(asker, first)
        if not has_learned and first.values is not None and self.classes in (0, len(PLAIN.logits[0])):
            guessed = taken_for_probabilities(asker)
            has_learned = bool(guessed)
            if has_learned:
                self.tell(structs.replace(self.loaded, call=asker.call.text(self.name), guessed=guessed))
        if has_learned:
            first, self.classes = first_call(asker, self.found)
        self.tell(first)
        self.tell_imported()  # what it imports when it is called
        if first.values is None:
            return None
        self.tell(Ready(self.offers(asker), self.found))
        if "label_smoothing" in asker.call.optional:
            default = self.told(asker, [fitted(DEFAULT_SMOOTHING, self.offers(asker))])
            asker.has_default_smoothing = default[DEFAULT_SMOOTHING.name].values is not None
        self.read_labels(asker)
        if not self.classes:
            self.classes = self.only_width(asker)
        return self.offers(asker)

    def run(self) -> None:
        """Take all steps, each announced before it begins; none where the first call gives no number."""
        asker = self.load()
        offers = self.request.offers
        if offers is None:
            offers = self.begin(asker)
            if offers is None:
                self.tell(Finished())
                return
            self.tell(Ready(offers, self.found))
        sought = searches(offers.dtypes) if offers.scores == "logits" else ()
        labelled = [probe for probe in probes(offers) if probe.name not in self.done]
        for step in (*steps(offers), *labelled, *sought):
            if step.name in self.request.skipped:
                continue
            self.tell(Began(step.name))
            self.tell(searched(asker.ask, step, offers) if isinstance(step, Search) else asker.ask(step))
        self.tell_imported()
        self.tell(Finished())

    def only_width(self, asker: Asker) -> int:
        """The number of classes that it takes, if four are an error where three are none; 0: any."""
        offers = self.offers(asker)
        three, four = self.told(asker, [fitted(SQUARE, offers), fitted(SQUARE_ZERO, offers)]).values()
        return len(SQUARE.logits[0]) if three.values is not None and four.values is None else 0


def _names(name: str, function: object) -> list[str]:
    """What a function or class goes by: the name it is asked for by, its own, and that of the class it is made of."""
    kind = function if hasattr(function, "__name__") else type(function)
    return [name.rpartition(".")[2], str(getattr(kind, "__name__", name))]


def _may_use_torch(target: str) -> bool:
    """Whether a target may come to import torch, and can: all but a file that names another framework alone."""
    found = place(target)
    text = b""
    if found.is_file:
        with open(found.where, "rb") as file:
            text = file.read()
    others = b"numpy" in text or b"jax" in text
    return find_spec("torch") is not None and (b"torch" in text or not others)


def _arrays(name: str) -> Arrays:
    try:
        return Arrays(name)
    except ImportError:
        others = ", ".join(one for one in FRAMEWORKS if one != name)
        raise WceError(Problem(f"{name} is not installed, so it has no arrays", f"--arrays {others}")) from None
