"""Every conversation is trained on exactly once an epoch, and every step holds the classes in proportion."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crlft.batching import micro_batches, plan_epoch, plan_steps

lengths = st.lists(st.integers(1, 400), min_size=1, max_size=120)


@given(lengths, st.integers(1, 3000), st.integers(0, 5), st.integers(0, 3), st.data())
def test_an_epoch_is_a_partition(sizes, step_tokens, seed, epoch, data):
    classes = data.draw(st.lists(st.sampled_from("abc"), min_size=len(sizes), max_size=len(sizes)))
    steps = plan_epoch(sizes, classes, step_tokens=step_tokens, seed=seed, epoch=epoch)
    assert all(steps)
    assert Counter(i for step in steps for i in step) == Counter(range(len(sizes)))
    assert steps == plan_epoch(sizes, classes, step_tokens=step_tokens, seed=seed, epoch=epoch)


@given(lengths, st.integers(1, 500))
def test_micro_batches_partition_a_step_within_their_budget(sizes, budget):
    parts = micro_batches(range(len(sizes)), sizes, budget)
    assert Counter(i for part in parts for i in part) == Counter(range(len(sizes)))
    for part in parts:
        assert len(part) == 1 or max(sizes[i] for i in part) * len(part) <= budget


@given(st.integers(1, 40), st.integers(1, 60))
def test_exactly_the_steps_that_were_asked_for(n, steps):
    plan = plan_steps([10] * n, ["a"] * n, step_tokens=50, seed=1, steps=steps)
    assert len(plan.steps) == steps
    whole = steps // plan.steps_per_epoch
    assert set(Counter(i for step in plan.steps for i in step).values()) <= {whole, whole + 1}


def test_two_conversations_make_a_step_however_large_it_should_be():
    assert plan_steps([5, 5], ["a", "b"], step_tokens=10_000, seed=0, epochs=1).steps_per_epoch == 1


def test_steps_hold_the_classes_in_proportion():
    sizes = [30 + i % 40 for i in range(4000)]
    classes = ["expert" if i % 10 == 0 else "sub" for i in range(4000)]
    steps = plan_epoch(sizes, classes, step_tokens=2000, seed=3, epoch=0)
    shares = [
        sum(sizes[i] for i in step if classes[i] == "expert") / sum(sizes[i] for i in step) for step in steps
    ]
    assert 0.03 < min(shares)
    assert max(shares) < 0.2


def test_a_step_holds_conversations_of_similar_length():
    sizes = [10 + (i * 37) % 200 for i in range(3000)]
    steps = plan_epoch(sizes, ["a"] * 3000, step_tokens=3000, seed=0, epoch=0)
    parts = [part for step in steps for part in micro_batches(step, sizes, 2000)]
    padded = sum(max(sizes[i] for i in part) * len(part) for part in parts)
    assert padded / sum(sizes) < 1.15
