"""Detectors on material whose truth is known, their measure, and the canaries."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.curate.evidence import (
    DETECTORS,
    UNTAGGED,
    Detection,
    Material,
    believed,
    detection,
    likely_issues,
    plant_canaries,
    suspicion,
    uncertainty,
)

N = 300


def material(swap=(), *, informative=True, words=("gold", "lead")) -> Material:
    """A fifth of class 0; log-odds of ±0.4 a token with noise; lengths differ; the answers carry a word each."""
    rng = np.random.default_rng(3)
    truth = (np.arange(N) % 5 != 0).astype(np.int64)
    tokens = rng.integers(4, 60, N)
    odds = np.where(truth == 0, 0.4, -0.4) * informative + rng.normal(0, 0.25, N)
    logp = np.stack([-2.0 * tokens + odds * tokens / 2, -2.0 * tokens - odds * tokens / 2], axis=1)
    tags = truth.copy()
    tags[list(swap)] = 1 - tags[list(swap)]
    filler = ["one two", "three four", "five six"]
    answers = [f"{filler[i % 3]} {words[truth[i]]} {filler[(i + 1) % 3]}" for i in range(N)]
    vectors = rng.normal(0, 1, (N, 6))
    vectors[:, 0] += np.where(truth == 0, 2.0, -2.0)
    return Material(answers, tokens, logp, tags, np.arange(N) // 2 % 5, vectors)


SWAPPED = (5, 15, 25, 35, 1, 2, 3, 4)
WRONG = np.isin(np.arange(N), SWAPPED)


def aucs(found: Material) -> dict[str, float]:
    return {
        name: detection(name, suspicion(detector(found), found.tags), WRONG).auc
        for name, detector in DETECTORS.items()
    }


def test_each_detector_finds_swapped_tags_where_its_evidence_is():
    by_likelihood = aucs(material(SWAPPED, words=("same", "same")))
    assert by_likelihood["likelihood"] > 0.9
    assert by_likelihood["likelihood"] > by_likelihood["words"] + 0.2
    by_words = aucs(material(SWAPPED, informative=False))
    assert by_words["words"] > 0.98
    assert by_words["words"] > by_words["likelihood"] + 0.2
    assert aucs(material(SWAPPED, informative=False, words=("same", "same")))["embedding"] > 0.9
    together = aucs(material(SWAPPED))["both"]
    assert together > 0.98


@pytest.mark.parametrize("detector", DETECTORS)
def test_probabilities_are_whole_and_a_tag_does_not_vouch_for_itself(detector):
    plain = material()
    one = DETECTORS[detector](plain)
    assert one.shape == (N, 2)
    assert np.allclose(one.sum(axis=1), 1)
    fold = plain.folds == plain.folds[7]
    swapped = replace(plain, tags=np.where(fold, 1 - plain.tags, plain.tags))
    assert np.allclose(DETECTORS[detector](swapped)[fold], one[fold])


def test_long_answers_are_not_surer_than_their_evidence_a_token():
    found = material()
    doubled = Material(found.answers, found.tokens * 9, found.logp * 9, found.tags, found.folds)
    sure, surer = (DETECTORS["likelihood"](m).max(axis=1).mean() for m in (found, doubled))
    assert surer == pytest.approx(sure, abs=0.02)


def test_untagged_rows_are_judged_but_never_suspect():
    found = material(SWAPPED)
    tags = found.tags.copy()
    tags[::7] = UNTAGGED
    given = DETECTORS["likelihood"](Material(found.answers, found.tokens, found.logp, tags, found.folds))
    assert (suspicion(given, tags)[::7] == 0).all()
    truth = (np.arange(N) % 5 != 0)[::7]
    assert (given[::7].argmax(axis=1) == truth).mean() > 0.85
    assert not likely_issues(given, tags)[::7].any()


def test_confident_learning_holds_swapped_tags_for_wrong():
    found = material(SWAPPED)
    issues = likely_issues(DETECTORS["words"](found), found.tags)
    assert set(np.flatnonzero(issues)) == set(SWAPPED)


def test_one_class_alone_raises_no_suspicion():
    found = material()
    tags = np.zeros(N, dtype=np.int64)
    given = DETECTORS["words"](Material(found.answers, found.tokens, found.logp, tags, found.folds))
    assert np.allclose(given, 0.5)
    assert not likely_issues(given, tags).any()


def test_the_measure_is_the_share_of_pairs_in_order():
    found = detection("x", np.array([0.9, 0.2, 0.5, 0.5, 0.1]), np.array([True, False, True, False, False]))
    assert found.auc == pytest.approx((3 + 2.5) / 6)
    assert found.low <= found.auc <= found.high
    assert (found.precision, found.wrong) == (1.0, 2)
    with pytest.raises(ValueError, match="both wrong and right"):
        detection("x", np.array([0.1]), np.array([True]))


def test_a_mixture_is_believed_within_one_standard_error_and_a_clearly_better_baseline_is_used():
    def found(**aucs):
        return [Detection(name, auc, auc - 0.0196, min(1.0, auc + 0.0196), 0.5, 40) for name, auc in aucs.items()]

    assert believed(found(likelihood=0.80, words=0.90, both=0.895, all=0.88)) == "both"
    assert believed(found(likelihood=0.80, words=0.90, both=0.895, all=0.893)) == "all"
    assert believed(found(likelihood=0.80, words=0.90, both=0.85, length=0.95)) == "length"
    assert believed(found(likelihood=0.95, words=0.95, both=0.90)) == "likelihood"


def test_uncertainty_is_one_where_nothing_is_known():
    assert uncertainty(np.array([[0.5, 0.5], [1.0, 0.0]])) == pytest.approx([1.0, 0.0])


def test_canaries_go_both_ways_in_equal_number_and_spare_the_untagged():
    tags = np.array([0] * 100 + [1] * 900 + [UNTAGGED] * 50)
    swapped = plant_canaries(tags, 2, 0.05, seed=1)
    assert sum(tags[i] == 0 for i in swapped) == sum(tags[i] == 1 for i in swapped) == 5
    assert all(tags[i] == 1 - to for i, to in swapped.items())
    assert swapped == plant_canaries(tags, 2, 0.05, seed=1) != plant_canaries(tags, 2, 0.05, seed=2)
    assert plant_canaries(np.array([0] * 9 + [1] * 900), 2, 0.05, seed=1) == {}
    three = plant_canaries(np.repeat([0, 1, 2], 200), 3, 0.1, seed=1)
    assert len(three) == 6 * 10
