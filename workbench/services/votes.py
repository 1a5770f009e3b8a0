"""What votes say: strengths of columns, who is ahead, and how far judges were led by side and length.

Votes over one prompt are not independent (several judges, several pairs), so every interval resamples or sums over
prompts, never over votes.

    Bradley-Terry     P(i beats j) = σ(θ_i - θ_j), a tie is half a win for each           (Bradley & Terry 1952)
    fit               θ by MM (Hunter 2004, eq. 3) on wins plus `PRIOR` of a win for every pair that met
    interval          θ_i - θ_j ± t(prompts - 1) · SE, SE from resampling prompts; for every pair that met two
                      made-up prompts, half a win each way, are resampled too, so that a sweep has a width
    length control    logit P(first wins) = a + b·log(length_1 / length_2) + c·(first stood left), the figure
                      is σ(a)                                                              (Dubois et al. 2024)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit  # type: ignore[import-untyped]

from workbench.services.statistics import wilson

Floats = NDArray[np.float64]

PRIOR = 0.1
"""Of a win, added each way for every pair that met: keeps strengths finite."""
HALF_WIDTH = 0.10
"""What counts as decided: a share known to ±10 points."""
_STEPS = 60
_ROUNDS = 400


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote, by column.

    Attributes:
        prompt: Which prompt; votes over one prompt belong together.
        first: Column that stood left.
        second: Column that stood right.
        score: What `first` got: 1, 0.5 (tie or both bad) or 0.
        first_length: Tokens of its answer.
        second_length: Tokens of the other.
    """

    prompt: str
    first: int
    second: int
    score: float
    first_length: int = 0
    second_length: int = 0

    def seen_from(self, column: int) -> float:
        """Return what a column got."""
        return self.score if column == self.first else 1.0 - self.score


@dataclass(frozen=True, slots=True)
class Share:
    """A share from 0 to 1 with its 95 % interval.

    Attributes:
        value: The share.
        low: Lower end.
        high: Upper end.
        n: What it was counted over.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A column's strength.

    Attributes:
        column: Its index.
        strength: log-odds against the mean column.
        low: Lower end of the 95 % interval.
        high: Upper end.
        votes: Votes it stood in.
    """

    column: int
    strength: float
    low: float
    high: float
    votes: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """Columns by strength, and the orders that may be claimed.

    Attributes:
        standings: Strongest first; columns without a vote are left out.
        claims: (stronger, weaker, low, high) where the interval of the difference of log-odds excludes zero.
        connected: Whether all columns are linked by votes; without that their strengths cannot be compared.
    """

    standings: tuple[Standing, ...]
    claims: tuple[tuple[int, int, float, float], ...]
    connected: bool


@dataclass(frozen=True, slots=True)
class Leanings:
    """What else than the answers may have moved the judges.

    Attributes:
        left: Share of decisive votes that took the left pane.
        longer: Share of decisive votes between answers of different length that took the longer one.
        ties: Share of votes that were a tie or both bad.
    """

    left: Share
    longer: Share
    ties: Share


@dataclass(frozen=True, slots=True)
class Duel:
    """Two columns against each other.

    Attributes:
        wins: Votes for the first.
        ties: Ties and both bad.
        losses: Votes for the second.
        share: The first's share, ties half, clustered by prompt.
        p_value: Two-sided sign test over prompts.
        length_controlled: The share had both been equally long and as often left; None with too few votes.
        more_votes: How many more votes would bring the share to ±10 points, at today's spread.
    """

    wins: int
    ties: int
    losses: int
    share: Share
    p_value: float
    length_controlled: Share | None
    more_votes: int


def leanings(ballots: Sequence[Ballot]) -> Leanings:
    """Return how often left, longer and neither was picked; half is what chance gives."""
    decisive = [b for b in ballots if b.score != 0.5]
    uneven = [b for b in decisive if b.first_length != b.second_length]
    longer = sum((b.first_length > b.second_length) == (b.score == 1.0) for b in uneven)
    return Leanings(
        left=_share(sum(b.score == 1.0 for b in decisive), len(decisive)),
        longer=_share(longer, len(uneven)),
        ties=_share(len(ballots) - len(decisive), len(ballots)),
    )


def _share(hits: int, n: int) -> Share:
    return Share(hits / n if n else 0.5, *wilson(hits, n), n)


