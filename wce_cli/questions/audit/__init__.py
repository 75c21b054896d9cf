"""What does a loss function really compute? It is run in a process of its own, and asked batches that tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wce_cli.errors import Problem, WceError
from wce_cli.surroundings import has_folder

if TYPE_CHECKING:
    from wce_cli.answers.audit import Audit

__all__ = ["audit"]


def audit(
    target: Any,
    *,
    arrays: str | None = None,
    call: str | None = None,
    kwargs: dict[str, Any] | None = None,
    expect: str | None = None,
    timeout: float = 20.0,
    memory: float = 4.0,
    seed: int = 0,
) -> Audit:
    """Run a loss function on probes, and say which rule it follows, where it breaks, and what to change.

    `target` is `path/to/file.py:name`, `package.module:name`, or a function or class at the top of a file. It runs in
    a process of its own, with `timeout` seconds for each step and `memory` GiB beyond what its framework takes.
    `call` is a template, `f(logits, labels, weight=weight)`; `kwargs` are handed over as they are; `expect` is the
    METHOD or METHOD/PLACEMENT that it should follow.

    Returns an Audit: `print` it, or look at `.own` and `.rows`. Raises WceError where the function cannot be loaded
    or called.
    """
    from wce_cli.questions.audit.parent.judge import Asking, judged

    if not has_folder():
        raise WceError(Problem("the working directory is gone, and code is run from it", "cd to one that is there"))
    return judged(target, Asking(arrays, call, kwargs or {}, expect, timeout, memory, seed))
