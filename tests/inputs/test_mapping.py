"""Mappings without JSON's quotes."""

from __future__ import annotations

import pytest

from wce_cli.errors import WceError
from wce_cli.inputs.inline import read_inline


def test_a_key_that_numpy_prints_with_its_type_is_that_index_or_name():
    text = "{np.int64(1): 1.0, np.int32(0): np.float64(0.1)}"
    assert read_inline("--weight", text).value == {"1": 1.0, "0": 0.1}
    assert read_inline("--weight", "{np.str_('b'): 1, np.str_('a'): 2}").value == {"b": 1, "a": 2}


@pytest.mark.parametrize("key", ["1.0", "True", "1e0", "np.float64(1.0)", "np.True_(1)", "np.bool_(True)"])
def test_a_key_that_is_neither_a_name_nor_an_index_is_refused(key):
    with pytest.raises(WceError):
        read_inline("--weight", f"{{{key}: 1.0, 0: 0.1}}")
    assert read_inline("--weight", f"{{'{key}': 1.0, '0': 0.1}}").value == {key: 1.0, "0": 0.1}
