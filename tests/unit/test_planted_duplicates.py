"""The duplicates planted in the sample data are found; recall and precision are printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crlft.errors import DataError
from workbench.curate.dedupe import Document, DuplicateResult, find_near, in_blocks, sides
from workbench.curate.text import normalise
from workbench.services.inspecting import open_file, read_checked

FILES = ("messages.jsonl", "sharegpt.json", "alpaca.json")


def read(folder: Path) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in FILES:
        with open_file(folder / name) as file:
            for row in file.rows:
                try:
                    conversation = read_checked(row, file.form).conversations[0]
                except DataError:
                    continue  # one of the planted rows that cannot be read
                found[conversation.id] = sides(conversation.turns, "conversation")
    return found


def test_planted_duplicates_of_the_sample_data(sample_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = read(sample_data)
    number = {name: i for i, name in enumerate(texts)}
    found = find_near(in_blocks(Document(number[name], text) for name, text in texts.items()))
    result = DuplicateResult(
        "near", "conversation", 0.8, found.floor, found.considered, found.members, found.pairs
    )
    planted = json.loads((sample_data / "manifest.json").read_text(encoding="utf-8"))["troubles"]
    together = {
        kind: sum(
            result.group_of.get(number[p["id"]], -1) == result.group_of.get(number[p["truth"]], -2)
            for p in planted[kind]
        )
        for kind in ("exact-duplicate", "near-duplicate", "contrast")
    }
    names = list(texts)
    equal = sum(
        len(group.seqs) - len({tuple(map(normalise, texts[names[seq]])) for seq in group.seqs})
        for group in result.groups
    )
    copies = together["exact-duplicate"] + together["near-duplicate"]
    with capsys.disabled():
        print(
            f"\nsample data: exact copies {together['exact-duplicate']} of {len(planted['exact-duplicate'])}, "
            f"near copies {together['near-duplicate']} of {len(planted['near-duplicate'])}; of "
            f"{result.duplicates} called duplicates {copies} were planted and {equal} are equal texts; "
            f"{together['contrast']} of {len(planted['contrast'])} contrasts were taken for duplicates"
        )
    assert together["exact-duplicate"] == len(planted["exact-duplicate"])
    assert together["near-duplicate"] >= 0.95 * len(planted["near-duplicate"])
    assert together["contrast"] <= 0.02 * len(planted["contrast"])
    assert copies >= 0.7 * result.duplicates
