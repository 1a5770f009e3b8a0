"""Signed texts and compared pairs of earlier searches, on disk: a search reads and compares what is new.

    FOLDER/PART-PARAMETERS/000001/    one block of signed texts: hashes.npy, signatures.npy, … , contents.npy
    FOLDER/PART-PARAMETERS/stamped.npz    which conversation, at which revision, has which content
    FOLDER/PART-PARAMETERS/compared.npz   the texts of the last search that met new ones, and its pairs

Texts go by the hash of their content, so edits, undo, and copies of the project need no care. Where a
conversation's stamp is known (its number, its revision and the hashes that the store holds of it), its text is not
even read. All of it can be deleted at any time; what cannot be read is deleted and made anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from workbench.curate.dedupe.corpus import Block, Gathered, NearSettings, tightened
from workbench.curate.dedupe.pairs import Compared
from workbench.curate.dedupe.shingles import Part

Contents = npt.NDArray[np.uint64]
"""(texts, 2), the hash of each one's content."""

VERSION = 1
"""Counted up when hashes, signatures or files mean something else."""
MOST_SEGMENTS = 24
"""From so many on, everything that is in use is written anew as one."""
_PAIRS = "compared.npz"
_STAMPS = "stamped.npz"
_LOGGER = logging.getLogger(__name__)
_BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


class Memory:
    """What earlier searches of one part with the same settings left.

    Attributes:
        folder: Where it lies.
        gathered: All signed texts; fresh ones are added behind them.
    """

    def __init__(self, root: Path, part: Part, settings: NearSettings) -> None:
        reading = asdict(settings.reading)
        numbers = [settings.bands, settings.rows, settings.seed, settings.huge]
        said = [VERSION, unicodedata.unidata_version, reading, numbers]
        name = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
        self.folder = root / f"{part}-{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.gathered = Gathered()
        contents = [np.empty((0, 2), dtype=np.uint64)]
        with self._locked():
            for segment in self._segments():
                try:
                    found = np.load(segment / "contents.npy")
                    block = Block(**{n: np.load(segment / f"{n}.npy") for n in Block.__dataclass_fields__})
                    if len(found) != len(block.seqs):
                        raise ValueError("lengths differ")
                except _BROKEN as error:
                    _LOGGER.warning("%s is damaged (%s): its texts are read again", segment, error)
                    shutil.rmtree(segment)
                    continue
                self.gathered.add(block)
                contents.append(found)
        self._contents = np.concatenate(contents)
        self._order = np.argsort(self._contents[:, 0], kind="stable")
        self._first = self._contents[self._order, 0]

    def __len__(self) -> int:
        return len(self._contents)

    def places(self, contents: Contents) -> npt.NDArray[np.int64]:
        """Return where each content stands among the signed texts, -1 for new ones."""
        if not len(self):
            return np.full(len(contents), -1, dtype=np.int64)
        near = np.minimum(np.searchsorted(self._first, contents[:, 0]), len(self) - 1)
        found = self._order[near]
        return np.where((self._contents[found] == contents).all(axis=1), found, -1)

    def contents_of(self, stamps: Contents) -> tuple[Contents, npt.NDArray[np.bool_]]:
        """Return the content of each stamp, and whether it is known."""
        held = self._read(_STAMPS, ("stamps", "contents"))
        if held is None or not len(held["stamps"]):
            return np.zeros_like(stamps), np.zeros(len(stamps), dtype=np.bool_)
        near = np.minimum(np.searchsorted(held["stamps"][:, 0], stamps[:, 0]), len(held["stamps"]) - 1)
        return held["contents"][near], (held["stamps"][near] == stamps).all(axis=1)

    def keep_stamps(self, stamps: Contents, contents: Contents) -> None:
        """Write the contents of the last search's conversations."""
        order = np.lexsort((stamps[:, 1], stamps[:, 0]))
        self._write(_STAMPS, {"stamps": stamps[order], "contents": contents[order]})

    def compared(self) -> Compared | None:
        """Return the texts and pairs of the last search that met new texts."""
        held = self._read(_PAIRS, ("keys", "left", "right", "scores", "floor", "huge"))
        if held is None:
            return None
        return Compared(
            held["keys"], held["left"], held["right"], held["scores"], float(held["floor"]), bool(held["huge"])
        )

    def _read(self, name: str, arrays: Sequence[str]) -> dict[str, npt.NDArray[Any]] | None:
        path = self.folder / name
        with self._locked():
            if not path.exists():
                return None
            try:
                with np.load(path) as held:
                    return {array: held[array] for array in arrays}
            except _BROKEN as error:
                _LOGGER.warning("%s is damaged (%s): it is made anew", path, error)
                path.unlink()
                return None

    def _write(self, name: str, arrays: Mapping[str, Any]) -> None:
        scratch = self.folder / f".{os.getpid()}.npz"
        try:
            with self._locked():
                np.savez(scratch, **arrays)
                scratch.replace(self.folder / name)
        except OSError as error:
            _LOGGER.warning("%s cannot be written (%s): the next search will take as long", self.folder, error)
        finally:
            scratch.unlink(missing_ok=True)

    def keep(self, fresh: Contents, used: npt.NDArray[np.int64], compared: Compared | None) -> None:
        """Write the fresh texts, the last ones of `gathered`, and what was compared.

        Where most of what lies here is not in use any more, or the segments are many, only what is used stays. A
        full disk costs time at the next search, not this one's outcome.

        Args:
            fresh: Contents of the fresh ones.
            used: Places of the texts that the search was about.
            compared: Its texts and pairs; None leaves the file as it is.
        """
        block = self.gathered.block()
        if compared is not None:
            self._write(_PAIRS, asdict(compared))
        try:
            with self._locked():
                if block is not None and len(fresh):
                    self._write_texts(block, np.concatenate((self._contents, fresh)), used)
        except OSError as error:
            _LOGGER.warning("%s cannot be written (%s): the next search will take as long", self.folder, error)

    def _write_texts(self, block: Block, contents: Contents, used: npt.NDArray[np.int64]) -> None:
        segments = self._segments()
        used = np.unique(used)
        number = int(segments[-1].name) + 1 if segments else 1
        old = len(self)
        if old and len(segments) < MOST_SEGMENTS and 2 * len(used) >= len(contents):
            chosen, segments = np.arange(old, len(contents)), []
        else:
            chosen = used
        part = tightened(block, chosen)
        scratch = self.folder / f".{number:06}.{os.getpid()}"
        try:
            scratch.mkdir()
            np.save(scratch / "contents.npy", contents[chosen])
            for name in Block.__dataclass_fields__:
                np.save(scratch / f"{name}.npy", getattr(part, name))
            scratch.rename(self.folder / f"{number:06}")
        finally:
            if scratch.exists():
                shutil.rmtree(scratch)
        for segment in segments:
            shutil.rmtree(segment)

    def _segments(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.name.isdigit())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with FileLock(self.folder / ".lock"):
            yield
