"""From what a person names to files: folders, globs, `datasets` folders on disk, and datasets of the hub.

for path in find_files(["dumps/", "more/*.jsonl.gz"]):
    with open_rows(path) as rows: ...
with open_hub("hub:owner/name:train") as rows: ...
"""

from __future__ import annotations

import glob
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crlft.errors import DataError
from crlft.formats.rawrow import RawRow, row_of_value

_DATA = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".tab", ".parquet", ".arrow", ".feather")
_PACKED = (".gz", ".zst")
_NO_DATA = frozenset(
    {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "manifest.json"}
)
_HUB_NAME = re.compile(r"hub:(?P<name>[\w.-]+(?:/[\w.-]+)?)(?::(?P<split>[\w.\[\]:%+-]+))?\Z")


def find_files(names: Sequence[Path | str]) -> list[Path]:
    """Return the files that names of files, folders and globs mean, each once, folders' files sorted by name.

    A folder gives its data files, also those of folders inside (a `datasets` folder as `save_to_disk` or a hub
    checkout has it, or a snapshot); hidden ones, cards and descriptions of datasets are left aside.

    Raises:
        DataError: A name means nothing.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if _is_data(p, path)]
            if not inside:
                remedy = f"files whose names end with {', '.join(_DATA)} are looked for"
                raise DataError(f"{path} holds no data file", remedy)
            found += inside
        elif path.exists() or not glob.has_magic(str(name)):
            found.append(path)
        else:
            # Path.glob takes no absolute patterns.
            matching = [Path(p) for p in sorted(glob.glob(str(path), recursive=True)) if Path(p).is_file()]  # noqa: PTH207
            if not matching:
                raise DataError(f"no file matches {str(name)!r}", "check the pattern")
            found += matching
    return list(dict.fromkeys(found))


def _is_data(path: Path, folder: Path) -> bool:
    inside = path.relative_to(folder)
    if path.name in _NO_DATA or any(part.startswith(".") for part in inside.parts) or not path.is_file():
        return False
    name = Path(path.stem) if path.suffix in _PACKED else path
    return name.suffix.lower() in _DATA and not path.name.startswith("cache-")


def is_hub_name(name: str) -> bool:
    """Return whether a name means a dataset of the hub."""
    return _HUB_NAME.match(name) is not None


Loader = Callable[..., Iterable[Any]]
"""`datasets.load_dataset`, or what stands in for it."""


class HubRows:
    """The rows of a hub dataset, streamed; an interface like an open file's.

    Attributes:
        path: The dataset's name and split.
        container: `hub dataset`.
    """

    def __init__(self, path: Path, rows: Iterable[Any]) -> None:
        self.path, self.container = path, "hub dataset"
        self._rows = rows
        self._read = 0

    @property
    def bytes_read(self) -> int:
        """Rows read: the size of a hub dataset is not known."""
        return self._read

    def __enter__(self) -> HubRows:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing to close."""

    def __iter__(self) -> Iterator[RawRow]:
        try:
            for value in self._rows:
                self._read += 1
                held = {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
                yield row_of_value(self._read, held)
        except (OSError, ValueError, RuntimeError) as error:
            reason = f"the download broke off after row {self._read}: {error}"
            yield RawRow(self._read + 1, None, b"", reason)


def open_hub(name: str, *, loader: Loader | None = None) -> HubRows:
    """Open a dataset of the hub, or a folder that `datasets` can load, for streaming.

    Args:
        name: `hub:owner/name`, with `:split` behind it for another split than `train`.
        loader: Instead of `datasets.load_dataset`.

    Raises:
        DataError: The name is none, or the dataset cannot be opened; with the remedy.
    """
    match = _HUB_NAME.match(name)
    if match is None:
        raise DataError(f"{name!r} is no hub dataset", "write hub:owner/name, or hub:owner/name:split")
    split = match["split"] or "train"
    if loader is None:
        import datasets

        loader = datasets.load_dataset
    said_by = logging.getLogger("huggingface_hub")
    level = said_by.level
    said_by.setLevel(logging.ERROR)  # each of its attempts is a warning; what it comes to is said once, here
    try:
        rows = loader(match["name"], split=split, streaming=True)
    except (OSError, ValueError, RuntimeError) as error:
        said = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        remedy = "check the name, the split and the connection, or download it and name the folder"
        where = f"the hub dataset {match['name']} (split {split})"
        raise DataError(f"{where} cannot be opened: {said}", remedy) from error
    finally:
        said_by.setLevel(level)
    return HubRows(Path(f"{match['name']}:{split}"), rows)
