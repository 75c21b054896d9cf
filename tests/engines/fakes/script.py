"""In place of `wce_cli.engines.worker`: `python script.py BEHAVIOUR NAME`. Only keras behaves so, others are well."""

import os
import signal
import sys
import time

ANSWER = (
    b'{"engine":"Fake","version":"1.0","call":"loss(x, y)","dtype":"float64","value":0.5,"expresses":[],"methods":[],'
    b'"reason":null}\n'
)


def main(behaviour: str, name: str, nice: str, parent: str) -> None:
    sys.stdin.buffer.read()
    if name != "keras":
        time.sleep(0.5 if behaviour == "ends first" else 0)
        os.write(1, ANSWER)
        return
    if behaviour == "hangs":
        os.write(1, ANSWER)
        time.sleep(600)
    if behaviour == "hangs with a child of its own":
        if os.fork() == 0:
            time.sleep(600)
        time.sleep(600)
    if behaviour == "crashes":
        os.write(1, ANSWER)
        os.write(2, b"fatal: \x1b[31mout of\x07 luck\n\n")
        os.kill(os.getpid(), signal.SIGSEGV)
    if behaviour == "exits":
        sys.exit(7)
    if behaviour == "says nothing":
        sys.exit(0)
    if behaviour == "stops halfway":
        os.write(1, ANSWER[:40])
    if behaviour == "closes its answers":
        os.close(1)
        time.sleep(600)
    if behaviour == "answers in pieces":
        for k in range(0, len(ANSWER), 7):
            os.write(1, ANSWER[k : k + 7])
            time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
