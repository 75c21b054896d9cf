"""`wce audit`: what a loss function really computes."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from msgspec import structs

from wce_cli.cli import headings, options
from wce_cli.cli.groups import AnswerOptions
from wce_cli.cli.outcome import CANNOT_ANSWER, Outcome
from wce_cli.formats import formats_of

FORMATS = formats_of("audit")
EXAMPLES = (
    "wce audit samples/handwritten_loss.py:weighted_loss",
    "wce audit torch.nn:CrossEntropyLoss --expect weighted-mean --format github",
    "wce audit torch.nn.functional:nll_loss --call 'f(log_probs, labels, weight)'",
)
CODES = (
    "0 audited, and the expected rule if one is",
    "1 it does not follow the expected rule",
    "2 it cannot be loaded or called, or gives no answer",
)

Target = Annotated[
    str,
    typer.Argument(
        rich_help_panel=headings.ASKED,
        metavar="FUNCTION",
        help="path/to/file.py:name or package.module:name; a function, or a class that is made with its weight.",
        show_default=False,
    ),
]
ArraysOption = Annotated[
    str | None,
    headings.asked(
        "--arrays", metavar="KIND", help="torch, numpy or jax.  [default: what the function's module imports]"
    ),
]
Call = Annotated[
    str | None,
    headings.asked(
        "--call",
        metavar="TEMPLATE",
        help="How it is called, if not by usual names: 'f(logits, labels, weight=weight)'. Read, never evaluated.",
    ),
]
Kwargs = Annotated[
    str | None, headings.asked("--kwargs", metavar="JSON", help="More arguments: '{\"gamma\": 2}'.", show_default=False)
]
Expect = Annotated[
    str | None, headings.asked("--expect", metavar="METHOD", help="METHOD or METHOD/PLACEMENT that it must follow.")
]
Timeout = Annotated[
    str, headings.asked("--timeout", metavar="S", help="Seconds for loading it, and for each call or search.")
]
Memory = Annotated[
    str, headings.asked("--memory", metavar="GIB", help="Memory it may take beyond what its framework does.")
]
Seed = Annotated[str, headings.asked("--seed", metavar="N", help="Seeds random, numpy and torch before each call.")]


def audit(
    target: Target,
    arrays: ArraysOption = None,
    call: Call = None,
    kwargs: Kwargs = None,
    expect: Expect = None,
    timeout: Timeout = "20",
    memory: Memory = "4",
    seed: Seed = "0",
    *,
    how: AnswerOptions,
    format: Annotated[str | None, options.format_of(FORMATS)] = None,
    save: Annotated[list[str] | None, options.save_of(FORMATS)] = None,
) -> Outcome:
    """Run a loss function on batches that tell which rule it follows.

    THIS RUNS THE CODE that you name, with your rights, in a process of its own with limits of time and memory. It
    reports what the function computes, where its numbers and edges break, whether its gradient is that of the rule,
    and what to change.
    """
    from wce_cli.cli.destinations import asked_answers, outcome

    if arrays is not None:
        options.one_of("--arrays", arrays, ("torch", "numpy", "jax"))
    seconds = _positive("--timeout", timeout)
    gib = _positive("--memory", memory)
    seeded = options.whole_number("--seed", seed, 0, 2**63 - 1)
    answers = asked_answers(FORMATS, how, format, save)
    constants = {} if kwargs is None else _constants(kwargs)  # may be a file, which no answer may take the place of

    from wce_cli.questions.audit import audit as audited

    found = audited(
        target,
        arrays=arrays,
        call=call,
        kwargs=constants,
        expect=expect,
        timeout=seconds,
        memory=gib,
        seed=seeded,
    )
    answer = outcome(answers, [found], ())
    code = CANNOT_ANSWER if not found.is_answered else 1 if found.is_expected is False else 0
    return structs.replace(answer, code=code)


def _positive(option: str, text: str) -> float:
    from wce_cli.errors import Problem, WceError

    value = options.number(option, text)
    if not 0 < value < float("inf"):
        raise WceError(Problem(f"{option} is {text}, expected a number above 0"))
    return value


def _constants(text: str) -> dict[str, Any]:
    """The keyword arguments of --kwargs: a JSON object that was typed, or stands in a file."""
    from wce_cli.errors import Problem, WceError
    from wce_cli.inputs.reference import reference_in
    from wce_cli.inputs.text import content_of

    file = reference_in(text)
    try:
        value = json.loads(text if file is None else content_of(file.path)) if file is None or not file.key else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise WceError(Problem(f"--kwargs is {text!r}, expected a JSON object", "--kwargs '{\"gamma\": 2}'"))
    return value
