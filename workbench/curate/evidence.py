"""Evidence about tags: how probable each class is for a conversation, by several detectors, and which to believe.

    material → DETECTORS → P(class | conversation) (conversations, classes) → cleanlab's ranking → suspicion

Every detector's probabilities are out-of-fold: what a conversation is tagged as never helps to judge it. Which
detector is believed is found by *canaries*: some tags are swapped before anything is trained, and the detector
that finds most of them ranks the rest. That figure is from the project's own data; swapped tags are random, so
mistakes that look like their class (a wrong answer in the right manner) are found less often than it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNTAGGED = -1


@dataclass(frozen=True)
class Material:
    """What detectors look at.

    Attributes:
        answers: The assistant's words of each conversation.
        tokens: Supervised tokens (conversations,).
        logp: log p(answers | prompt, class) in nats (conversations, classes).
        tags: Index of the class, or UNTAGGED (conversations,); canaries swapped.
        folds: Cross-fitting fold (conversations,); copies of a prompt share one.
        vectors: Embeddings of the answers (conversations, width), or None where none were made.
    """

    answers: Sequence[str]
    tokens: Ints
    logp: Floats
    tags: Ints
    folds: Ints
    vectors: Floats | None = None

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.logp.shape[1])


def likelihood(material: Material) -> Floats:
    """Bayes' rule from the model: log-odds of the classes, calibrated against length and prior.

    Tokens of one answer are not independent, so Σ_t log p overstates what long answers prove. The log-odds enter
    once per token and once per root of tokens, and a logistic regression (Platt 1999) weighs them; its intercept
    takes the class prior. Cross-fitted.
    """
    relative = material.logp - material.logp.mean(axis=1, keepdims=True)
    n = np.maximum(1, material.tokens)[:, None]
    return _cross_fitted(np.hstack([relative / n, relative / np.sqrt(n)]), material)


def words(material: Material) -> Floats:
    """The embedding-free peer: TF-IDF of words and character n-grams, logistic regression."""
    from scipy.sparse import hstack  # type: ignore[import-untyped]
    from sklearn.feature_extraction.text import TfidfVectorizer

    by_letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
    by_words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]")
    texts = [a or " " for a in material.answers]
    try:
        features = hstack([by_letters.fit_transform(texts), by_words.fit_transform(texts)]).tocsr()
    except ValueError:  # no term stands in two answers
        return length(material)
    return _cross_fitted(features, material, strength=10.0)


def embedding(material: Material) -> Floats:
    """The classifier that knows no model of ours: logistic regression on sentence embeddings of the answers.

    Without embeddings it knows nothing.
    """
    if material.vectors is None:
        return np.full((len(material.tags), material.classes), 1.0 / material.classes)
    return _cross_fitted(material.vectors, material)


def perplexity(material: Material) -> Floats:
    """How surprising the answer is whatever its class: -log Σ_c p(y | x, c)/C a token."""
    surprise = -np.logaddexp.reduce(material.logp, axis=1) / np.maximum(1, material.tokens)
    return _cross_fitted(surprise[:, None], material)


def length(material: Material) -> Floats:
    """How long the answer is."""
    return _cross_fitted(np.log1p([[len(a)] for a in material.answers]), material)


def both(material: Material) -> Floats:
    """Likelihood and words together: the mean of their log-probabilities."""
    return blend(likelihood(material), words(material))


def all_three(material: Material) -> Floats:
    """Likelihood, words and embeddings together: the mean of their log-probabilities."""
    return blend(likelihood(material), words(material), embedding(material))


def blend(*found: Floats) -> Floats:
    """Return the normalised geometric mean of detectors' probabilities."""
    logs = np.mean([np.log(np.maximum(p, 1e-12)) for p in found], axis=0)
    product: Floats = np.exp(logs)
    product /= product.sum(axis=1, keepdims=True)
    return product


DETECTORS: Mapping[str, Callable[[Material], Floats]] = {
    "likelihood": likelihood,
    "words": words,
    "both": both,
    "all": all_three,
    "embedding": embedding,
    "perplexity": perplexity,
    "length": length,
}
"""The first is the method's own; the others are what it is measured against."""
BY_EMBEDDINGS = ("all", "embedding")
"""Those that need embeddings of the answers."""
MIXTURES = ("all", "both")
"""Those that join several, preferred where they are as good as the best: they vary less from data to data."""


