"""Functions that do something else than compute: wce must outlive each."""

import os
import signal
import sys
import time

import torch
import torch.nn.functional as F


def good(logits, labels, weight=None):
    return F.cross_entropy(logits, labels, weight=weight)


def hangs(logits, labels, weight=None):
    while True:
        time.sleep(0.01)


def hangs_on_an_empty_batch(logits, labels, weight=None):
    while not len(labels):
        pass
    return good(logits, labels, weight)


def exits(logits, labels, weight=None):
    sys.exit(3)


def ends_the_process(logits, labels, weight=None):
    os._exit(5)


def crashes(logits, labels, weight=None):
    os.kill(os.getpid(), signal.SIGSEGV)


def crashes_on_one_class(logits, labels, weight=None):
    if logits.shape[1] == 1:
        os.kill(os.getpid(), signal.SIGSEGV)
    return good(logits, labels, weight)


def prints(logits, labels, weight=None):
    print("loss of", len(labels), '{"tag": "answered"}', flush=True)
    return good(logits, labels, weight)


def eats_memory(logits, labels, weight=None):
    kept = []
    while True:
        kept.append(torch.ones(1 << 24))


def writes_a_file(logits, labels, weight=None):
    with open(os.environ.get("WCE_TEST_FILE", os.devnull), "a", encoding="utf-8") as file:
        file.write("a call\n")
    return good(logits, labels, weight)


def changes_its_inputs(logits, labels, weight=None):
    with torch.no_grad():
        logits -= logits.max()
    return good(logits, labels, weight)


def is_random(logits, labels, weight=None):
    return good(logits, labels, weight) * torch.rand(())


def raises(logits, labels, weight=None):
    raise KeyError("temperature")


def returns_none(logits, labels, weight=None):
    good(logits, labels, weight)
