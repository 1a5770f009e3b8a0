"""Vote statistics against oracles, hand-made cases, and simulated voters of known strength."""

import math

import choix
import numpy as np
import pytest

from workbench.services.votes import (
    Ballot,
    clustered_share,
    duel,
    leanings,
    length_controlled,
    rank,
    sign_test,
    strengths,
)


def voters(rng, theta, prompts, judges, taste=0.0, ties=0.1):
    """Simulate judges who share a prompt's taste: each vote is over a random pair with random sides."""
    pairs = [(i, k) for i in range(len(theta)) for k in range(i)]
    out = []
    for prompt in range(prompts):
        own = np.asarray(theta) + rng.normal(0, taste, len(theta))
        for _ in range(judges):
            i, k = pairs[rng.integers(len(pairs))]
            first, second = (i, k) if rng.random() < 0.5 else (k, i)
            p = 1 / (1 + math.exp(own[second] - own[first]))
            score = 0.5 if rng.random() < ties else float(rng.random() < p)
            out.append(Ballot(str(prompt), first, second, score))
    return out


def true_strengths(theta, taste, ties=0.1):
    """What infinitely many such voters would give."""
    rng, n = np.random.default_rng(9), len(theta)
    wins = np.zeros((1, n, n))
    for i in range(n):
        for k in range(n):
            if i != k:
                gap = theta[i] - theta[k] + rng.normal(0, taste * math.sqrt(2), 100_000)
                wins[0, i, k] = ties / 2 + (1 - ties) * np.mean(1 / (1 + np.exp(-gap)))
    return strengths(wins)[0], wins[0] / (wins[0] + wins[0].T + np.eye(n))


def test_strengths_agree_with_choix():
    rng = np.random.default_rng(4)
    wins = rng.integers(1, 20, (4, 4)).astype(float)
    np.fill_diagonal(wins, 0)
    assert strengths(wins[None])[0] == pytest.approx(choix.ilsr_pairwise_dense(wins), abs=1e-5)


@pytest.mark.parametrize(
    ("theta", "prompts", "judges", "taste", "runs"),
    [((0.6, 0.0, -0.4), 60, 3, 1.0, 250), ((0.6, 0.0, -0.4), 60, 3, 0.0, 250), ((0.3, -0.3), 100, 2, 1.0, 800)],
)
def test_intervals_hold_the_truth_in_95_of_100(theta, prompts, judges, taste, runs):
    truth, chances = true_strengths(theta, taste)
    rng = np.random.default_rng(1)
    held, shares, wrong = [], [], 0
    for seed in range(runs):
        votes = voters(rng, theta, prompts, judges, taste)
        found = rank(votes, len(theta), rounds=100, seed=seed)
        held += [s.low <= truth[s.column] <= s.high for s in found.standings]
        wrong += any(truth[a] <= truth[b] for a, b, _, _ in found.claims)
        share = duel(votes, 0, 1).share
        shares.append(share.low <= chances[0, 1] <= share.high)
    assert 0.93 <= np.mean(held) <= 0.97
    assert 0.93 <= np.mean(shares) <= 0.97
    assert wrong == 0


def test_equal_columns_are_told_apart_in_one_of_twenty_at_most():
    rng = np.random.default_rng(2)
    claims = [bool(rank(voters(rng, (0.0, 0.0), 40, 1), 2, rounds=150, seed=s).claims) for s in range(250)]
    assert 0 < np.mean(claims) <= 0.06


def test_a_clear_order_is_claimed_and_a_thin_one_is_not():
    rng = np.random.default_rng(3)
    found = rank(voters(rng, (1.5, 0.0, -1.5), 120, 2), 3)
    assert [s.column for s in found.standings] == [0, 1, 2]
    assert {(a, b) for a, b, _, _ in found.claims} == {(0, 1), (0, 2), (1, 2)}
    sweep = [Ballot(str(i), 0, 1, 1.0) for i in range(3)]
    assert rank(sweep, 2).claims == ()
    longer = [Ballot(str(i), 0, 1, 1.0) for i in range(12)]
    assert rank(longer, 2).claims[0][:2] == (0, 1)
    assert math.isfinite(rank(longer, 2).standings[0].high)


def test_columns_that_no_vote_links_are_not_ordered():
    votes = [Ballot(str(i), *pair, 1.0) for i in range(30) for pair in ((0, 1), (2, 3))]
    found = rank(votes, 5)
    assert not found.connected
    assert found.claims == ()
    assert {s.column for s in found.standings} == {0, 1, 2, 3}
    assert rank([], 3).standings == ()


