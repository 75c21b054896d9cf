"""What the system takes away in the middle: an interrupt, the disk, memory."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.run import ROOT, spawn

WCE = [sys.executable, "-m", "wce_cli"]


def sparse(path: Path, rows: int, columns: int) -> Path:
    """A float32 `.npy` of zeros that takes no room."""
    with open(path, "wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (rows, columns)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 4 * rows * columns)
    return path


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in found.read_text().split()] if found.exists() else []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at /proc")
@pytest.mark.parametrize("to_group", [True, False], ids=["the terminal's group", "the process alone"])
def test_an_interrupt_in_the_middle_of_a_pass_leaves_no_process_and_no_file(tmp_path, to_group):
    sparse(tmp_path / "x.npy", 40_000_000, 50)  # 8 GB: many seconds of work
    np.save(tmp_path / "y.npy", np.zeros(40_000_000, dtype=np.uint8))
    (tmp_path / "out.json").write_text("before")
    arguments = [
        "explain",
        "--logits",
        "x.npy",
        "--labels",
        "y.npy",
        "--engine",
        "none",
        "-f",
        "json",
        "-o",
        "out.json",
    ]
    process = subprocess.Popen(
        [*WCE, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        started = time.monotonic()
        while not (workers := children(process.pid)) and time.monotonic() - started < 60 and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
        assert process.poll() is None, process.communicate()
        (os.killpg if to_group else os.kill)(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert out == b""
    assert b"Traceback" not in err
    assert (tmp_path / "out.json").read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["out.json", "x.npy", "y.npy"]
    ended = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < ended:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


@pytest.mark.parametrize("option", ["--output", "--save", "--totals-out"])
def test_a_file_beyond_the_limit_is_one_line_and_the_old_one_stays(tmp_path, option):
    """RLIMIT_FSIZE stands for a full disk: the write fails half-way."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "b.npz", logits=rng.normal(size=(200, 30)), labels=rng.integers(0, 30, 200))
    target = tmp_path / "out.json"
    target.write_text("before")
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600));"
        "from wce_cli.cli.app import main; sys.exit(main(sys.argv[1:]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "explain", str(tmp_path / "b.npz"), "--engine", "none", option, str(target)],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
    )
    assert ran.returncode == 2
    assert "cannot be written: file too large" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert target.read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["b.npz", "out.json"]


def test_a_full_file_system_is_one_line_and_the_old_file_stays(tmp_path):
    """A real one of 64 kB, where it may be mounted."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        (small / "out.json").write_text("before")
        rng = np.random.default_rng(0)
        np.savez(tmp_path / "b.npz", logits=rng.normal(size=(500, 30)), labels=rng.integers(0, 30, 500))
        ran = spawn("explain", str(tmp_path / "b.npz"), "--engine", "none", "-f", "json", "-o", str(small / "out.json"))
        assert ran.code == 2
        assert "no space left on device" in ran.err
        assert (small / "out.json").read_text() == "before"
        assert os.listdir(small) == ["out.json"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


CLASSES = "logits has {} classes, more than 16777216: sums by class would fill the memory"


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((0, 10**12), CLASSES.format(10**12)),
        ((0, (1 << 24) + 1), CLASSES.format((1 << 24) + 1)),
        ((1, 10**12), "x.npy is cut off: (1, 1000000000000) float32 is 4000000000000 bytes, and 0 follow the header"),
        ((10**12, 0), "logits has shape (1000000000000, 0): no classes"),
    ],
)
def test_a_header_with_an_absurd_shape_takes_no_memory(tmp_path, shape, said):
    with open(tmp_path / "x.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    np.save(tmp_path / "y.npy", np.zeros(shape[0] if shape[0] < 10 else 1, dtype=np.int64))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

    ran = subprocess.run(
        [*WCE, "explain", "--logits", "x.npy", "--labels", "y.npy", "--engine", "none"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        preexec_fn=limit,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[0] == f"error: {said}"
    assert ran.stderr.count("\n") <= 5