def duel(ballots: Sequence[Ballot], first: int, second: int) -> Duel | None:
    """Return how two columns stand against each other; None where they never met."""
    own = [b for b in ballots if {b.first, b.second} == {first, second}]
    if not own:
        return None
    scores = [b.seen_from(first) for b in own]
    share = clustered_share(scores, [b.prompt for b in own])
    half = (share.high - share.low) / 2
    # An interval that a sweep made narrow says little about spread: never fewer than a fair coin would need.
    needed = max(len(own) * (half / HALF_WIDTH) ** 2, (1.96 / 2 / HALF_WIDTH) ** 2)
    return Duel(
        wins=scores.count(1.0),
        ties=scores.count(0.5),
        losses=scores.count(0.0),
        share=share,
        p_value=sign_test(own, first),
        length_controlled=length_controlled(own, first),
        more_votes=max(0, math.ceil(needed) - len(own)),
    )


def clustered_share(scores: Sequence[float], clusters: Sequence[str]) -> Share:
    """Return a mean of scores from 0 to 1 with an interval over clusters.

    The variance is the ratio estimator's over clusters, with Student's t; a win and a loss are added as clusters
    of their own (Agresti & Coull 1998, in spirit), which keeps the coverage with few prompts or a sweep.
    """
    totals: dict[str, list[float]] = {}
    for score, cluster in zip(scores, clusters, strict=True):
        totals.setdefault(cluster, []).append(score)
    sums = np.array([sum(v) for v in totals.values()] + [1.0, 0.0])
    sizes = np.array([len(v) for v in totals.values()] + [1, 1], dtype=np.float64)
    n, k = sizes.sum(), len(sizes)
    centre = sums.sum() / n
    variance = ((sums - centre * sizes) ** 2).sum() / n**2 * k / (k - 1)
    half = float(stdtrit(max(1, k - 2), 0.975)) * math.sqrt(variance)
    value = sum(scores) / len(scores)
    return Share(value, max(0.0, float(centre) - half), min(1.0, float(centre) + half), len(scores))


def sign_test(ballots: Sequence[Ballot], first: int) -> float:
    """Return the exact two-sided p over prompts: each prompt counts once, for the side most judges took."""
    net: dict[str, float] = {}
    for b in ballots:
        net[b.prompt] = net.get(b.prompt, 0.0) + b.seen_from(first) - 0.5
    up, down = sum(v > 0 for v in net.values()), sum(v < 0 for v in net.values())
    n, tail = up + down, min(up, down)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(tail + 1)) / 2**n) if n else 1.0


def length_controlled(ballots: Sequence[Ballot], first: int, least: int = 20) -> Share | None:
    """Return the first's share at equal length and even sides, by a logistic regression on length and side.

    Its interval is the sandwich estimator's over prompts (Liang & Zeger 1986), with Student's t, on the log-odds.
    None below `least` votes, after a sweep, or where one side was always longer: nothing is extrapolated.
    """
    scores = np.array([b.seen_from(first) for b in ballots])
    if len(ballots) < least or scores.min() == scores.max():
        return None
    pairs = [(b.first_length, b.second_length) for b in ballots]
    lengths = [pair if b.first == first else pair[::-1] for pair, b in zip(pairs, ballots, strict=True)]
    ratio = np.log([(a + 1) / (b + 1) for a, b in lengths])
    if not ratio.min() <= 0 <= ratio.max():  # one side was always longer: equal length was never seen
        return None
    side = np.array([0.5 if b.first == first else -0.5 for b in ballots])
    features = np.stack([np.ones(len(scores)), ratio / (ratio.std() or 1.0), side], axis=1)
    weights = np.zeros(3)
    ridge = np.diag([1e-6, 0.1, 0.1])  # where length and winner go together always, the intercept keeps its share
    for _ in range(50):
        p = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (scores - p) - ridge @ weights
        curve = (features * (p * (1 - p))[:, None]).T @ features + ridge
        step = np.linalg.solve(curve, slope)
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    p = 1 / (1 + np.exp(-features @ weights))
    curve = (features * (p * (1 - p))[:, None]).T @ features + ridge
    names = sorted({b.prompt for b in ballots})
    if len(names) < 3:
        return None
    place = {name: i for i, name in enumerate(names)}
    pulls = np.zeros((len(names), 3))
    np.add.at(pulls, [place[b.prompt] for b in ballots], features * (scores - p)[:, None])
    bread = np.linalg.inv(curve)
    variance = (bread @ (pulls.T @ pulls) @ bread)[0, 0] * len(names) / (len(names) - 1)
    half = float(stdtrit(len(names) - 1, 0.975)) * math.sqrt(variance)
    value, low, high = (1 / (1 + math.exp(-(weights[0] + d))) for d in (0.0, -half, half))
    return Share(float(value), float(low), float(high), len(ballots))


