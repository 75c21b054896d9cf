"""Why a function gives no number, and what may help."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from wce_cli.errors import Problem
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.protocol import said
from wce_cli.questions.audit.rows.labelled import CLASSES
from wce_cli.questions.audit.steps import NONE

NO_GPU = re.compile("not compiled with CUDA|NVIDIA driver|No CUDA GPUs|no CUDA-capable device", re.IGNORECASE)
"""In what is raised where a function takes its arrays to a GPU, and there is none."""
NO_LIST = re.compile(
    r"'(?:int|float)' object is not (?:iterable|subscriptable)|of type '(?:int|float)' has no len|"
    r"0-d (?:array|tensor)|0-dimensional|'(?:int|float)' object has no attribute"
)
"""In what is raised where a list is wanted, and a number is given."""
CALLED_WRONGLY = ("TypeError", "AttributeError", "IndexError", "ValueError", "RuntimeError")
"""Errors that a call with other arguments may well not raise."""


def no_answer(name: str, observed: Observed, constants: Mapping[str, Any]) -> Problem:
    """The first call failed, and so did the others; `constants` are what it was given beside the batch."""
    assert observed.first is not None
    call = observed.loaded.call if observed.loaded else name
    if observed.first.error == NONE:
        return Problem(f"{call} returned None", "a return is missing: end it with 'return loss'")
    if observed.first.error == "Returned":
        hint = "return one number, or one a sample; in a dict, call it 'loss'"
        return Problem(f"{call} returned {observed.first.message}", hint)
    if NO_GPU.search(observed.first.message):
        hint = "audit it where there is a GPU, or say that there is none, if it has a parameter for that: --kwargs "
        return Problem(f"{call} needs a GPU: {said(observed.first)}", hint + """'{"device": "cpu"}'""")
    hint = "say how it is called: --call 'f(logits, labels, weight=weight)', or --arrays numpy"
    hint = hint if observed.first.error in CALLED_WRONGLY else ""
    if NO_LIST.search(observed.first.message):
        hint = _with_list(constants) or hint
    return Problem(f"{call} gives no number: {said(observed.first)}", hint)


def _with_list(constants: Mapping[str, Any]) -> str:
    """The hint for a number where a list is wanted; empty unless one constant alone is a number."""
    single = [key for key, value in constants.items() if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(single) != 1:
        return ""
    given = json.dumps({**constants, single[0]: [constants[single[0]]] * CLASSES})
    return f"{single[0]} may be a list, a number for each class: --kwargs {shlex.quote(given)}"
