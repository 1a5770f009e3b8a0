"""Duplicates: found by text, judged class-aware, never removed without a reason.

    shingles    conversations → the texts compared
    folding     texts → evened-out words
    hashing     words → distinct shingle hashes, many texts at once
    corpus      hashes → MinHash signatures
    bands       signatures → candidates
    verify      candidates → true similarities
    pairs       the above in one call: exact groups and verified near-duplicate pairs
    result      pairs → groups at any threshold
    keep        groups → who stays and who is a copy of whom
"""

from workbench.curate.dedupe.corpus import NearSettings
from workbench.curate.dedupe.keep import KEEP, Decision, Member, decide
from workbench.curate.dedupe.pairs import Found, Progress, find_exact, find_near
from workbench.curate.dedupe.result import METHODS, DuplicateResult, Group, Method, Pair
from workbench.curate.dedupe.shingles import PARTS, Document, Part, exact_key, sides

__all__ = [
    "KEEP",
    "METHODS",
    "PARTS",
    "Decision",
    "Document",
    "DuplicateResult",
    "Found",
    "Group",
    "Member",
    "Method",
    "NearSettings",
    "Pair",
    "Part",
    "Progress",
    "decide",
    "exact_key",
    "find_exact",
    "find_near",
    "sides",
]