def rank(ballots: Sequence[Ballot], columns: int, *, rounds: int = _ROUNDS, seed: int = 0) -> Ranking:
    """Return Bradley-Terry strengths of columns with intervals clustered by prompt.

    Args:
        ballots: The votes.
        columns: Number of columns.
        rounds: Times that prompts are resampled.
        seed: Seeds the resampling.
    """
    met = [i for i in range(columns) if any(i in (b.first, b.second) for b in ballots)]
    if not met:
        return Ranking((), (), True)
    wins = _wins_by_prompt(ballots, met)  # (prompts, columns, columns)
    pairs = (wins + wins.transpose(0, 2, 1)).sum(axis=0) > 0
    prior = np.where(pairs, PRIOR, 0.0)
    made_up = _made_up(pairs)
    theta = strengths((wins.sum(axis=0) + made_up.sum(axis=0) + prior)[None])[0]
    rng = np.random.default_rng(seed)
    pool = np.concatenate([wins, made_up])
    counts = rng.multinomial(len(pool), np.full(len(pool), 1 / len(pool)), size=rounds).astype(np.float64)
    drawn = strengths(np.einsum("rp,pij->rij", counts, pool) + prior)  # (rounds, columns)
    t = float(stdtrit(max(1, len(wins) - 1), 0.975))
    order = np.argsort(-theta, kind="stable")
    half = t * drawn.std(axis=0)
    standings = tuple(
        Standing(
            met[i],
            float(theta[i]),
            float(theta[i] - half[i]),
            float(theta[i] + half[i]),
            sum(met[i] in (b.first, b.second) for b in ballots),
        )
        for i in order
    )
    connected = _connected(pairs)
    claims = []
    for place, i in enumerate(order if connected else []):
        for j in order[place + 1 :]:
            gap, width = theta[i] - theta[j], t * (drawn[:, i] - drawn[:, j]).std()
            if gap - width > 0:
                claims.append((met[i], met[j], float(gap - width), float(gap + width)))
    return Ranking(standings, tuple(claims), connected)


def strengths(wins: Floats) -> Floats:
    """Return Bradley-Terry log-strengths, mean zero, of several tables of wins at once.

    Args:
        wins: wins[r, i, j]: how often i beat j in table r (tables, columns, columns).
    """
    met = wins + wins.transpose(0, 2, 1)
    won = wins.sum(axis=2)
    gamma = np.ones(wins.shape[:2])
    for _ in range(_STEPS * wins.shape[1]):
        before = gamma
        gamma = won / np.maximum((met / (gamma[:, :, None] + gamma[:, None, :])).sum(axis=2), 1e-12)
        gamma = gamma / np.exp(np.log(np.maximum(gamma, 1e-12)).mean(axis=1, keepdims=True))
        if np.abs(gamma - before).max() < 1e-8 * gamma.max():
            break
    found: Floats = np.log(np.maximum(gamma, 1e-12))
    return found


def _wins_by_prompt(ballots: Sequence[Ballot], met: Sequence[int]) -> Floats:
    prompts = {p: i for i, p in enumerate(dict.fromkeys(b.prompt for b in ballots))}
    place = {column: i for i, column in enumerate(met)}
    wins = np.zeros((len(prompts), len(met), len(met)))
    for b in ballots:
        wins[prompts[b.prompt], place[b.first], place[b.second]] += b.score
        wins[prompts[b.prompt], place[b.second], place[b.first]] += 1 - b.score
    return wins


def _made_up(pairs: NDArray[np.bool_]) -> Floats:
    """Return for every pair that met two prompts with half a win each way, to be resampled with the real ones."""
    rows = np.argwhere(pairs)
    out = np.zeros((len(rows), *pairs.shape))
    for n, (i, j) in enumerate(rows):
        out[n, i, j] = 0.5
    return out


def _connected(pairs: NDArray[np.bool_]) -> bool:
    reached = {0}
    while new := {int(j) for i in reached for j in np.flatnonzero(pairs[i])} - reached:
        reached |= new
    return len(reached) == len(pairs)
