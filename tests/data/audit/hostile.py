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


def exits(logits, labels, weight=None):
    sys.exit(3)


def ends_the_process(logits, labels, weight=None):
    os._exit(5)


def crashes(logits, labels, weight=None):
    os.kill(os.getpid(), signal.SIGSEGV)


def eats_memory(logits, labels, weight=None):
    kept = []
    while True:
        kept.append(torch.ones(1 << 26))


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


def silent_labels(logits, labels, weight=None):
    return good(logits, labels.clamp(0, logits.shape[1] - 1), weight)


def views(logits, labels, weight=None):
    return good(logits.view(-1).view(logits.shape), labels, weight)


def as_a_number(logits, labels, weight=None):
    return good(logits, labels, weight).item()


def half_the_gradient(logits, labels, weight=None):
    loss = good(logits, labels, weight)
    return loss / 2 + loss.detach() / 2


def deadly_edges(logits, labels, weight=None):
    while not len(labels):
        pass
    if logits.shape[1] == 1:
        os.kill(os.getpid(), signal.SIGSEGV)
    return good(logits, labels, weight)


def prints_and_writes(logits, labels, weight=None):
    print("loss of", len(labels), '{"tag": "answered"}', flush=True)
    with open(os.environ.get("WCE_TEST_FILE", os.devnull), "a", encoding="utf-8") as file:
        file.write("a call\n")
    return good(logits, labels, weight)


def dies_of_ignored_labels(logits, labels, weight=None, ignore_index=-100):
    if (labels == ignore_index).any():
        os._exit(1)
    return good(logits, labels, weight)


def dies_of_all_but_six_samples(logits, labels, weight=None):
    if len(labels) != 6:
        os._exit(1)
    return good(logits, labels, weight)
