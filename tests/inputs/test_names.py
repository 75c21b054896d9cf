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
    ],
)
def test_names_are_split_at_commas_or_else_at_spaces(text, names):
    assert read_names("--classes", text) == names


def test_names_are_strings():
    with pytest.raises(WceError, match=r"^--classes must be a list of names$"):
        read_names("--classes", "[1, 2]")