def test_many_judges_of_one_prompt_do_not_count_as_many_prompts():
    scores = [1.0, 0.0] * 20
    apart = clustered_share(scores, [str(i) for i in range(40)])
    together = clustered_share(scores, [str(i % 2) for i in range(40)])
    assert apart.value == together.value == 0.5
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_a_duel_counts_from_the_first_columns_side():
    votes = [Ballot("a", 0, 1, 1.0), Ballot("b", 1, 0, 0.0), Ballot("c", 1, 0, 1.0), Ballot("d", 0, 1, 0.5)]
    found = duel(votes, 0, 1)
    assert (found.wins, found.ties, found.losses, found.share.value) == (2, 1, 1, 0.625)
    back = duel(votes, 1, 0)
    assert (back.wins, back.losses, back.p_value) == (1, 2, found.p_value)
    assert found.more_votes >= 96 - 4
    assert duel(votes, 0, 2) is None
    many = [Ballot(str(i), 0, 1, float(i % 2)) for i in range(500)]
    assert duel(many, 0, 1).more_votes == 0


def test_the_sign_test_counts_a_prompt_once():
    votes = [Ballot(str(i), 0, 1, 1.0) for i in range(6)] * 5
    assert sign_test(votes, 0) == pytest.approx(2 / 2**6)
    assert sign_test([Ballot("a", 0, 1, 0.5)], 0) == 1.0


def test_leanings_count_left_and_longer_among_decisive_votes():
    votes = [
        Ballot("a", 0, 1, 1.0, 10, 5),
        Ballot("b", 0, 1, 0.0, 10, 5),
        Ballot("c", 1, 0, 1.0, 9, 9),
        Ballot("d", 1, 0, 0.5, 1, 9),
    ]
    found = leanings(votes)
    assert (found.left.value, found.left.n) == (pytest.approx(2 / 3), 3)
    assert (found.longer.value, found.longer.n) == (0.5, 2)
    assert (found.ties.value, found.ties.n) == (0.25, 4)


def test_length_control_takes_out_what_length_alone_explains():
    rng = np.random.default_rng(5)
    votes = []
    for i in range(400):
        lengths = rng.integers(20, 60), rng.integers(5, 40)
        p = 1 / (1 + (lengths[1] / lengths[0]) ** 2)  # judges who look at nothing but length
        votes.append(Ballot(str(i), 0, 1, float(rng.random() < p), *map(int, lengths)))
    plain = duel(votes, 0, 1)
    assert plain.share.value > 0.7
    assert plain.length_controlled.value == pytest.approx(0.5, abs=0.08)
    assert plain.length_controlled.low < 0.5 < plain.length_controlled.high
    assert length_controlled(votes[:10], 0) is None
    always_longer = [Ballot(str(i), 0, 1, float(i % 3 > 0), 9, 3) for i in range(60)]
    assert length_controlled(always_longer, 0) is None


@pytest.mark.parametrize(("prompts", "judges", "taste", "runs"), [(60, 3, 0.8, 800), (120, 1, 0.0, 800)])
def test_the_length_controlled_interval_holds_the_truth_in_95_of_100(prompts, judges, taste, runs):
    """Judges like what is longer, whatever is better, and share a prompt's taste; the first is mostly longer."""
    rng = np.random.default_rng(8)
    better, by_length = 0.4, 1.2
    draws = better + rng.normal(0, taste, 200_000)
    truth, held = float(np.mean(1 / (1 + np.exp(-draws)))), []
    for _ in range(runs):
        votes = []
        for prompt in range(prompts):
            own, lengths = better + rng.normal(0, taste), (int(rng.integers(15, 60)), int(rng.integers(8, 45)))
            for _ in range(judges):
                gap = own + by_length * math.log((lengths[0] + 1) / (lengths[1] + 1))
                score, left = float(rng.random() < 1 / (1 + math.exp(-gap))), rng.random() < 0.5
                votes.append(
                    Ballot(str(prompt), 0, 1, score, *lengths)
                    if left
                    else Ballot(str(prompt), 1, 0, 1 - score, *lengths[::-1])
                )
        found = length_controlled(votes, 0)
        held.append(found.low <= truth <= found.high)
    assert 0.93 <= np.mean(held) <= 0.97
