"""Duplicates planted in the sample data, found by `exact` and `near`: recall and precision against its manifest.

    make bench ARGS="sample-copies"

Recall: planted copies that stand in a group with their original. Precision: of the pairs of unequal texts that
were found, those that were planted; the others are near-copies that came about by chance, so it is a lower bound.
Contrasts (one prompt, another class's answer) that stand in a group with their original are counted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from crlft.errors import DataError
from workbench.curate.dedupe import Document, DuplicateResult, Found, find_exact, find_near, in_blocks, sides
from workbench.services.inspecting import open_file, read_checked
from workbench.services.sample_data import sample_data_dir

THRESHOLD = 0.8
PLANTED = {"exact-duplicate": "exact", "near-duplicate": "near", "contrast": "contrast"}


def _documents(folder: Path, names: list[str]) -> tuple[list[Document], dict[str, int]]:
    documents: list[Document] = []
    numbers: dict[str, int] = {}
    for name in names:
        with open_file(folder / name) as file:
            for row in file.rows:
                try:
                    (conversation,) = read_checked(row, file.form).conversations
                except DataError:
                    continue
                documents.append(Document(len(documents), sides(conversation.turns, "conversation")))
                numbers[str(row.value["id"])] = len(documents) - 1
    return documents, numbers


def _grouped(found: Found, method: str) -> DuplicateResult:
    at = 1.0 if method == "exact" else THRESHOLD
    return DuplicateResult(method, "conversation", at, found.floor, found.considered, found.members, found.pairs)


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return recall and precision; the sample data is what is searched, whatever was named."""
    del data, rounds
    folder = sample_data_dir()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    documents, numbers = _documents(folder, list(manifest["rows"]))
    planted: dict[str, set[tuple[int, int]]] = {}
    for kind, name in PLANTED.items():
        rows = manifest["troubles"][kind]
        planted[name] = {
            (numbers[row["truth"]], numbers[row["id"]])
            for row in rows
            if row["id"] in numbers and row["truth"] in numbers
        }
    exact = _grouped(find_exact(in_blocks(documents)), "exact")
    near = _grouped(find_near(in_blocks(documents), threshold=THRESHOLD), "near")
    alike = {(p.a, p.b) for p in near.pairs if p.score >= THRESHOLD}
    pairs = np.array(sorted(planted["near"]), dtype=np.int64)
    originals = {tuple(sorted(pair)) for pair in near.members.texts_of(pairs.ravel()).reshape(-1, 2).tolist()}
    out: dict[str, Any] = {"benchmark": "sample-copies", "conversations": len(documents)}
    for name, result in (("exact", exact), ("near", near)):
        together = sum(_together(result, pair) for pair in planted[name])
        out[f"{name}_planted"] = len(planted[name])
        out[f"{name}_recall"] = round(together / len(planted[name]), 4)
        out[f"{name}_groups"], out[f"{name}_copies"] = len(result.groups), result.duplicates
    out["near_pairs_of_unequal_texts"] = len(alike)
    out["near_precision_at_least"] = round(len(alike & originals) / max(len(alike), 1), 4)
    out["contrasts"] = len(planted["contrast"])
    out["contrasts_grouped"] = sum(_together(near, pair) for pair in planted["contrast"])
    return out


def _together(result: DuplicateResult, pair: tuple[int, int]) -> bool:
    one, other = (result.group_of.get(seq) for seq in pair)
    return one is not None and one == other
