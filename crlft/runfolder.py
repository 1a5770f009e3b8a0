"""A run's folder: the only way back from a worker process to whoever started it. Torch-free.

    config.json     what the run was asked to do, resolved (training runs)
    request.json    what the job was asked to do (generation, embedding)
    job.json        written by whoever started the process: command, pid, start time
    log.txt         standard output and error
    events.jsonl    append-only, one JSON object a line: {"time": …, "event": …, …}
    checkpoints/    step-00000100/ …, each complete or absent
    model/          the finished model
    stop.request    somebody asks the worker to save and stop
    last-word       room kept for the file below: a full disk must not keep a run from saying so
    done.json, stopped.json, failed.json    how it ended; at most one of them
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Marker = Literal["done", "stopped", "failed"]
KEPT_BYTES = 64 * 1024
MARKERS: tuple[Marker, ...] = ("done", "stopped", "failed")


def write_atomically(path: Path, text: str) -> None:
    """Write a small text file so that a reader sees the old one or the new one, never half of it."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Reads and writes a run's folder.

    Attributes:
        path: The folder; it exists.
    """

    path: Path

    @property
    def events_path(self) -> Path:
        """The event log."""
        return self.path / "events.jsonl"

    @property
    def log_path(self) -> Path:
        """The worker's standard output and error."""
        return self.path / "log.txt"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """The finished model's folder."""
        return self.path / "model"

    def emit(self, event: str, **fields: Any) -> None:
        """Append one event. One write call on a file opened for appending: concurrent lines do not mix.

        Raises:
            OSError: The disk is full; half a line is taken back.
        """
        line = json.dumps({"time": time.time(), "event": event, **fields}, ensure_ascii=False) + "\n"
        data = line.encode()
        with self.events_path.open("ab", buffering=0) as file:
            written = file.write(data)
            if written < len(data):  # the system says how much, not why
                file.truncate(file.tell() - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.events_path))

    def read_events(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Return the events behind a byte offset and the offset to go on from; half a line waits."""
        try:
            with self.events_path.open("rb") as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return [], offset
        end = data.rfind(b"\n") + 1
        events = []
        for line in data[:end].splitlines():
            try:
                events.append(json.loads(line))
            except json.JSONDecodeError:
                continue  # a line cut by a full disk or a power loss; the ones behind it are whole
        return events, offset + end

    def log_tail(self, lines: int = 40) -> str:
        """Return the end of the log; at most 64 kB are read."""
        try:
            with self.log_path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - 65536))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        # Progress bars redraw their line with carriage returns; only the last state matters.
        shown = [line.rsplit("\r", 1)[-1] for line in text.split("\n")]
        return "\n".join(shown[-lines:]).strip("\n")

    def mark(self, marker: Marker, **fields: Any) -> None:
        """Say how the run ended; clears any earlier marker."""
        body = json.dumps({"time": time.time(), **fields}, ensure_ascii=False, indent=1) + "\n"
        self.clear_markers()
        target = self.path / f"{marker}.json"
        if not self._write_into_kept_room(body.encode(), target):
            self._kept_room.unlink(missing_ok=True)
            write_atomically(target, body)

    def keep_room(self) -> None:
        """Take the room that `mark` will need.

        Raises:
            OSError: The disk is full.
        """
        self._kept_room.write_bytes(b"\0" * KEPT_BYTES)

    def _write_into_kept_room(self, data: bytes, target: Path) -> bool:
        """Write over the room that was kept and give it its name: a full disk is asked for nothing."""
        try:
            with self._kept_room.open("r+b") as file:
                file.write(data)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError:  # none was kept, or this file system writes nothing in its place
            return False
        self._kept_room.replace(target)
        return True

    @property
    def _kept_room(self) -> Path:
        return self.path / "last-word"

    def marker(self) -> tuple[Marker, dict[str, Any]] | None:
        """Return how the run ended, or None while it has not."""
        for name in MARKERS:
            try:
                return name, json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue
        return None

    def clear_markers(self) -> None:
        """Forget how an earlier start ended, and any stop request meant for it."""
        for name in MARKERS:
            (self.path / f"{name}.json").unlink(missing_ok=True)
        self.stop_request.unlink(missing_ok=True)

    @property
    def stop_request(self) -> Path:
        """The file whose presence asks the worker to save and stop."""
        return self.path / "stop.request"

    def request_stop(self) -> None:
        """Ask the worker to save at the end of its step and stop."""
        self.stop_request.touch()

    def stop_requested(self) -> bool:
        """Whether somebody asked the worker to stop."""
        return self.stop_request.exists()

    def read_json(self, name: str) -> Mapping[str, Any] | None:
        """Return a JSON file of the folder, or None where it is absent."""
        try:
            data = json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return data if isinstance(data, dict) else None

    def write_json(self, name: str, body: Mapping[str, Any]) -> None:
        """Write a JSON file of the folder atomically."""
        write_atomically(self.path / name, json.dumps(body, ensure_ascii=False, indent=1) + "\n")
