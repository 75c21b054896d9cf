"""In place of `wce_cli.engines.worker`: `python script.py BEHAVIOUR NAME NICE ANSWERS PARENT`.

Only keras behaves so, others are well.
"""

import os
import signal
import sys
import time

ANSWER = (
    b'{"engine":"Fake","version":"1.0","call":"loss(x, y)","dtype":"float64","value":0.5,"expresses":[],"methods":[],'
    b'"reason":null}\n'
)


def main(behaviour: str, name: str, nice: str, to: str, parent: str) -> None:
    answers = os.open(to, os.O_WRONLY | os.O_APPEND)
    sys.stdin.buffer.read()
    if name != "keras":
        time.sleep(0.5 if behaviour == "ends first" else 0)
        os.write(answers, ANSWER)
        return
    if behaviour == "hangs":
        os.write(answers, ANSWER)
        time.sleep(600)
    if behaviour == "hangs with a child of its own":
        if os.fork() == 0:
            time.sleep(600)
        time.sleep(600)
    if behaviour == "leaves a child of its own":
        os.write(answers, ANSWER)
        if os.fork() == 0:
            time.sleep(600)
    if behaviour == "leaves a child in a session of its own":
        os.write(answers, ANSWER)
        if os.fork() == 0:
            os.setsid()
            time.sleep(5)
    if behaviour == "prints without end":
        while True:
            os.write(1, b"answers? " * 1000)
            os.write(2, b"nothing\n" * 1000)
    if behaviour == "crashes":
        os.write(answers, ANSWER)
        os.write(2, b"fatal: \x1b[31mout of\x07 luck\n\n")
        os.kill(os.getpid(), signal.SIGSEGV)
    if behaviour == "exits":
        sys.exit(7)
    if behaviour == "says nothing":
        sys.exit(0)
    if behaviour == "stops halfway":
        os.write(answers, ANSWER[:40])
    if behaviour == "closes its answers":
        os.close(answers)
        time.sleep(600)
    if behaviour == "answers in pieces":
        for k in range(0, len(ANSWER), 7):
            os.write(answers, ANSWER[k : k + 7])
            time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
