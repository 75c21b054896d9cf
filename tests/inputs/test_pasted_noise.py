"""What screens and keyboards put around a value."""

from __future__ import annotations

import pytest

from wce_cli.inputs.pasted_noise import plain, value_alone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1，0.9；0，0.1", "0.1,0.9;0,0.1"),
        ("0.1، 0.9؛ 0", "0.1, 0.9; 0"),
        ("（1，2）", "(1,2)"),
        ("犬（小），猫", "犬（小）,猫"),
        ("'犬，猫' 0", "'犬，猫' 0"),
        ("１．５ ٠٫٥", "１.５ ٠.٥"),
        ("\x1b[31m0.1\x1b[0m 0.9", "0.1 0.9"),
        ("\u22121\u20283", "-1\n3"),
        ("\u200f0.1\u2009 0.9", "0.1  0.9"),
        ("'1 2'", "1 2"),
        ("''", ""),
        ("```python\n[1, 2]\n```", "[1, 2]"),
        ("`[1, 2]`", "[1, 2]"),
        ('{\\"cat\\":0.1}', '{"cat":0.1}'),
        ('{""cat"":0.1}', '{"cat":0.1}'),
        ('["", "a"]', '["", "a"]'),
        ('{"": 1}', '{"": 1}'),
    ],
)
def test_look_alikes_are_made_plain(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("logits = [[1, 2]]", "[[1, 2]]"),
        ("net.logits: tensor([1])", "tensor([1])"),
        ("Logits: 1 2; 3 4", "1 2; 3 4"),
        ("labels [0 1]", "[0 1]"),
        ("x <- c(1, 2)", "c(1, 2)"),
        ("ans =\n\n  1 2", "1 2"),
        ("x == [1]", "x == [1]"),
        ("cat: 1", "cat: 1"),
        ("cat=1", "cat=1"),
        ("a=1,b=2", "a=1,b=2"),
        ("labels", "labels"),
        ("Out[3]: [1]", "[1]"),
        ("Out[3]:\n[1]", "[1]"),
        ("In [2]: x\nOut[2]: [1]", "[1]"),
        ("Out[2]: [1]\nOut[3]: [2]", "Out[2]: [1]\nOut[3]: [2]"),
        (">>> [1]", "[1]"),
        (">>> x = [1]", "[1]"),
        (">>> x\n[1]\n>>> ", "[1]"),
        (">>> [[1],\n...  [2]]", "[[1],\n [2]]"),
        ("julia> [1 2; 3 4]", "1 2; 3 4"),
        ("[[1,\n...\n2]]", "[[1,\n...\n2]]"),
        ("[0.1, 0.9]  # two classes", "[0.1, 0.9]"),
        ("[1, # one\n 2]", "[1, \n 2]"),
        ("['# 1', 'a']", "['# 1', 'a']"),
        ("cat, #1", "cat, #1"),
        ("[1 2; 3 4]", "1 2; 3 4"),
        ("Float32[0.1, 0.9]", "[0.1, 0.9]"),
        ("2×2 Matrix{Float64}:\n 0.1  0.9\n 0.0  0.1", " 0.1  0.9\n 0.0  0.1"),
        ("2-element Vector{Int64}:\n 0\n 1", " 0\n 1"),
        ("[[1. 2.]]\n<NDArray 1x2 @cpu(0)>", "[[1. 2.]]"),
        ("Parameter containing:\ntensor([1.])", "tensor([1.])"),
        ("<tf.Tensor: shape=(), dtype=float32, numpy=0.1>", "0.1"),
        ("[<tf.Tensor: shape=(), numpy=0.1>, <tf.Tensor: shape=(), numpy=0.2>]", "[0.1, 0.2]"),
    ],
)
def test_the_value_stands_alone(text, expected):
    assert value_alone(text) == expected
