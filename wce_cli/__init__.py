"""`wce`: where does this weighted cross-entropy number come from, and why is the other one different?

The names below are imported on first use, so that `wce --help` loads neither numpy nor torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wce_cli.version import __version__

if TYPE_CHECKING:
    from wce_cli.answers.report import Report
    from wce_cli.errors import WceError
    from wce_cli.loss.methods import METHODS
    from wce_cli.questions.audit import audit
    from wce_cli.questions.batch import batch
    from wce_cli.questions.check import assert_loss, check
    from wce_cli.questions.explain import explain
    from wce_cli.questions.gradient import gradient
    from wce_cli.questions.identify import identify
    from wce_cli.questions.split import split
    from wce_cli.questions.sweep import sweep

__all__ = [
    "METHODS",
    "Report",
    "WceError",
    "__version__",
    "assert_loss",
    "audit",
    "batch",
    "check",
    "explain",
    "gradient",
    "identify",
    "split",
    "sweep",
]

_HOMES = {
    "METHODS": "wce_cli.loss.methods",
    "Report": "wce_cli.answers.report",
    "WceError": "wce_cli.errors",
    "assert_loss": "wce_cli.questions.check",
    "audit": "wce_cli.questions.audit",
    "batch": "wce_cli.questions.batch",
    "check": "wce_cli.questions.check",
    "explain": "wce_cli.questions.explain",
    "gradient": "wce_cli.questions.gradient",
    "identify": "wce_cli.questions.identify",
    "split": "wce_cli.questions.split",
    "sweep": "wce_cli.questions.sweep",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
