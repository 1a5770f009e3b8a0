import random

import pytest

from workbench.services.statistics import paired_difference, wilson


def test_wilson_against_published_values():
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_paired_difference_is_in_points_and_even_pairs_cancel():
    pairs = [(True, False)] * 30 + [(False, True)] * 10 + [(True, True)] * 60
    found = paired_difference(pairs)
    assert (found.points, found.n) == (20.0, 100)
    assert 5 < found.low < 20 < found.high < 35
    mirrored = paired_difference([(b, a) for a, b in pairs])
    assert (mirrored.points, mirrored.low, mirrored.high) == pytest.approx((-20.0, -found.high, -found.low))
    assert paired_difference([]) is None
    same = paired_difference([(True, True)] * 10)
    assert same.points == 0.0
    assert same.low < 0 < same.high


@pytest.mark.parametrize(("first", "second", "n"), [(0.6, 0.45, 300), (0.9, 0.9, 60), (0.3, 0.1, 40)])
def test_the_interval_covers_the_truth_about_nineteen_times_in_twenty(first, second, n):
    rng = random.Random(7)
    hits = 0
    for _ in range(2000):
        pairs = [(rng.random() < first, rng.random() < second) for _ in range(n)]
        found = paired_difference(pairs)
        hits += found.low <= 100 * (first - second) <= found.high
    assert 0.93 <= hits / 2000 <= 0.975
