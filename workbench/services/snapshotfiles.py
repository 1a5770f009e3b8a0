"""A snapshot's folder: `data.parquet` and `manifest.json`, written aside, moved into place whole, never changed.

Where prompts have near-duplicates, `prompt_groups.json` says which stand together (`crlft.promptgroups`).

The column `conversation` holds the JSON text of `Conversation.to_dict()` and is what training reads; the other
columns are for people and for other tools. Rows stand in the order of their ids, so equal data gives equal files.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.promptgroups import GROUPS
from crlft.runfolder import write_atomically
from workbench.curate.text import measure
from workbench.domain.errors import ProjectError
from workbench.domain.record import Record
from workbench.store import jsontext

DATA, MANIFEST = "data.parquet", "manifest.json"

ROWS_PER_GROUP = 2000

_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])

SCHEMA = pa.schema(
    [
        ("uid", pa.string()),
        ("conversation", pa.string()),
        ("messages", pa.list_(_MESSAGE)),
        ("class", pa.string()),
        ("condition", pa.string()),
        ("reward", pa.float64()),
        ("loss_weight", pa.float32()),
        ("status", pa.string()),
        ("source", pa.string()),
        ("language", pa.string()),
        ("round", pa.int32()),
        ("n_tokens", pa.int32()),
        ("supervised_tokens", pa.int32()),
        ("prompt_hash", pa.string()),
    ]
)


def content_hash(rows: Iterable[tuple[str, str]], scheme: ClassScheme) -> str:
    """Return the SHA-256 of a dataset: its classes and its conversations, whatever their order.

    Args:
        rows: Pairs of id and conversation as canonical JSON, sorted by id.
        scheme: The classes.
    """
    digest = hashlib.sha256(jsontext.canonical(scheme.to_dict()).encode())
    for uid, text in rows:
        digest.update(f"\n{uid}\t{text}".encode())
    return digest.hexdigest()


def write_data(
    path: Path,
    records: Iterable[Record],
    scheme: ClassScheme,
    on_row: Callable[[], None] | None = None,
) -> str:
    """Write `data.parquet` in row groups, so that memory does not grow with the data; return the content hash.

    Args:
        path: The file.
        records: Tagged conversations, sorted by uid.
        scheme: The classes.
        on_row: Called for every conversation.

    Raises:
        SchemeError: A conversation's class is unknown, or its weight is not finite.
    """
    source = iter(records)

    def written() -> Iterator[tuple[str, str]]:
        with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
            while group := [_row(record, scheme) for record in islice(source, ROWS_PER_GROUP)]:
                writer.write_table(pa.Table.from_pylist([row for row, _ in group], schema=SCHEMA))
                for row, canonical in group:
                    yield row["uid"], canonical
                    if on_row:
                        on_row()

    return content_hash(written(), scheme)


def _row(record: Record, scheme: ClassScheme) -> tuple[dict[str, Any], str]:
    conversation = record.conversation
    name = conversation.class_name or ""
    body = conversation.to_dict()
    own = conversation.coarse_reward
    row = {
        "uid": record.uid,
        "conversation": jsontext.dump(body),
        "messages": [{"role": t.role, "content": jsontext.storable(t.content)} for t in conversation.turns],
        "class": name,
        "condition": scheme[name].condition,
        "reward": scheme[name].reward if own is None else own,
        "loss_weight": _mean_weight(record, scheme),
        "status": record.status,
        "source": conversation.source,
        "language": conversation.language,
        "round": record.round,
        "n_tokens": record.n_tokens,
        "supervised_tokens": record.supervised_tokens,
        "prompt_hash": record.prompt_hash,
    }
    return row, jsontext.canonical(body)


def _mean_weight(record: Record, scheme: ClassScheme) -> float:
    """Return the mean weight of a conversation's supervised tokens; answers may have rewards of their own."""
    conversation = record.conversation
    name, tokens = conversation.class_name or "", record.supervised_tokens
    weight = scheme.loss_weight(name, conversation.coarse_reward)
    if not tokens or all(turn.reward is None for turn in conversation.turns):
        return weight
    own = measure(conversation).turn_rewards
    return weight + sum(n * (scheme.loss_weight(name, reward) - weight) for _, reward, n in own) / tokens


def write_prompt_groups(folder: Path, groups: Mapping[str, str]) -> None:
    """Write which prompts have near-duplicates, if any: they are held out together or not at all."""
    if groups:
        write_atomically(folder / GROUPS, json.dumps({"groups": dict(sorted(groups.items()))}, indent=0))


def iterate_conversations(folder: Path) -> Iterator[Conversation]:
    """Yield a snapshot's conversations, a row group in memory at a time."""
    file = pq.ParquetFile(folder / DATA)
    for batch in file.iter_batches(ROWS_PER_GROUP, columns=["conversation"]):
        for text in batch.column(0).to_pylist():
            yield Conversation.from_dict(jsontext.load(text))


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write `manifest.json`."""
    write_atomically(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return a snapshot's manifest, or None where the folder is no whole snapshot."""
    try:
        data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    whole = isinstance(data, dict) and (folder / DATA).is_file()
    return data if whole else None


@contextmanager
def scratch_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to write to; it is removed if it was not moved into place.

    Raises:
        ProjectError: The disk is full or cannot be written.
    """
    scratch = target.with_name(f".{target.name}.{os.getpid()}.making")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir(parents=True)
        yield scratch
    except OSError as error:
        raise ProjectError(
            f"{target} could not be written: {error.strerror or error}",
            "make room on the disk, or check that the folder can be written, and try again",
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def seal(scratch: Path, target: Path) -> None:
    """Make the files read-only and move the folder into place."""
    for file in scratch.iterdir():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
        file.chmod(0o444)
    scratch.rename(target)
