"""The process of its own in which the user's function runs: `python -m (this) REQUEST ANSWERS PARENT`.

It only measures: what every call returned, raised or did besides goes to the file ANSWERS, line by line, so that a
call which ends this process costs no more than its own line. What is printed by the function goes wherever stdout
does, and is no part of the answer.
"""

from __future__ import annotations

import os
import sys

import msgspec

from wce_cli.errors import WceError
from wce_cli.processes.signals import end_with
from wce_cli.questions.audit.child.ask import said_in_short
from wce_cli.questions.audit.child.interview import Interview
from wce_cli.questions.audit.child.watch import tell_what_takes_time
from wce_cli.questions.audit.protocol import Busy, Refused, Request


def main() -> None:
    """Do what the request says, and end without waiting for anything the user's code has left behind."""
    asked, answers, parent = sys.argv[1:]
    end_with(int(parent))
    request = msgspec.json.decode(asked.encode(), type=Request)
    sys.dont_write_bytecode = True
    sys.path.extend(entry for entry in request.path if entry not in sys.path)
    with open(answers, "ab") as file:
        interview = Interview(request, file)
        tell_what_takes_time(lambda: interview.tell(Busy()))
        try:
            interview.run()
        except WceError as error:
            problem = error.problems[0]
            interview.tell(Refused(problem.message, problem.hint))
        except BaseException as error:
            interview.tell(Refused(": ".join(filter(None, (type(error).__name__, said_in_short(error)))), ""))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
