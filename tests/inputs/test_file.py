"""Files read at offsets: what is no file, what changes, who shares one."""

from __future__ import annotations

import os
import pickle
import socket
import threading

import pytest

from wce_cli.errors import WceError
from wce_cli.inputs.file import OPEN_AT_ONCE, File

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.bin").write_bytes(CONTENT)
    return "a.bin"


def said_of(path: str) -> list[str]:
    with pytest.raises(WceError) as caught:
        File(path, "a .npy file")
    return caught.value.lines()


def test_it_is_read_at_any_offset_and_no_further_than_its_end(path):
    file = File(path, "a file")
    assert file.size == len(CONTENT)
    assert file.head(10) == CONTENT[:10]
    assert file.head(10, 500) == CONTENT[500:510]
    assert file.head(10, 1020) == CONTENT[1020:]
    assert file.head(10, 5000) == b""


def test_what_is_no_file_is_refused_without_opening_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hint = "hint: save it to a file: arrays are read at offsets"
    os.mkfifo("pipe")
    assert said_of("pipe") == ["error: pipe is a pipe, expected a .npy file", hint]  # opening it would wait for ever
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("door")
        assert said_of("door") == ["error: door is a socket, expected a .npy file", hint]
    assert said_of("/dev/null") == ["error: /dev/null is a device, expected a .npy file", hint]
    assert said_of(".") == ["error: . is a directory, expected a .npy file"]


def test_what_is_not_there_or_empty_or_has_no_name_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").touch()
    assert said_of("empty") == ["error: empty is empty, expected a .npy file"]
    assert said_of("nowhere") == ["error: nowhere does not exist"]
    assert said_of("x" * 300) == [f"error: {'x' * 300} cannot be read: file name too long"]
    assert said_of("a\0b") == ["error: a\0b cannot be read: embedded null byte"]


def test_a_file_that_may_not_be_read_is_named(path, monkeypatch):
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # whoever runs the tests may read everything
    with pytest.raises(WceError, match=r"^a\.bin cannot be read: permission denied$"):
        File(path, "a file").head(1)


@pytest.mark.parametrize("opened_before", [True, False])
def test_a_file_that_shrinks_or_grows_is_noticed(path, opened_before):
    file = File(path, "a file")
    if opened_before:
        file.head(1)
    for size in (100, 2000):
        os.truncate(path, size)
        for read in (lambda: file.head(10, 500), file.unchanged):
            with pytest.raises(WceError) as caught:
                read()
            assert caught.value.lines() == [
                f"error: a.bin changed while it was read: it had 1024 bytes, and now has {size}",
                "hint: wait until nothing writes to it",
            ]


def test_a_file_that_was_written_anew_is_noticed_at_the_same_size(path):
    file = File(path, "a file")
    file.head(1)
    os.utime(path, ns=(1, 1))
    with pytest.raises(WceError, match=r"(?m)^a\.bin changed while it was read$"):
        file.head(1)


def test_bytes_that_are_not_there_although_nothing_changed_are_an_error(path):
    with pytest.raises(WceError, match=r"^a\.bin is cut off: byte 1030 was asked for, and it has 1024$"):
        File(path, "a file").fill(1020, memoryview(bytearray(10)))


def test_a_file_that_is_gone_is_named_if_it_must_be_opened_again(path):
    file = File(path, "a file")
    file.head(1)
    os.remove(path)
    assert file.head(1) == b"\0"  # still open: the bytes are the right ones
    with pytest.raises(WceError, match=r"^a\.bin cannot be read: no such file or directory$"):
        pickle.loads(pickle.dumps(file)).head(1)


def test_few_files_are_open_at_a_time_and_none_when_they_are_forgotten(tmp_path):
    def n_open() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = n_open()
    files = []
    for n in range(3 * OPEN_AT_ONCE):
        (tmp_path / str(n)).write_bytes(bytes([n]))
        files.append(File(str(tmp_path / str(n)), "a file"))
    for _ in range(2):
        assert [file.head(1) for file in files] == [bytes([n]) for n in range(len(files))]
        assert n_open() <= before + OPEN_AT_ONCE
    del files
    assert n_open() <= before


@pytest.mark.parametrize("preadv", [True, False])
def test_threads_share_a_file(path, preadv, monkeypatch):
    if not preadv:
        monkeypatch.delattr(os, "preadv", raising=False)
    file = File(path, "a file")
    wrong = []

    def read(offset: int) -> None:
        wrong.extend(n for n in range(300) if file.head(16, offset + n) != CONTENT[offset + n : offset + n + 16])

    threads = [threading.Thread(target=read, args=(offset,)) for offset in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_forked_worker_shares_a_file(path):
    file = File(path, "a file")
    file.head(1)
    child = os.fork()
    if not child:
        os._exit(0 if all(file.head(7, n) == CONTENT[n : n + 7] for n in range(500)) else 1)
    assert all(file.head(9, n) == CONTENT[n : n + 9] for n in range(500))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
