"""Verified near-duplicate pairs against rensa's own greedy deduplicator on word sets of the same texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rensa import RMinHash, RMinHashDeduplicator

from tests.benchmarks.common import in_turns, versus
from workbench.curate.dedupe import Document, exact_key, find_near, sides
from workbench.curate.text import answer_hash, prompt_hash
from workbench.services.inspecting import open_file, read_checked


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return documents a second, texts in memory → pairs."""
    documents = []
    with open_file(data) as file:
        for number, row in enumerate(file.rows):
            if row.error is None:
                (conversation,) = read_checked(row, file.form).conversations
                parts = sides(conversation.turns, "conversation")
                key = exact_key("conversation", prompt_hash(conversation), answer_hash(conversation))
                documents.append(Document(number, key, parts))

    def ours() -> None:
        find_near(documents, threshold=0.8)

    def peer() -> None:
        found = RMinHashDeduplicator(0.8, 128, True, 32)
        for document in documents:
            words = " ".join(document.sides).split()
            hashed = RMinHash(num_perm=128, seed=42)
            hashed.update([" ".join(words[i : i + 2]) for i in range(max(1, len(words) - 1))])
            found.add(str(document.seq), hashed)

    return versus("documents", len(documents), *in_turns(ours, peer, rounds), "rensa RMinHashDeduplicator")
