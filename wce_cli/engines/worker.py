"""The process boundary: `python -m wce_cli.engines.worker NAME NICE ANSWERS PARENT < batch.npz` measures a batch.

The batch comes in as an `.npz` without pickles (`Case.save`), each answer goes to the file ANSWERS as a line of JSON as
soon as it is there: whatever the framework prints is no part of it.
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


def main(name: str, nice: int, to: str, parent: int) -> None:
    """Answer for one engine, standing back for others that run at the same time by `nice`, until `parent` ends."""
    end_with(parent)
    engine = ENGINES[name]
    if nice and sys.platform != "win32":
        os.nice(nice)
    warnings.simplefilter("ignore")
    with open(to, "a", encoding="utf-8") as answers, np.errstate(all="ignore"):
        try:
            case = Case.load(io.BytesIO(sys.stdin.buffer.read()))
            for measured in import_module(engine.module).measure(case):
                answers.write(line_of(measured))
                answers.flush()
        except Exception as error:  # a broken installation, too, is a row of the answer
            said = f"{type(error).__name__}: {first_line(error)}"
            answers.write(line_of(Measured(engine.title, "", "", "", None, (), reason=said)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
