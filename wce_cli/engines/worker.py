"""The process boundary: `python -m wce_cli.engines.worker NAME [NICE [PARENT]] < batch.npz` measures a batch.

The batch comes in as an `.npz` without pickles (`Case.save`), each answer goes out as a line of JSON as soon as it is
there. Whatever the framework prints on stdout goes to stderr, so that the answers have stdout to themselves.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from importlib import import_module

import numpy as np

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import first_line, line_of
from wce_cli.engines.case import Case
from wce_cli.frameworks import ENGINES
from wce_cli.processes.signals import end_with


def main(name: str, nice: int = 0, parent: int | None = None) -> None:
    """Answer for one engine, standing back for others that run at the same time by `nice`, until `parent` ends."""
    if parent is not None:
        end_with(parent)
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    engine = ENGINES[name]
    if nice and sys.platform != "win32":
        os.nice(nice)
    warnings.simplefilter("ignore")
    with np.errstate(all="ignore"):
        try:
            case = Case.load(io.BytesIO(sys.stdin.buffer.read()))
            for measured in import_module(engine.module).measure(case):
                answers.write(line_of(measured))
                answers.flush()
        except Exception as error:  # a broken installation, too, is a row of the answer
            said = f"{type(error).__name__}: {first_line(error)}"
            answers.write(line_of(Measured(engine.title, "", "", "", None, (), reason=said)))
    answers.close()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
