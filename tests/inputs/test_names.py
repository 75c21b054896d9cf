"""Class names as people type them."""

from __future__ import annotations

import pytest

from wce_cli.errors import WceError
from wce_cli.inputs.names import read_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cat,dog", ["cat", "dog"]),
        ("cat dog", ["cat", "dog"]),
        ("New York, Rome", ["New York", "Rome"]),
        ('["cat", "New York"]', ["cat", "New York"]),
        ("0,1", ["0", "1"]),
        ("['cat', 'dog']", ["cat", "dog"]),
        ("[/items],[red]x", ["[/items]", "[red]x"]),
        ("[/items],[x]", ["[/items]", "[x]"]),
        ("“cat”, “New York”", ["cat", "New York"]),
        ('"a,b",c', ["a,b", "c"]),
        ("'New York' Rome", ["New York", "Rome"]),
        ("it's,don't", ["it's", "don't"]),
        ("cat\ndog\n", ["cat", "dog"]),
        ("cat，dog", ["cat", "dog"]),
        ("{0: 'cat', 1: 'dog'}", ["cat", "dog"]),
        ("{1: 'dog', 0: 'cat'}", ["cat", "dog"]),
        ("{'dog': 1, 'cat': 0}", ["cat", "dog"]),
        ("array(['cat', 'dog'], dtype='<U3')", ["cat", "dog"]),
        ("Index(['cat', 'dog'], dtype='object')", ["cat", "dog"]),
        ("classes = ['cat', 'dog']", ["cat", "dog"]),
    ],
)
def test_names_are_split_at_commas_or_else_at_spaces(text, names):
    assert read_names("--classes", text) == names


def test_names_are_strings():
    with pytest.raises(WceError, match=r"^--classes must be a list of names$"):
        read_names("--classes", "[1, 2]")
    with pytest.raises(WceError, match=r"(?m)^--classes is a mapping, but not of the indices 0, 1, … to names$"):
        read_names("--classes", "{1: 'cat', 2: 'dog'}")
    with pytest.raises(WceError, match=r"(?m)^--classes opens '\[' and never closes it$"):
        read_names("--classes", "['cat', 'dog'")
    for empty in ("", " , ", "''"):
        with pytest.raises(WceError, match=r"^--classes is empty$"):
            read_names("--classes", empty)
