"""An audit without its process: the worker runs here, so that many functions cost one import of torch."""

from __future__ import annotations

import io
from typing import Any

from tests.run import ROOT
from wce_cli.answers.audit import Audit
from wce_cli.questions.audit.child.worker import Worker
from wce_cli.questions.audit.parent.judge import Asking, answer_of
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.protocol import Request

FIXTURES = ROOT / "tests" / "data" / "audit"


def observed_here(target: str, asking: Asking = Asking()) -> Observed:  # noqa: B008
    """What a worker tells of a function."""
    request = Request(target, asking.arrays, asking.call, asking.kwargs, asking.seed, None, ())
    file = io.BytesIO()
    Worker(request, file).run()
    observed = Observed()
    for line in file.getvalue().splitlines():
        observed.take(line)
    return observed


def audited_here(target: str, **asked: Any) -> Audit:
    """The audit of a fixture, `wrong.py:double_softmax`, or of what a module has, `torch.nn:CrossEntropyLoss`."""
    name = str(FIXTURES / target) if ".py:" in target else target
    asking = Asking(**asked)
    return answer_of(name, asking, observed_here(name, asking))
