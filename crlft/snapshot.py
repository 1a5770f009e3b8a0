"""Reading training data: a snapshot's folder, or a JSONL file of conversations. Torch-free.

A snapshot is `data.parquet` beside `manifest.json`. Its column `conversation` holds the JSON text of
`Conversation.to_dict()` and is what counts; the other columns are for people. The manifest holds the classes
(`scheme`) and the content hash (`hash`). A plain file (`.jsonl`, `.jsonl.gz`) holds one such dictionary a
line and takes its classes from elsewhere.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crlft.condition import OPENCHAT_SCHEME, ClassScheme
from crlft.conversation import Conversation
from crlft.errors import DataError, SchemeError

DATA, MANIFEST = "data.parquet", "manifest.json"


def read_snapshot(path: Path | str, scheme: ClassScheme | None = None) -> tuple[ClassScheme, list[Conversation]]:
    """Return the classes and the conversations of a snapshot or a JSONL file.

    Args:
        path: A snapshot's folder or a `.jsonl`/`.jsonl.gz` file.
        scheme: The classes; required knowledge for plain files (default: OpenChat's two classes), and an
            override for snapshots.

    Raises:
        DataError: The path is missing, incomplete, unreadable, or holds no conversation.
    """
    path = Path(path)
    if path.is_dir():
        own, rows = _scheme_of(path), _parquet_rows(path)
    elif path.is_file():
        own, rows = OPENCHAT_SCHEME, _json_lines(path)
    else:
        raise DataError(f"{path}: no such snapshot or file", "make a snapshot first, or correct the path")
    conversations = [_conversation(row, where) for where, row in rows]
    if not conversations:
        raise DataError(f"{path}: holds no conversation", "snapshot a query that matches some")
    return scheme or own, conversations


def read_scheme(path: Path | str) -> ClassScheme:
    """Return the classes of a JSON file `{"classes": [{"name", "condition", "reward"}, …], "beta": …}`.

    Raises:
        SchemeError: The file is missing, is not JSON, or holds no valid scheme.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SchemeError(f"{path}: no such file", "name a JSON file with the classes") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SchemeError(f"{path}: not JSON ({error})", "write one object with a list `classes`") from error
    if not isinstance(data, dict):
        raise SchemeError(f"{path}: holds no object", "write one object with a list `classes`")
    return ClassScheme.from_dict(data)


def snapshot_hash(path: Path | str) -> str:
    """Return the content hash: the manifest's, or for a plain file that of its bytes (first 16 hex digits)."""
    path = Path(path)
    if path.is_dir():
        stated = _manifest(path).get("hash")
        if stated:
            return str(stated)
        path = path / DATA
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{folder}: no {MANIFEST}, so this is no snapshot", "name a snapshot's folder") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{folder / MANIFEST}: not JSON ({error})", "make the snapshot again") from error
    if not isinstance(data, dict):
        raise DataError(f"{folder / MANIFEST}: holds no object", "make the snapshot again")
    return data


def _scheme_of(folder: Path) -> ClassScheme:
    scheme = _manifest(folder).get("scheme")
    if not isinstance(scheme, dict):
        raise DataError(f"{folder / MANIFEST}: has no `scheme`", "make the snapshot again")
    return ClassScheme.from_dict(scheme)


def _parquet_rows(folder: Path) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder / DATA
    try:
        table = pq.ParquetFile(file)
        if "conversation" not in table.schema_arrow.names:
            raise DataError(f"{file}: has no column `conversation`", "make the snapshot again")
        number = 0
        for batch in table.iter_batches(columns=["conversation"]):
            for value in batch.column(0).to_pylist():
                number += 1
                yield f"{file}: row {number}", _parsed(value, f"{file}: row {number}")
    except FileNotFoundError:
        raise DataError(f"{folder}: no {DATA}", "make the snapshot again") from None
    except pa.ArrowException as error:
        raise DataError(f"{file}: cannot be read ({error})", "make the snapshot again") from error


def _json_lines(path: Path) -> Iterator[tuple[str, Any]]:
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as lines:
        try:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{path}:{number}", _parsed(line, f"{path}:{number}")
        except (UnicodeDecodeError, gzip.BadGzipFile) as error:
            raise DataError(f"{path}: not text ({error})", "give UTF-8 JSON lines") from error


def _parsed(text: Any, where: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, TypeError) as error:
        raise DataError(f"{where}: not JSON ({error})", 'write {"messages": […], "class": …} a line') from error


def _conversation(row: Any, where: str) -> Conversation:
    if not isinstance(row, dict):
        raise DataError(f"{where}: {type(row).__name__}, not an object", 'write {"messages": […]} a line')
    try:
        return Conversation.from_dict(row)
    except DataError as error:
        raise DataError(f"{where}: {error.message}", error.remedy) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{where}: a tool call cannot be read ({error!r})", "give name and arguments") from error
