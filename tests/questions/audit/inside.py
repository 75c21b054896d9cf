"""An audit without its process: the worker runs here, so that many functions cost one import of torch."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import Any

import msgspec

from tests.run import ROOT
from wce_cli.answers.audit import Audit
from wce_cli.questions.audit.child.interview import Interview
from wce_cli.questions.audit.parent.judge import Asking, answer_of
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.protocol import Request

FIXTURES = ROOT / "tests" / "data" / "audit"


def observed_here(target: str, asking: Asking = Asking()) -> Observed:  # noqa: B008
    """What a worker tells of a function."""
    request = Request(target, asking.arrays, asking.call, asking.kwargs, asking.seed, None, ())
    file = io.BytesIO()
    Interview(request, file).run()
    observed = Observed()
    for line in file.getvalue().splitlines():
        observed.take(line)
    return observed


def audited_here(target: str, **asked: Any) -> Audit:
    """The audit of a fixture, `wrong.py:double_softmax`, or of what a module has, `torch.nn:CrossEntropyLoss`.

    A function that is asked in the same way again, of a file that is the same, is not run again: only judged.
    """
    name = str(FIXTURES / target) if ".py:" in target else target
    asking = Asking(**asked)
    text = Path(name.rpartition(":")[0]).read_bytes() if ".py:" in name else b""
    how = msgspec.structs.replace(asking, expect=None, timeout=0.0, memory=0.0)
    return answer_of(name, asking, _observed(name, text, msgspec.json.encode(how)))


@functools.cache
def _observed(name: str, text: bytes, how: bytes) -> Observed:
    """What a worker tells of a function of a text; `how` it is asked is an Asking, as JSON."""
    return observed_here(name, msgspec.json.decode(how, type=Asking))
