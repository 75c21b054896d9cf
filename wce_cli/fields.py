"""The fields of a batch, declared once, under every name that people have for them: wce's own, PyTorch's, Keras',
scikit-learn's.

Options, keys of documents, members of array files, columns of tables, Python's keywords and the schema are made from
BatchFields: a field is a line there, and what is done with it is in `Batch.build`. A name is an alias only if it means
the same wherever it is written; of others `field_hints` says what was probably meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict, get_type_hints

from msgspec import Struct

from wce_cli.errors import Problem

Kind = Literal["scores", "labels", "class weight", "sample weight", "names", "integer", "number", "flag", "code"]
"""What a field holds: a number for each class of each sample, one for each sample, …, a single one for the batch,
yes or no, or a piece of code."""


class Field(Struct, frozen=True):
    """What is said of a field wherever it is written; its name and what it may be in Python stand in BatchFields."""

    kind: Kind
    metavar: str
    """What stands for its value in the help of an option."""
    help: str
    typed: str = ""
    """How it is typed on the command line, said behind the help."""
    given: str = ""
    """How it is given in Python, said behind the help."""
    default: int | float | bool | None = None
    also: tuple[str, ...] = ()
    """Spellings of its option beside `--name`."""
    aliases: tuple[str, ...] = ()
    """What other libraries call it."""
    in_files: bool = True
    """Whether documents and files of arrays may hold it."""


class BatchFields(TypedDict, total=False):
    """The fields of a batch as Python takes them, `**batch: Unpack[BatchFields]`; what is left out has its default."""

    logits: Annotated[
        Any,
        Field(
            "scores",
            "ROWS",
            "Scores before the softmax",
            typed=": '0.1 0.9; 0 0.1', JSON, a printed tensor, or @FILE",
            given=", (C,), (N, C) or (N, C, d1, …, dk): lists, numpy, torch, pandas",
            also=("-x",),
            aliases=("input", "y_logits", "pred_logits"),
        ),
    ]
    log_probs: Annotated[
        Any,
        Field(
            "scores",
            "ROWS",
            "Log-probabilities instead of logits, as given",
            aliases=("log_prob", "logprobs", "log_probabilities", "log_proba"),
        ),
    ]
    probs: Annotated[
        Any,
        Field(
            "scores",
            "ROWS",
            "Probabilities instead of logits, as given",
            aliases=("prob", "probabilities", "proba", "y_prob", "y_proba"),
        ),
    ]
    labels: Annotated[
        Any,
        Field(
            "labels",
            "LABELS",
            "Class indices, class names, or probability rows",
            given=" in the scores' shape",
            also=("-y",),
            aliases=(
                *("label", "target", "targets", "y_true", "y", "true_label", "true_labels", "ground_truth", "gt"),
                *("gt_label", "gt_labels", "label_ids", "onehot_labels"),
            ),
        ),
    ]
    weight: Annotated[
        Any,
        Field(
            "class weight",
            "WEIGHTS",
            "One number for each class",
            typed=', JSON by class name ({"cat": 0.1, ...}), or balanced',
            given=', a mapping by class name, or "balanced"',
            also=("--class-weight", "-w"),
            aliases=("class_weight", "class_weights"),
        ),
    ]
    sample_weight: Annotated[
        Any,
        Field(
            "sample weight",
            "WEIGHTS",
            "One number for each sample; multiplies the class weight",
            aliases=("sample_weights",),
        ),
    ]
    classes: Annotated[
        Sequence[str] | None,
        Field(
            "names",
            "NAMES",
            "The names of the classes, in order",
            typed=": cat,dog",
            aliases=("class_names", "target_names"),
        ),
    ]
    ignore_index: Annotated[
        int,
        Field("integer", "LABEL", "The label that means skip", default=-100, aliases=("ignore_class", "ignore_label")),
    ]
    label_base: Annotated[
        int, Field("integer", "N", "Labels count from N: 1 for labels 1..C", default=0, in_files=False)
    ]
    label_smoothing: Annotated[
        float,
        Field(
            "number",
            "EPS",
            "Label smoothing, 0 to 1",
            default=0.0,
            aliases=("smoothing", "label_smoothing_factor"),
        ),
    ]
    class_axis: Annotated[
        int | None,
        Field(
            "integer",
            "AXIS",
            "The axis of the scores with the classes, -1 for the last",
            typed="  [default: 1, or -1 where only that fits the labels]",
            given="; None: 1, or -1 where only that fits",
        ),
    ]
    shift: Annotated[
        bool,
        Field(
            "flag",
            "",
            "Scores at a position are for the label at the next: causal language models",
            default=False,
        ),
    ]
    criterion: Annotated[
        Any,
        Field(
            "code",
            "CODE",
            "The loss in your code: it sets the fields above, and its method is marked",
            typed="; read, never run: 'nn.CrossEntropyLoss(weight=w)'",
            given="; a line, or the object",
        ),
    ]


TYPES: dict[str, Any] = get_type_hints(BatchFields)
"""By field: what it may be in Python."""
FIELDS: dict[str, Field] = {
    name: said.__metadata__[0] for name, said in get_type_hints(BatchFields, include_extras=True).items()
}
"""The fields by name, in the order in which help lists them."""


def of_kind(*kinds: Kind) -> tuple[str, ...]:
    """The names of the fields that hold one of these."""
    return tuple(name for name, field in FIELDS.items() if field.kind in kinds)


IN_FILES = tuple(name for name, field in FIELDS.items() if field.in_files)
"""The fields that documents and files of arrays may hold."""
SCORE_KINDS = of_kind("scores")
"""The kinds of scores, of which a batch has one."""
BY_SAMPLE = of_kind("scores", "labels", "sample weight")
"""Fields that are as long as the batch: those of its parts follow each other."""
VECTORS = of_kind("labels", "class weight", "sample weight")
"""Fields for which `0; 1; 1` is a column of one number a row, not a table."""
SINGLE = of_kind("integer", "number")
"""Fields that are one number."""
FLAGS = of_kind("flag")
"""Fields that are yes or no."""
DEFAULTS: dict[str, Any] = {name: field.default for name, field in FIELDS.items()}
"""What a field is that nobody gave."""

ALIASES = {name: field.aliases for name, field in FIELDS.items() if field.aliases}
"""By field: PyTorch's `input` and `target`, Keras' `class_weight` and `ignore_class`, scikit-learn's `y_true`, …"""

