"""The likeliest class of untagged conversations, from similar tagged ones: features, classifier, calibration.

What a conversation says (hashed words and characters of its answers) and, where the map's job has made them, the
vectors of its meaning go into a logistic regression. Its confidence is set right by a second, tiny one, fitted on
predictions for conversations that the first had not seen (Platt 1999); copies of a prompt are never on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

Floats = NDArray[np.float64]
FOLDS = 5
LEAST_EACH = 5
"""With fewer tagged conversations of a class than this there is nothing to learn it from."""
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_WORDS, _CHARACTERS = 2**16, 2**17


@dataclass(frozen=True)
class Suggested:
    """What was learnt, and how far to trust it.

    Attributes:
        probabilities: P(class) of each untagged conversation (conversations, classes), calibrated.
        accuracy: Part of the tagged ones that is put right when not seen.
        calibration_error: Mean gap between confidence and truth over ten bins, the same way.
        above: (threshold, part of the tagged at least so sure, part of those that is right).
    """

    probabilities: Floats
    accuracy: float
    calibration_error: float
    above: list[tuple[float, float, float]]


def features(texts: Sequence[str], vectors: Floats | None = None) -> csr_matrix:
    """Return a row for each text: hashed words and characters, and its vector where there are any.

    Args:
        texts: The assistant's words.
        vectors: (texts, dimensions), rows of zeros where one is unknown; None where there are none at all.
    """
    words = HashingVectorizer(
        n_features=_WORDS, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", alternate_sign=False
    )
    characters = HashingVectorizer(
        n_features=_CHARACTERS, analyzer="char", ngram_range=(1, 4), alternate_sign=False
    )
    parts = [v.transform(texts) for v in (words, characters)]
    if vectors is not None:
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        parts.append(csr_matrix(vectors / np.maximum(norms, 1e-9)))
    return csr_matrix(hstack(parts))


def suggest(known: csr_matrix, tags: NDArray[np.int64], groups: Sequence[str], unknown: csr_matrix) -> Suggested:
    """Learn from tagged conversations and return what it means for untagged ones.

    Args:
        known: Features of tagged conversations.
        tags: Their classes, 0 to classes - 1, each at least `LEAST_EACH` times.
        groups: Their prompts; copies of one are never learnt from and tested on at once.
        unknown: Features of untagged ones.
    """
    classes = int(tags.max()) + 1
    seen = np.zeros((len(tags), classes))
    folds = GroupKFold(min(FOLDS, len(set(groups))))
    for learn, test in folds.split(known, tags, groups):
        model = _fitted(known[learn], tags[learn])
        seen[np.ix_(test, model.classes_)] = model.predict_proba(known[test])
    platt = LogisticRegression().fit(_logits(seen), tags)
    # The calibration itself must be judged on what it was not fitted on.
    fair = np.zeros_like(seen)
    for learn, test in folds.split(known, tags, groups):
        one = LogisticRegression().fit(_logits(seen[learn]), tags[learn])
        fair[np.ix_(test, one.classes_)] = one.predict_proba(_logits(seen[test]))
    raw = _fitted(known, tags).predict_proba(unknown) if unknown.shape[0] else np.zeros((0, classes))
    probabilities = platt.predict_proba(_logits(raw)) if len(raw) else raw
    right, sure = fair.argmax(axis=1) == tags, fair.max(axis=1)
    above = [
        (x, float((sure >= x).mean()), float(right[sure >= x].mean())) for x in THRESHOLDS if (sure >= x).any()
    ]
    return Suggested(probabilities, float(right.mean()), _calibration_error(sure, right), above)


def _fitted(x: csr_matrix, tags: NDArray[np.int64]) -> LogisticRegression:
    model = make_pipeline(TfidfTransformer(sublinear_tf=True), LogisticRegression(C=4.0, max_iter=200))
    return model.fit(x, tags)


def _logits(probabilities: Floats) -> Floats:
    logs: Floats = np.log(np.clip(probabilities, 1e-6, 1.0))
    return logs


def _calibration_error(sure: Floats, right: NDArray[np.bool_]) -> float:
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = [abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())]
    return float(sum(gaps))
