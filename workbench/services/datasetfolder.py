"""A folder that `datasets.load_dataset(FOLDER)` reads: Parquet and a dataset card.

    FOLDER/README.md            YAML header; composition, classes and rewards, decisions
    FOLDER/data/PART.parquet    id, messages, class, condition, reward, loss_weight, source, language, conversation

`messages` is the usual list of roles and contents; `conversation` is the JSON text that holds everything.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crlft.condition import ClassScheme
from crlft.conversation import Conversation

DATASETS = "datasets"
"""The format's name."""

_BATCH = 2000
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("class", pa.string()),
        ("condition", pa.string()),
        ("reward", pa.float64()),
        ("loss_weight", pa.float32()),
        ("source", pa.string()),
        ("language", pa.string()),
        ("conversation", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Card:
    """What a dataset card says besides the figures.

    Attributes:
        title: The dataset's name.
        license: SPDX name in lower case, or `other`.
        decisions: What was done to get here, one sentence each, oldest first.
    """

    title: str
    license: str = "other"
    decisions: tuple[str, ...] = ()


@dataclass(slots=True)
class _Figures:
    rows: int = 0
    turns: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    parts: dict[str, int] = field(default_factory=dict)

    def count(self, conversation: Conversation) -> None:
        self.rows += 1
        self.turns += len(conversation.turns)
        self.classes[conversation.class_name or ""] += 1
        self.sources[conversation.source] += 1
        self.languages[conversation.language] += 1


def write_folder(
    parts: Mapping[str, Iterator[Conversation]], scheme: ClassScheme, out: Path, card: Card
) -> dict[str, int]:
    """Write the folder; it appears when it is whole.

    Args:
        parts: Conversations by the name of their part (`train`, `test`, …).
        scheme: The classes.
        out: The folder.
        card: What the card says besides the figures.

    Returns:
        Rows by part.

    Raises:
        OSError: It cannot be written.
    """
    scratch = out.with_name(f".{out.name}.{os.getpid()}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        (scratch / "data").mkdir(parents=True)
        figures = _Figures()
        for name, conversations in parts.items():
            before = figures.rows
            with pq.ParquetWriter(scratch / "data" / f"{name}.parquet", _SCHEMA, compression="zstd") as writer:
                while batch := list(islice(conversations, _BATCH)):
                    for conversation in batch:
                        figures.count(conversation)
                    writer.write_table(pa.Table.from_pylist([_row(c, scheme) for c in batch], schema=_SCHEMA))
            figures.parts[name] = figures.rows - before
        (scratch / "README.md").write_text(_card(figures, scheme, card), encoding="utf-8")
        scratch.replace(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return figures.parts


def card_of(
    parts: Mapping[str, Iterator[Conversation]], scheme: ClassScheme, card: Card
) -> tuple[str, dict[str, int]]:
    """Return the card that `write_folder` writes, and the rows by part; nothing is written."""
    figures = _Figures()
    for name, conversations in parts.items():
        before = figures.rows
        for conversation in conversations:
            figures.count(conversation)
        figures.parts[name] = figures.rows - before
    return _card(figures, scheme, card), figures.parts


def _row(c: Conversation, scheme: ClassScheme) -> dict[str, Any]:
    name = c.class_name if c.class_name is not None and c.class_name in scheme else None
    reward = c.coarse_reward
    if reward is None and name is not None:
        reward = scheme[name].reward
    return {
        "id": c.id,
        "messages": [{"role": t.role, "content": t.content} for t in c.turns],
        "class": c.class_name,
        "condition": scheme[name].condition if name is not None else None,
        "reward": reward,
        "loss_weight": scheme.loss_weight(name, c.coarse_reward) if name is not None else None,
        "source": c.source,
        "language": c.language,
        "conversation": json.dumps(c.to_dict(), ensure_ascii=False),
    }


def _card(figures: _Figures, scheme: ClassScheme, card: Card) -> str:
    size = next((label for limit, label in _SIZES if figures.rows < limit), "n>1M")
    languages = [code for code, _ in figures.languages.most_common() if code]
    header = [
        "---",
        f"pretty_name: {json.dumps(card.title, ensure_ascii=False)}",
        f"license: {card.license}",
        *(["language:", *(f"- {code}" for code in languages)] if languages else []),
        "task_categories:",
        "- text-generation",
        f"size_categories:\n- {size}",
        "configs:",
        "- config_name: default",
        "  data_files:",
        *(line for name in figures.parts for line in (f"  - split: {name}", f"    path: data/{name}.parquet")),
        "---",
    ]
    body = [
        f"# {_cell(card.title)}",
        f"{figures.rows:,} conversations, {figures.turns:,} turns.",
        *(
            ["## Parts, by prompt: no prompt is in two", _table(("part", "conversations"), _counts(figures.parts))]
            if len(figures.parts) > 1
            else []
        ),
        "## Classes and rewards",
        f"Loss weight w = exp((r - r_max) / beta), beta = {scheme.beta:.6g}.",
        _table(("class", "condition", "reward", "loss weight", "conversations"), _class_rows(figures, scheme)),
        "## Composition",
        _table(("source", "conversations"), _counts(figures.sources)),
        _table(("language", "conversations"), _counts(figures.languages)),
        "## Decisions",
        "\n".join(f"- {_cell(line)}" for line in card.decisions) or "None were recorded.",
    ]
    return "\n".join(header) + "\n\n" + "\n\n".join(body) + "\n"


def _counts(counts: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Return values with their counts, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [(value or "unknown", f"{n:,}") for value, n in ordered]


def _class_rows(figures: _Figures, scheme: ClassScheme) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (c.name, c.condition, f"{c.reward:g}", f"{scheme.loss_weight(c.name):.4g}", f"{figures.classes[c.name]:,}")
        for c in scheme.classes
    ]
    known = {c.name for c in scheme.classes}
    rows += [(name or "none", "", "", "", f"{n:,}") for name, n in figures.classes.items() if name not in known]
    return rows


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """Return text that cannot break out of its place in Markdown."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
