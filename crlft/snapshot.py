"""Reading training data: a snapshot's folder, or conversations of any format and container. Torch-free.

A snapshot is `data.parquet` beside `manifest.json`. Its column `conversation` holds the JSON text of
`Conversation.to_dict()` and is what counts; the other columns are for people. The manifest holds the classes
(`scheme`) and the content hash (`hash`). Anything else that `crlft.formats` reads (a file, a folder, a glob, a hub
dataset as `hub:owner/name`) takes its classes from elsewhere, see `crlft.formats.conversations`.
"""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crlft.condition import OPENCHAT_SCHEME, ClassScheme
from crlft.conversation import Conversation
from crlft.errors import DataError, SchemeError
from crlft.formats.conversations import read_conversations
from crlft.formats.sources import find_files, is_hub_name

DATA, MANIFEST = "data.parquet", "manifest.json"


def read_snapshot(path: Path | str, scheme: ClassScheme | None = None) -> tuple[ClassScheme, list[Conversation]]:
    """Return the classes and the conversations of a snapshot, or of data in any format.

    Args:
        path: A snapshot's folder; or a file, a folder, a glob, or a hub dataset (`hub:owner/name[:split]`).
        scheme: The classes; required knowledge for other data than snapshots (default: OpenChat's two classes),
            and an override for snapshots.

    Raises:
        DataError: The path is missing, incomplete, unreadable, or holds no conversation; a row that cannot be read
            is named with its file and line.
    """
    if is_snapshot(path):
        folder = Path(path)
        own = _scheme_of(folder)
        conversations = [_conversation(row, where) for where, row in _parquet_rows(folder)]
    else:
        own = OPENCHAT_SCHEME
        conversations = list(read_conversations(_checked(path), scheme or own))
    if not conversations:
        raise DataError(f"{path}: holds no conversation", "snapshot a query that matches some")
    return scheme or own, conversations


def is_snapshot(path: Path | str) -> bool:
    """Return whether a path is a snapshot's folder: it has a manifest, or holds no other data."""
    folder = Path(path)
    if not folder.is_dir():
        return False
    try:
        return (folder / MANIFEST).exists() or not find_files([folder])
    except DataError:
        return True


def _checked(path: Path | str) -> Path | str:
    name = str(path)
    if not (is_hub_name(name) or glob.has_magic(name) or Path(name).exists()):
        raise DataError(f"{path}: no such snapshot or file", "make a snapshot first, or correct the path")
    return path


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Which class a value of a field stands for, for data that does not say its classes itself.

    Attributes:
        field: Name of the field: `source`, or one that the rows carry besides their texts.
        values: Value to class; `*` is any other value. Values of neither kind leave a conversation untagged.
    """

    field: str
    values: Mapping[str, str]

    def tag(self, conversation: Conversation) -> Conversation:
        """Return a conversation with its class; one that has a class already keeps it."""
        if conversation.class_name is not None:
            return conversation
        value = conversation.source if self.field == "source" else conversation.metadata.get(self.field)
        named = self.values.get(str(value)) if value is not None else None
        return replace(conversation, class_name=named or self.values.get("*"))


def read_data(path: Path | str, classes: Path | str = "") -> tuple[ClassScheme, list[Conversation]]:
    """Return the classes and the conversations of a snapshot or of data in any format.

    Args:
        path: See `read_snapshot`.
        classes: A JSON file with the classes, as `read_scheme` takes it; with `"field"` and `"values"` beside them
            (`{"field": "generator", "values": {"gpt-4": "expert", "*": "sub"}}`) it also tags the conversations.

    Raises:
        DataError: See `read_snapshot`.
        SchemeError: The file of classes cannot be used.
    """
    if not classes:
        return read_snapshot(path)
    scheme, conversations = read_snapshot(path, read_scheme(classes))
    table = _table(classes, scheme)
    return scheme, [table.tag(c) for c in conversations] if table else conversations


def _table(path: Path | str, scheme: ClassScheme) -> ClassTable | None:
    body = json.loads(Path(path).read_text(encoding="utf-8"))
    field, values = body.get("field"), body.get("values")
    if field is None and values is None:
        return None
    if not isinstance(field, str) or not isinstance(values, dict):
        raise SchemeError(
            f"{path}: `field` and `values` tag conversations only together",
            'write "field": "generator", "values": {"gpt-4": "expert", "*": "sub"}',
        )
    for value, name in values.items():
        if name not in scheme:
            raise SchemeError(
                f"{path}: {field} {value!r} stands for the class {name!r}, which is not among the classes",
                f"use one of {', '.join(c.name for c in scheme.classes)}",
            )
    return ClassTable(field, values)


def read_scheme(path: Path | str) -> ClassScheme:
    """Return the classes of a JSON file `{"classes": [{"name", "condition", "reward"}, …], "beta": …}`.

    Raises:
        SchemeError: The file is missing, is not JSON, or holds no valid scheme.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SchemeError(f"{path}: no such file", "name a JSON file with the classes") from None
    except OSError as error:  # a folder, or a file of somebody else's
        reason = error.strerror or str(error)
        raise SchemeError(f"{path}: cannot be read ({reason})", "name a JSON file with the classes") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SchemeError(f"{path}: not JSON ({error})", "write one object with a list `classes`") from error
    if not isinstance(data, dict):
        raise SchemeError(f"{path}: holds no object", "write one object with a list `classes`")
    try:
        return ClassScheme.from_dict(data)
    except SchemeError as error:
        raise SchemeError(f"{path}: {error.message}", error.remedy) from None


def classes_hash(scheme: ClassScheme, classes: Path | str = "") -> str:
    """Return a hash of the classes a run goes by, and of the table that tags by a field (first 16 hex digits)."""
    table = _table(classes, scheme) if classes else None
    body = [scheme.to_dict(), asdict(table) if table else None]
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def snapshot_hash(path: Path | str) -> str:
    """Return the content hash: the manifest's, or that of the files' bytes (first 16 hex digits).

    A hub dataset's is that of its name: what it holds is not known before it is read.
    """
    if is_snapshot(path):
        stated = _manifest(Path(path)).get("hash")
        if stated:
            return str(stated)
        path = Path(path) / DATA
    if is_hub_name(str(path)):
        return hashlib.sha256(str(path).encode()).hexdigest()[:16]
    files = find_files([path])
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as data:
            hashed = hashlib.file_digest(data, "sha256")
        if len(files) == 1:
            return hashed.hexdigest()[:16]
        digest.update(hashed.digest())
    return digest.hexdigest()[:16]


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
