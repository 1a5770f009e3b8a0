"""A full disk is called one, whichever writer met it and whatever that made of the system's word."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models

from crlft import failure
from crlft.errors import CrlftError, ModelError
from crlft.events import Events
from crlft.failure import explain
from crlft.runfolder import RunFolder, write_atomically
from crlft.worker import run_job
from workbench.domain.errors import ProjectError

FULL = Path("/dev/full")
linux = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def room(monkeypatch, *, of=lambda path: 10**12):
    """Let disks say how much is free, by their path."""
    monkeypatch.setattr(
        failure.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**12, 0, of(Path(path)))
    )


def raised(work) -> BaseException:
    with pytest.raises(Exception) as caught:
        work()
    return caught.value


def torch_saves() -> None:
    torch.save({"a": torch.zeros(200_000)}, FULL)


def tokenizers_save() -> None:
    Tokenizer(models.WordLevel({f"w{i}": i for i in range(9000)}, unk_token="w0")).save(str(FULL))


def json_writes() -> None:
    with FULL.open("w", encoding="utf-8") as file:
        file.write("x" * 100_000)


@linux
@pytest.mark.parametrize("write", [torch_saves, tokenizers_save, json_writes])
def test_what_the_writers_really_raise(write, monkeypatch, tmp_path):
    room(monkeypatch)  # what was half written is taken back before anybody looks: the room says nothing
    found = explain(raised(write), tmp_path)
    assert found.kind == "disk-full", found
    assert "free some space" in found.remedy


def safetensors_refuses() -> None:
    raise safetensors.SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def torch_loses_its_first_word() -> None:
    try:
        raise RuntimeError("basic_ios::clear: iostream error")
    except RuntimeError:
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 640 vs 598")  # noqa: B904


def a_library_tells_its_own_story() -> None:
    try:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")
    except OSError as error:
        raise ModelError("the tokenizer cannot be written", "look at it") from error


def a_cleanup_fails_too() -> None:
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    except OSError:
        raise KeyError("scratch")  # noqa: B904


def sqlite_refuses() -> None:
    raise ProjectError("the store cannot be written: database or disk is full", "make room")


@pytest.mark.parametrize(
    "work",
    [
        safetensors_refuses, torch_loses_its_first_word, a_library_tells_its_own_story, a_cleanup_fails_too,
        sqlite_refuses,
    ],
)  # fmt: skip
def test_the_reason_is_found_behind_what_was_raised_last(work, monkeypatch, tmp_path):
    room(monkeypatch)
    assert explain(raised(work), tmp_path).kind == "disk-full"
    assert explain(raised(work)).kind == "disk-full"


@pytest.mark.parametrize(
    "error",
    [
        OSError("200000 requested and 496 written"),
        OSError(errno.EIO, "Input/output error"),
        RuntimeError("(sqlite3.OperationalError) disk I/O error"),
        ValueError("error while writing the archive"),
    ],
)
def test_a_writer_without_a_reason_is_believed_where_no_room_is_left(error, monkeypatch, tmp_path):
    room(monkeypatch)
    assert explain(error, tmp_path).kind == "error", "there is room: it is something else"
    room(monkeypatch, of=lambda path: 4096)
    assert explain(error, tmp_path).kind == "disk-full"
    assert explain(error).kind == "error", "no disk was named"


@pytest.mark.parametrize("error", [ValueError("nobody foresaw this"), OSError(errno.ENOENT, "No such file")])
def test_a_full_disk_does_not_take_the_blame_for_everything(error, monkeypatch, tmp_path):
    room(monkeypatch, of=lambda path: 0)
    assert explain(error, tmp_path).kind == "error"


def test_a_reason_that_was_hidden_stays_hidden():
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    except OSError:
        error = raised(lambda: (_ for _ in ()).throw(ValueError("odd")))
    error.__suppress_context__ = True
    assert explain(error).kind == "error"


def test_the_folder_for_temporary_files_is_named_where_that_is_full(monkeypatch, tmp_path):
    monkeypatch.setattr(failure.tempfile, "gettempdir", lambda: "/scratch")
    room(monkeypatch, of=lambda path: 0 if path == Path("/scratch") else 10**12)
    assert "/scratch" in explain(OSError(errno.ENOSPC, "x"), tmp_path).remedy
    room(monkeypatch, of=lambda path: 0)
    assert explain(OSError(errno.ENOSPC, "x"), tmp_path).remedy == "free some space, then resume the run"


class ShortFile:
    """A file on a disk that has room for ten bytes more."""

    def __init__(self, file) -> None:
        self.file = file

    def __enter__(self):
        self.file.__enter__()
        return self

    def __exit__(self, *what):
        return self.file.__exit__(*what)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, data):
        return self.file.write(data[:10])


def test_half_an_event_is_taken_back(tmp_path, monkeypatch):
    run = RunFolder(tmp_path)
    run.emit("step", step=1)
    opened = Path.open
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda self, *a, **k: ShortFile(opened(self, *a, **k)))
        error = raised(lambda: run.emit("step", step=2))
    assert explain(error).kind == "disk-full"
    run.emit("step", step=2)
    assert [e["step"] for e in run.read_events()[0]] == [1, 2]
    assert run.events_path.read_bytes().count(b"\n") == 2


def test_the_last_word_needs_no_room(tmp_path, monkeypatch):
    run = RunFolder(tmp_path)
    run.keep_room()
    kept = (tmp_path / "last-word").stat().st_ino

    def refuse(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("crlft.runfolder.write_atomically", refuse)
    run.mark("failed", error="the disk is full", kind="disk-full")
    assert [p.name for p in tmp_path.iterdir()] == ["failed.json"]
    assert (tmp_path / "failed.json").stat().st_ino == kept
    assert run.marker()[1]["kind"] == "disk-full"
    assert len((tmp_path / "failed.json").read_bytes()) < 200


def test_a_word_of_any_length_is_written_whole_without_kept_room_too(tmp_path):
    run = RunFolder(tmp_path)
    run.keep_room()
    run.mark("failed", error="x" * 100_000)
    assert len(run.marker()[1]["error"]) == 100_000
    run.mark("stopped", step=3)
    assert run.marker()[:1] == ("stopped",)
    assert [p.name for p in tmp_path.iterdir()] == ["stopped.json"]


def test_a_job_that_meets_it_says_so(tmp_path):
    def work(events: Events) -> int:
        write_atomically(tmp_path / "part.json", json.dumps([1]))
        np.save(tmp_path / "vectors.npy", np.zeros(3))
        save_file({"a": np.zeros(3, np.float32)}, tmp_path / "m.safetensors")
        torch_loses_its_first_word()
        return 0

    with pytest.raises(CrlftError, match="the disk is full"):
        run_job(tmp_path, work)
    assert RunFolder(tmp_path).marker()[1]["kind"] == "disk-full"
    assert not (tmp_path / "last-word").exists()
