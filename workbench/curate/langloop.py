"""The compiled walk of texts through py3langid's table of transitions, and the scores of what was met."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.curate.compiled import compiled

Floats = npt.NDArray[np.float32]
Long = npt.NDArray[np.int64]


@compiled
def score_texts(
    data: npt.NDArray[np.uint8],
    text_ends: Long,
    transitions: npt.NDArray[np.uint32],
    base: Long,
    features: Long,
    evidence: Floats,
    prior: Floats,
    logs: Floats,
    counts: Long,
    met: Long,
    scores: Floats,
) -> None:
    """Fill in log p(language | text) up to a constant.

    Args:
        data: The texts, one behind the other.
        text_ends: Where each ends.
        transitions: (rows × 256,), a row's start + byte → state.
        base: (states,), state → its row's start.
        features: (states,), a state's feature, -1 for none.
        evidence: (features, languages).
        prior: (languages,), added where a feature was met.
        logs: log(1 + n), as far as a feature may be met.
        counts: (features,), all 0, and so again at the end.
        met: (features,), for the features of a text.
        scores: (texts, languages), takes the result.
    """
    start = 0
    for text in range(len(text_ends)):
        row = base[0]
        n_met = 0
        for place in range(start, text_ends[text]):
            state = transitions[row + data[place]]
            row = base[state]
            feature = features[state]
            if feature >= 0:
                if counts[feature] == 0:
                    met[n_met] = feature
                    n_met += 1
                counts[feature] += 1
        for language in range(len(prior)):
            scores[text, language] = prior[language] if n_met else np.float32(0)
        for i in range(n_met):
            weight = logs[min(counts[met[i]], len(logs) - 1)]
            counts[met[i]] = 0
            for language in range(len(prior)):
                scores[text, language] += weight * evidence[met[i], language]
        start = text_ends[text]
