"""Duplicates: found by text, judged class-aware, never removed without a reason.

shingles    conversations → the texts compared
folding     what each sign becomes and is
reading     texts → shingle hashes, keys, figures, signatures: the compiled loops
texts       the same for columns of strings, from Python or Arrow
corpus      blocks of texts, signed
exact       texts → exact keys only, faster
bands       signatures → candidates
verify      candidates → true similarities
pairs       the above in one call: exact groups and verified near-duplicate pairs
memory      what searches leave on disk for the next
cluster     the same on Ray
tables      pairs and members as arrays
result      pairs → groups at any threshold
keep        groups → who stays and who is a copy of whom
"""

from workbench.curate.dedupe.corpus import NearSettings
from workbench.curate.dedupe.keep import KEEP, Decision, Member, decide
from workbench.curate.dedupe.pairs import (
    Found,
    Progress,
    exact_of,
    find_exact,
    find_near,
    in_blocks,
    near_among,
    near_of,
)
from workbench.curate.dedupe.result import METHODS, DuplicateResult, Group, Method
from workbench.curate.dedupe.shingles import PARTS, Document, Part, sides
from workbench.curate.dedupe.tables import Members, Pair, Pairs
from workbench.curate.dedupe.texts import SHINGLES, Reading

__all__ = [
    "KEEP",
    "METHODS",
    "PARTS",
    "SHINGLES",
    "Decision",
    "Document",
    "DuplicateResult",
    "Found",
    "Group",
    "Member",
    "Members",
    "Method",
    "NearSettings",
    "Pair",
    "Pairs",
    "Part",
    "Progress",
    "Reading",
    "decide",
    "exact_of",
    "find_exact",
    "find_near",
    "in_blocks",
    "near_among",
    "near_of",
    "sides",
]