MEANT = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
"""The field that an alias means."""

BESIDE_SCORES = "input"
"""The alias that is the model's input, images or tokens, where a file holds more than a batch."""


def with_defaults(function: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every field, those that are not given with their default. Raises TypeError, as Python does, for what is none."""
    strange = next((name for name in given if name not in FIELDS), None)
    if strange is not None:
        raise TypeError(f"{function}() got an unexpected keyword argument {strange!r}")
    return {**DEFAULTS, **given}


def field_of(name: str, known: Collection[str] = IN_FILES) -> str:
    """The field that a name means, which may be one of `known` already; the name as it is if it means none."""
    return name if name in known else MEANT.get(name, name)


def by_field(given: Iterable[str], shown: Callable[[str], str]) -> tuple[dict[str, str], list[Problem]]:
    """The name that each field has among some names, and a problem for every field that has two."""
    found: dict[str, str] = {}
    problems = []
    for name in given:
        before = found.setdefault(field_of(name), name)
        if before != name:
            problems.append(given_twice(shown(before), shown(name)))
    return found, problems


def given_twice(one: str, other: str) -> Problem:
    """Two names of one field, as they are written in their place."""
    return Problem(f"{one} and {other} are both given, and mean the same", "leave one of them out")


def names_of(field: str) -> tuple[str, ...]:
    """All names of a field, its own first."""
    return (field, *ALIASES.get(field, ()))
