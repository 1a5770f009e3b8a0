"""Verified near-duplicate pairs against rensa's own greedy deduplicator on word pairs of the same texts.

Every tenth long answer gets a copy with a word in forty replaced, all in random order. Recall is the share of
these copies that stand in a group with their original (for the peer: of which one was flagged). What the peer
flags is an estimate; ours are verified by true Jaccard similarity.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from rensa import RMinHash, RMinHashDeduplicator

from tests.benchmarks.common import in_turns, versus
from workbench.curate.dedupe import Document, DuplicateResult, NearSettings, find_near, in_blocks, sides
from workbench.services.inspecting import open_file, read_checked

THRESHOLD = 0.8


def _documents(data: Path) -> list[Document]:
    documents = []
    with open_file(data) as file:
        for number, row in enumerate(file.rows):
            if row.error is None:
                (conversation,) = read_checked(row, file.form).conversations
                documents.append(Document(number, sides(conversation.turns, "conversation")))
    return documents


def planted(documents: list[Document], chance: random.Random) -> tuple[list[Document], dict[int, int]]:
    """Return the documents with copies among them, and copy → original."""
    first = 1 + max(document.seq for document in documents)
    copies, truth = [], {}
    for document in documents:
        answer = document.sides[-1].split()
        if document.seq % 10 or len(answer) < 60:
            continue
        for place in chance.sample(range(len(answer)), len(answer) // 40):
            answer[place] = "otherwise"
        seq = first + len(copies)
        copies.append(Document(seq, (*document.sides[:-1], " ".join(answer))))
        truth[seq] = document.seq
    everything = documents + copies
    chance.shuffle(everything)
    return everything, truth


def _pairs_of_words(document: Document) -> list[str]:
    words = " ".join(document.sides).split()
    return [" ".join(words[i : i + 2]) for i in range(max(1, len(words) - 1))]


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return documents a second, texts in memory → pairs, with recall of the planted copies."""
    documents, truth = planted(_documents(data), random.Random(0))
    groups: dict[int, int] = {}
    flagged: set[int] = set()

    def ours() -> None:
        found = find_near(in_blocks(documents), NearSettings(threads=1), threshold=THRESHOLD)
        result = DuplicateResult(
            "near", "conversation", THRESHOLD, found.floor, len(documents), found.members, found.pairs
        )
        groups.clear()
        groups.update(result.group_of)

    def peer() -> None:
        deduplicator = RMinHashDeduplicator(THRESHOLD, 128, True, 32)
        flagged.clear()
        for document in documents:
            hashed = RMinHash(num_perm=128, seed=42)
            hashed.update(_pairs_of_words(document))
            if not deduplicator.add(str(document.seq), hashed):
                flagged.add(document.seq)

    line = versus("documents", len(documents), *in_turns(ours, peer, rounds), "rensa RMinHashDeduplicator")
    found = sum(groups.get(copy, -1) == groups.get(original, -2) for copy, original in truth.items())
    peers = sum(copy in flagged or original in flagged for copy, original in truth.items())
    planted_copies = max(len(truth), 1)
    return line | {
        "planted": len(truth),
        "recall": round(found / planted_copies, 4),
        "peer_recall": round(peers / planted_copies, 4),
    }
