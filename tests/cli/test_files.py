"""Files are written all or none, and a failed run leaves the old ones."""

from __future__ import annotations

import os
import stat

import pytest

from wce_cli.cli.files import same_file, written
from wce_cli.errors import WceError


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_all_are_there_inside_and_afterwards_and_nothing_else_is(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("before", "utf-8")
    old.chmod(0o640)
    with written([(str(old), "Σ\n"), (str(new), "b")]):
        assert (old.read_text("utf-8"), new.read_text("utf-8")) == ("Σ\n", "b")
    assert old.read_bytes() == "Σ\n".encode()
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert names(tmp_path) == ["new", "old"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), WceError([])])
@pytest.mark.parametrize("has_links", [True, False])
def test_what_fails_inside_puts_the_old_files_back(tmp_path, monkeypatch, error, has_links):
    if not has_links:
        monkeypatch.setattr(os, "link", lambda *paths: (_ for _ in ()).throw(PermissionError(1, "not permitted")))
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("before", "utf-8")
    old.chmod(0o640)
    with pytest.raises(type(error)), written([(str(old), "a"), (str(new), "b")]):
        raise error
    assert old.read_text("utf-8") == "before"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert names(tmp_path) == ["old"]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_rename_that_fails_takes_the_earlier_ones_back(tmp_path, monkeypatch, failing):
    files = [tmp_path / name for name in "abc"]
    files[0].write_text("old a", "utf-8")
    files[2].write_text("old c", "utf-8")
    replace = os.replace

    def fail(source: str, target: str) -> None:
        if target == str(files[failing]) and not source.endswith(".old"):
            raise OSError(1, "Operation not permitted")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(WceError) as caught, written([(str(file), "new") for file in files]):
        pytest.fail("nothing may go on")
    assert caught.value.args[0] == f"{files[failing]} cannot be written: operation not permitted"
    assert (files[0].read_text("utf-8"), files[2].read_text("utf-8")) == ("old a", "old c")
    assert names(tmp_path) == ["a", "c"]


@pytest.mark.parametrize("bad", ["folder", "no/such/file"])
def test_one_that_cannot_be_written_leaves_the_others_alone(tmp_path, bad):
    (tmp_path / "folder").mkdir()
    old = tmp_path / "old"
    old.write_text("before", "utf-8")
    with pytest.raises(WceError), written([(str(old), "a"), (str(tmp_path / bad), "b")]):
        pytest.fail("nothing may go on")
    assert old.read_text("utf-8") == "before"
    assert names(tmp_path) == ["folder", "old"]


def test_a_pipe_is_opened_once_and_not_replaced(tmp_path):
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    with written([(str(pipe), "whole")]):
        pass
    reader.join(timeout=10)
    assert read == ["whole"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_two_names_of_one_file_are_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("file")
    assert same_file("file", "./file")
    assert same_file("file", str(tmp_path / "link"))
    assert not same_file("file", "file2")