def _cross_fitted(features: Any, material: Material, strength: float = 1.0) -> Floats:
    """Return P(class) of each row from a logistic regression on the tagged rows of the other folds.

    A fold whose others lack a class gives that class the probability of never having been seen, 1/(2n).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    out = np.full((len(material.tags), material.classes), 1.0 / material.classes)
    for fold in np.unique(material.folds):
        rows = material.folds == fold
        known = ~rows & (material.tags != UNTAGGED)
        seen = np.unique(material.tags[known])
        if len(seen) < 2:
            continue
        model = make_pipeline(
            StandardScaler(with_mean=not hasattr(features, "tocsr")),
            LogisticRegression(C=strength, max_iter=500),
        )
        if hasattr(features, "tocsr"):  # TF-IDF is scaled already, and centring would fill it
            model = LogisticRegression(C=strength, max_iter=500)
        model.fit(features[known], material.tags[known])
        found = np.full((int(rows.sum()), material.classes), 0.5 / max(1, int(known.sum())))
        found[:, seen] = model.predict_proba(features[rows])
        out[rows] = found / found.sum(axis=1, keepdims=True)
    return out


def suspicion(probabilities: Floats, tags: Ints) -> Floats:
    """Return how suspicious each tag is, 0 to 1; untagged rows get 0.

    It is one minus cleanlab's self-confidence, adjusted by each class's mean confidence (Northcutt et al. 2021,
    *Confident Learning*): a rare class is not suspicious merely for being rare.
    """
    from cleanlab.rank import get_label_quality_scores  # type: ignore[import-untyped]

    out = np.zeros(len(tags))
    known = tags != UNTAGGED
    if known.any():
        labels, given = tags[known], probabilities[known]
        whole = len(np.unique(labels)) == given.shape[1]
        quality = get_label_quality_scores(labels, given, method="self_confidence", adjust_pred_probs=whole)
        out[known] = 1.0 - np.asarray(quality, dtype=np.float64)
    return out


def likely_issues(probabilities: Floats, tags: Ints) -> NDArray[np.bool_]:
    """Return which tags cleanlab holds for wrong (confident learning, pruned by noise rate and class)."""
    from cleanlab.filter import find_label_issues  # type: ignore[import-untyped]

    out = np.zeros(len(tags), dtype=np.bool_)
    known = tags != UNTAGGED
    if len(np.unique(tags[known])) == probabilities.shape[1]:
        out[known] = find_label_issues(tags[known], probabilities[known], filter_by="confident_learning", n_jobs=1)
    return out


def uncertainty(probabilities: Floats) -> Floats:
    """Return how undecided the evidence is: entropy over its maximum, 0 to 1."""
    entropy = -(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum(axis=1)
    return np.asarray(entropy / np.log(probabilities.shape[1]), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Detection:
    """How well a detector finds wrong tags that are known.

    Attributes:
        detector: Its name.
        auc: Probability that a wrong tag is more suspicious than another (0.5 is chance).
        low: Lower end of the 95 % interval of `auc` (DeLong et al. 1988).
        high: Upper end.
        precision: Share of wrong tags among the k most suspicious, k the number of wrong tags.
        wrong: How many wrong tags are known.
    """

    detector: str
    auc: float
    low: float
    high: float
    precision: float
    wrong: int


def detection(detector: str, suspicions: Floats, wrong: NDArray[np.bool_]) -> Detection:
    """Measure suspicions against known wrong tags.

    Raises:
        ValueError: All tags are wrong, or none is.
    """
    bad, good = suspicions[wrong], suspicions[~wrong]
    if not len(bad) or not len(good):
        raise ValueError("both wrong and right tags are needed to measure detection")
    # DeLong's placements: the share of the other side that each value stands above, ties counted half.
    above = np.array([(good < b).mean() + 0.5 * (good == b).mean() for b in bad])
    below = np.array([(bad > g).mean() + 0.5 * (bad == g).mean() for g in good])
    auc = float(above.mean())
    variance = (above.var(ddof=1) / len(bad) if len(bad) > 1 else 0.0) + (
        below.var(ddof=1) / len(good) if len(good) > 1 else 0.0
    )
    half = 1.959963984540054 * float(np.sqrt(variance))
    first = np.argsort(-suspicions, kind="stable")[: len(bad)]
    return Detection(
        detector,
        auc,
        max(0.0, auc - half),
        min(1.0, auc + half),
        float(wrong[first].mean()),
        len(bad),
    )


def believed(found: Sequence[Detection]) -> str:
    """Return the detector to believe: the highest AUC, or a mixture within one standard error of it.

    On the sample data (two planted noises) the mixture of three found most of the wrong tags, and some forty
    canaries are too few to tell it from its best part.
    """
    best = max(found, key=lambda d: d.auc)  # the first of equals
    error = (best.auc - best.low) / 1.959963984540054
    near = {d.detector for d in found if d.auc >= best.auc - error}
    return next((name for name in MIXTURES if name in near), best.detector)


def plant_canaries(tags: Ints, classes: int, share: float, seed: int) -> dict[int, int]:
    """Choose tags to swap: index → the class it is given instead.

    Between any two classes as many go one way as the other: `share` of the smaller one, at least 5 but never more
    than a tenth of it, so that a rare class does not drown in swapped tags of a common one.

    Args:
        tags: Index of the class of each conversation, or UNTAGGED.
        classes: Number of classes.
        share: Share of the smaller class.
        seed: Seeds the choice.
    """
    rng = np.random.default_rng(seed)
    free = {c: list(rng.permutation(np.flatnonzero(tags == c))) for c in range(classes)}
    sizes = {c: len(rows) for c, rows in free.items()}
    swapped: dict[int, int] = {}
    for a in range(classes):
        for b in range(classes):
            smaller = min(sizes[a], sizes[b])
            wanted = min(max(5, round(share * smaller)), smaller // 10) if a != b else 0
            for _ in range(max(0, min(wanted // max(1, classes - 1), len(free[a])))):
                swapped[int(free[a].pop())] = b
    return swapped
