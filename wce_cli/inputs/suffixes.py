"""What the name of a file says: what reads it, by its suffix, and whether it is a pattern of several."""

from __future__ import annotations

import os
from pathlib import PurePath

STDIN = "-"
READERS = {
    ".json": "wce_cli.inputs.json:read_json",
    **dict.fromkeys((".ndjson", ".jsonl"), "wce_cli.inputs.ndjson:read_ndjson"),
}
"""The readers by suffix, each `path → documents`, imported when one is used."""
OTHERWISE = "wce_cli.inputs.text:read_text"
"""What reads stdin, and files of any other suffix and of none: JSON, or a print."""
TEXTS = (".txt", ".log", ".out")
"""What people save prints in."""
ARRAY_READERS = {
    ".npy": "wce_cli.inputs.npy:read_npy",
    ".npz": "wce_cli.inputs.npz:read_npz",
    ".safetensors": "wce_cli.inputs.safetensors:read_safetensors",
    **dict.fromkeys((".pt", ".pth", ".bin"), "wce_cli.inputs.torch:read_torch"),
}
"""The readers of arrays, each `path → Members`: read as far as they are asked for."""
TABLE_READERS = dict.fromkeys((".csv", ".tsv"), "wce_cli.inputs.csv:read_csv")
"""The readers of tables, each `path, label_column → Table`."""
NOT_READ = (
    ".pkl",
    ".pickle",
    ".joblib",
    ".h5",
    ".hdf5",
    ".parquet",
    ".feather",
    ".mat",
    ".xlsx",
    ".gz",
    ".zip",
    ".tar",
)
"""What people save arrays in that we do not read, and that nobody would save a JSON document in."""


def suffix_of(path: str) -> str:
    """What tells how a file is read: `.json`."""
    return PurePath(path).suffix.lower()


def is_array_file(path: str) -> bool:
    """Whether a file holds arrays or a table, by its name."""
    return suffix_of(path) in {**ARRAY_READERS, **TABLE_READERS}


def has_wildcard(path: str) -> bool:
    """Whether a path is a pattern of several files, `shards/*.npy`, and not the name of one."""
    return any(character in path for character in "*?[") and not os.path.exists(path)
