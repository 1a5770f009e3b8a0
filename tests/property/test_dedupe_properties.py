"""Groups do not depend on the order of arrival; nothing that is kept is a duplicate of another that is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.curate.dedupe import (
    Document,
    DuplicateResult,
    Member,
    NearSettings,
    Reading,
    decide,
    find_exact,
    find_near,
    in_blocks,
    near_among,
)
from workbench.curate.dedupe.corpus import gather, signed
from workbench.curate.dedupe.exact import exact_keys
from workbench.curate.dedupe.texts import digest
from workbench.curate.text import normalise

WORDS = "red blue lamp boat hill river stone bread seven lemon cloud paper 灯 船 山".split()
sentences = st.lists(st.sampled_from(WORDS), min_size=0, max_size=14).map(" ".join)


@st.composite
def corpora(draw: st.DrawFn) -> list[Document]:
    """Random texts, and edited copies of them, in random order."""
    texts = draw(st.lists(sentences, min_size=1, max_size=6))
    for _ in range(draw(st.integers(0, 6))):
        copy = draw(st.sampled_from(texts)).split()
        if copy and draw(st.booleans()):
            copy[draw(st.integers(0, len(copy) - 1))] = draw(st.sampled_from(WORDS))
        texts.append(" ".join(copy))
    seqs = draw(st.permutations(range(1, len(texts) + 1)))
    return [Document(seq, (text,)) for seq, text in zip(seqs, texts, strict=True)]


def search(documents: list[Document], threshold: float = 0.6) -> DuplicateResult:
    found = find_near(in_blocks(documents), threshold=threshold)
    return DuplicateResult("near", "answer", threshold, found.floor, found.considered, found.members, found.pairs)


@given(corpora(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_does_not_matter(documents: list[Document], random: object) -> None:
    shuffled = list(documents)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = search(documents), search(shuffled)
    assert (one.groups, one.pairs, one.members) == (other.groups, other.pairs, other.members)


@given(corpora(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_exact_groups_are_the_near_ones_at_one_in_any_order(documents: list[Document], random: object) -> None:
    shuffled = list(documents)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = find_exact(in_blocks(documents)), find_exact(in_blocks(shuffled))
    assert (one.members, one.considered) == (other.members, other.considered)
    reps = search(documents).members.as_dict()
    assert one.members.as_dict() == {s: r for s, r in reps.items() if list(reps.values()).count(r) > 1}


@given(corpora(), st.sampled_from(["best", "longest", "newest", "first"]))
@settings(max_examples=60, deadline=None)
def test_searching_what_is_kept_finds_nothing(documents: list[Document], keep: str) -> None:
    result = search(documents)
    members = {d.seq: Member(d.seq, "", 0, None, None, "pending", "", len(d.sides[0]), "") for d in documents}
    decisions = [d for g in result.groups for d in decide(result, g, members, keep)]
    dropped = {d.seq for d in decisions if not d.kept}
    for decision in decisions:
        assert decision.kept or result.score(decision.seq, decision.copy_of or 0) >= result.threshold
        assert decision.copy_of not in dropped
    again = search([d for d in documents if d.seq not in dropped])
    left = [d for g in again.groups for d in decide(again, g, members, keep) if not d.kept]
    assert left == []


@given(corpora(), st.sampled_from([0.5, 0.7, 0.8, 0.95, 1.0]))
@settings(deadline=None)
def test_regrouping_is_what_a_new_search_finds(documents: list[Document], threshold: float) -> None:
    regrouped = search(documents, 0.5).rethreshold(threshold)
    fresh = search(documents, threshold)
    assert regrouped.groups == fresh.groups
    members = [seq for g in regrouped.groups for seq in g.seqs]
    assert len(members) == len(set(members))


@given(corpora(), st.integers(0, 12))
@settings(deadline=None)
def test_what_was_compared_before_need_not_be_compared_again(documents: list[Document], before: int) -> None:
    near = NearSettings(threads=1)
    block = gather(signed(in_blocks(documents), near))
    assert block is not None
    every, some = np.arange(len(documents)), np.arange(min(before, len(documents)))
    _, known = near_among(block, block.seqs[some], some, near)
    found, compared = near_among(block, block.seqs, every, near, known=known)
    fresh, from_nothing = near_among(block, block.seqs, every, near)
    assert (found.pairs, found.members) == (fresh.pairs, fresh.members)
    assert compared.scores.tolist() == from_nothing.scores.tolist()
    fewer, _ = near_among(block, block.seqs[some], some, near, known=compared)
    assert fewer.pairs == near_among(block, block.seqs[some], some, near)[0].pairs


@given(corpora(), st.sampled_from([2, 3, 5]))
@settings(max_examples=30, deadline=None)
def test_threads_do_not_matter(documents: list[Document], threads: int) -> None:
    blocks = [block for document in documents for block in in_blocks([document])]
    one, many = (find_near(blocks, NearSettings(threads=n), threshold=0.6) for n in (1, threads))
    assert (one.pairs, one.members) == (many.pairs, many.members)


@given(corpora())
@settings(deadline=None)
def test_scores_are_symmetric_and_true(documents: list[Document]) -> None:
    result = search(documents)
    for a in documents:
        for b in documents:
            assert result.score(a.seq, b.seq) == result.score(b.seq, a.seq)
    assert replace(result, threshold=1.0).groups == result.rethreshold(1.0).groups


exact_keys(["灯"])
digest(["灯 the tables are made and the loops compiled once, outside any example's deadline"])
SPECIAL = "aZ 9\u0301…\uff76\uff9eﬁ½\u1100\u1161\u00a0\u3000"
MIXED = st.text(st.characters(codec="utf-16") | st.sampled_from(SPECIAL))


@given(st.lists(MIXED, min_size=1, max_size=6))
@settings(deadline=None)
def test_keys_are_equal_where_the_normalised_texts_are(texts: list[str]) -> None:
    texts = texts + [f" {text.upper()}\u3000" for text in texts if text.isascii()]
    keys = list(map(tuple, digest(texts).keys.tolist()))
    even = list(map(normalise, texts))
    for i, one in enumerate(even):
        for j, other in enumerate(even):
            assert (keys[i] == keys[j]) == (one == other)


@given(st.lists(MIXED, min_size=1, max_size=6), st.booleans())
@settings(deadline=None)
def test_exact_keys_part_texts_as_reading_them_whole_does(texts: list[str], punctuation: bool) -> None:
    texts = texts + [f" {text.upper()}\u3000" for text in texts] + [text.replace("Z", "-") for text in texts]
    keys, words = exact_keys(texts, punctuation=punctuation)
    read = digest(texts, Reading(punctuation=punctuation))
    assert words.tolist() == np.minimum(read.words, 2).tolist()
    alike = (keys[:, None] == keys[None]).all(axis=2)
    assert (alike == (read.keys[:, None] == read.keys[None]).all(axis=2)).all()
    assert (exact_keys(pa.array(texts, pa.string()), punctuation=punctuation)[0] == keys).all()


@given(st.lists(MIXED, min_size=1, max_size=6), st.booleans())
@settings(deadline=None)
def test_texts_are_read_alike_alone_and_together_and_from_arrow(texts: list[str], by_character: bool) -> None:
    reading = Reading(by_character=by_character)
    together = digest(texts, reading)
    for i, text in enumerate(texts):
        alone = digest([text], reading)
        begin = together.begins[i]
        assert together.hashes[begin : begin + together.counts[i]].tolist() == alone.hashes.tolist()
        assert together.keys[i].tolist() == alone.keys[0].tolist()
        assert together.figures[i] == alone.figures[0]
        assert together.words[i] == alone.words[0]
    assert digest(pa.array(texts, pa.string()), reading).keys.tolist() == together.keys.tolist()
