"""Names for clusters: the terms that stand in a cluster's texts and hardly elsewhere.

Class-based TF-IDF (Grootendorst 2022, BERTopic, arXiv 2203.05794, eq. 2) on document frequencies:

    weight(term, cluster) = df(term, cluster) · ln(1 + A / df(term))        A = mean texts per cluster

Words for scripts with spaces, pairs of neighbouring characters for Chinese and its kin. No model is asked.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from workbench.curate.dedupe.folding import words

TERMS = 6
TITLE_TERMS = 3
TEXT_CHARACTERS = 600
"""The topic shows in the beginning of a text."""

_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_STOP = frozenset(
    """a about above after again all also am an and another any are around as at be because been before being
    between both but by can could did do does doing down each for from further had has have having he help
    her here hers him his how i if in into is it its itself just like made make many may me might more most
    much must my need no nor not now of off on once one only or other our out over own please provide s same
    she should so some such sure t than that the their them then there these they this those through to too
    two under until up us use used using very was way we well were what when where which while who whom why
    will with would you your yours d ll m re ve don didn following given first give get go good great hello
    hi know let new question answer thank thanks want write
    """.split()
)
_STOP_CHARACTERS = frozenset(
    "问谢麻烦劳嗨嗯较哪帮乐意出"
    "的了是在和与或我你您他她它们这那有个一不也就都而及对为以于被把从到吗呢吧啊请可会"
    "能要么什怎样如何等多少"
)


def terms_of(text: str) -> set[str]:
    """Return the terms of a text that may name a topic."""
    found = words(text[:TEXT_CHARACTERS])
    terms = {w for w in found if len(w) > 2 and w not in _STOP and not w.isdigit()}
    for one, other in pairwise(found):
        if _UNSPACED.match(one) and _UNSPACED.match(other) and not {one, other} & _STOP_CHARACTERS:
            terms.add(one + other)
    return terms


def name_clusters(texts: Iterable[str], clusters: Sequence[int]) -> dict[int, list[str]]:
    """Return the most telling terms of each cluster, best first.

    Args:
        texts: One text per point.
        clusters: The cluster of each; negative is none.
    """
    inside: dict[int, Counter[str]] = {}
    sizes: Counter[int] = Counter()
    for text, cluster in zip(texts, clusters, strict=True):
        if cluster >= 0:
            inside.setdefault(cluster, Counter()).update(terms_of(text))
            sizes[cluster] += 1
    everywhere: Counter[str] = Counter()
    for counts in inside.values():
        everywhere.update(counts)
    mean = sum(sizes.values()) / max(len(sizes), 1)
    return {c: _best(counts, everywhere, mean, sizes[c]) for c, counts in sorted(inside.items())}


def _best(counts: Counter[str], everywhere: Counter[str], mean: float, size: int) -> list[str]:
    least = 2 if size > 4 else 1
    weights = {
        term: n * math.log(1 + mean / everywhere[term]) for term, n in counts.items() if n >= least
    }
    chosen: list[str] = []
    for term in sorted(weights, key=lambda t: (-weights[t], t)):
        if not any(_alike(term, other) for other in chosen):
            chosen.append(term)
        if len(chosen) == TERMS:
            break
    return chosen


def _alike(term: str, other: str) -> bool:
    """Whether two terms say the same: plural and singular, or overlapping pairs of characters."""
    if _UNSPACED.match(term) and _UNSPACED.match(other):
        return bool(set(term) & set(other))
    shorter, longer = sorted((term, other), key=len)
    return longer.startswith(shorter) and len(longer) - len(shorter) <= 3


def title(terms: Sequence[str]) -> str:
    """Return a cluster's title from its terms, or empty."""
    return " · ".join(terms[:TITLE_TERMS])
