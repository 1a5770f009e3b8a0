from __future__ import annotations

import pytest

from crlft.conversation import ToolCall, Turn
from workbench.curate.dedupe import (
    Document,
    DuplicateResult,
    Found,
    Member,
    Members,
    NearSettings,
    Pair,
    Pairs,
    Reading,
    decide,
    find_exact,
    in_blocks,
    sides,
)
from workbench.curate.dedupe import find_near as search_near
from workbench.curate.dedupe.folding import words
from workbench.curate.dedupe.texts import digest
from workbench.domain.errors import PlanError

LONG = "tell me which of the two big warehouses by the harbour still keeps the old blue lamps in stock today"


def documents(*texts: tuple[str, ...] | str) -> list[Document]:
    pieces = [(t,) if isinstance(t, str) else t for t in texts]
    return [Document(i, p) for i, p in enumerate(pieces, 1)]


def find_near(found: list[Document], settings: NearSettings | None = None, threshold: float = 0.8) -> Found:
    return search_near(in_blocks(found), settings, threshold=threshold)


def result(
    pairs: list[Pair], members: dict[int, int], threshold: float = 0.8, **fields: object
) -> DuplicateResult:
    return DuplicateResult(
        method="near",
        part=fields.pop("part", "conversation"),  # type: ignore[arg-type]
        threshold=threshold,
        floor=0.5,
        considered=len(members),
        members=Members.of(members),
        pairs=Pairs.of(pairs),
        **fields,  # type: ignore[arg-type]
    )


def member(seq: int, **fields: object) -> Member:
    known = {"class_name": None, "reward": None, "status": "pending", "answer_tokens": 10} | fields
    return Member(seq, f"uid{seq}", 0, drop_reason="", arrived_at="", **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World-wide_web 2.0!", ["hello", "world", "wide", "web", "2", "0"]),
        ("ＡＢＣ Straße café", ["abc", "strasse", "café"]),
        ("GPT4模型很好。", ["gpt4", "模", "型", "很", "好"]),
        ("東京タワー 서울", ["東", "京", "タ", "ワ", "ー", "서", "울"]),
        ("…!?", []),
    ],
)
def test_words_even_out_case_and_width_and_split_unspaced_scripts(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_figures_are_numbers_and_signs_between_them_in_any_order() -> None:
    texts = [
        "7 - 3 is 4, not 1,000.5",
        "4 is 7 - 3, not 1,000.5",
        "7 + 3 is 4, not 1,000.5",
        "7 - 3 is 4, not 1,0005",
    ]
    one, same, sign, number = digest(texts).figures.tolist()
    assert one == same
    assert len({one, sign, number}) == 3
    assert digest(["a well-known fact", "twenty-one"]).figures.tolist() == [0, 0]


def test_a_long_shared_question_does_not_make_two_answers_alike() -> None:
    found = find_near(documents((LONG, "the northern one keeps them"), (LONG, "nobody sells such lamps any more")))
    assert len(found.pairs) == 0
    same = find_near(
        documents((LONG, "the northern one keeps them"), (LONG + " thanks", "The northern one keeps them"))
    )
    assert [(p.a, p.b) for p in same.pairs] == [(1, 2)]
    assert next(iter(same.pairs)).score > 0.9


def test_different_numbers_or_signs_in_short_texts_are_no_duplicates() -> None:
    question = "my grandmother in the village would like to know how much is 7 {} {} if nothing else is bought"
    found = find_near(documents(*(question.format(*x) for x in (("+", 4), ("-", 4), ("+", 5), ("+", 4)))))
    assert len(found.pairs) == 0
    assert found.members.as_dict() == {1: 1, 4: 1}


def test_short_texts_compare_exactly_and_wordless_ones_never() -> None:
    found = find_near(documents("Thanks a lot!", "thanks a LOT!", "thanks a lot", "", "", "ok", "ok", "…", "…"))
    assert found.members.as_dict() == {1: 1, 2: 1}
    assert len(found.pairs) == 0
    assert find_exact(in_blocks(documents("", "", "ok", "ok", "so be it", "so be it"))).members.as_dict() == {
        5: 5,
        6: 5,
    }


def test_chinese_is_compared_character_by_character() -> None:
    found = find_near(
        documents(
            "请问今天下午北京的天气怎么样，适合出去散步吗", "请问今天下午北京的天气怎么样，适合出去散步吗？谢谢"
        )
    )
    assert next(iter(found.pairs)).score > 0.85
    assert find_near(documents("他昨天买了三本关于历史的书", "我们明天去公园里看樱花吧")).pairs.a.tolist() == []


def test_big_buckets_are_compared_within() -> None:
    texts = [f"{LONG} {chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(150)]
    found = find_near(documents(*texts))
    assert len(found.pairs) == 150 * 149 / 2


def test_too_many_pairs_raise_the_floor_and_say_so() -> None:
    texts = [" ".join(LONG.split()[: 12 + i % 8]) + f" {chr(65 + i)}{chr(97 + i % 26)}" for i in range(40)]
    every = find_near(documents(*texts), NearSettings(floor=0.5))
    few = find_near(documents(*texts), NearSettings(floor=0.5, most_pairs=100), threshold=0.8)
    assert every.floor == 0.5
    assert 0.5 < few.floor <= 0.8
    assert list(few.pairs) == [p for p in every.pairs if p.score >= few.floor]


def test_tool_calls_are_part_of_what_was_answered() -> None:
    turns = (
        Turn("user", "weather?"),
        Turn("assistant", "", tool_calls=(ToolCall("weather", '{"city": "Oslo"}'),)),
    )
    assert "Oslo" in sides(turns, "conversation")[1]
    assert sides(turns, "prompt") == ("weather?",)
    assert sides((Turn("user", "hi"),), "answer") == ("",)


def shingles(texts: list[str], reading: Reading | None = None) -> list[list[int]]:
    found = digest(texts, reading)
    return [found.hashes[a : a + n].tolist() for a, n in zip(found.begins, found.counts, strict=True)]


def test_shingles_are_distinct_and_stable() -> None:
    one, same, short, empty, again = shingles(["a b c d a b c d", "A, b. c d a b c d", "x", "", "a b c d a b c d"])
    assert (len(one), len(set(one))) == (4, 4)
    assert one == same == again
    assert (len(short), len(empty)) == (1, 0)
    assert digest(["a b c d a b c d", "x", ""]).words.tolist() == [8, 1, 0]


def test_texts_of_any_length_stand_together() -> None:
    texts = [" ".join(f"w{i}" for i in range(n)) for n in (700, 300, 1_500, 1_100, 520)]
    assert [len(found) for found in shingles(texts)] == [699, 299, 1_499, 1_099, 519]


def test_long_words_differ_wherever_they_differ() -> None:
    base = "x" * 40
    texts = [f"a b {base[:i]}y{base[i:]} c" for i in range(40)] + [f"a b {'x' * n} c" for n in (300, 301)]
    assert len({tuple(found) for found in shingles(texts)}) == len(texts)


def test_shingles_of_signs_see_a_letter_where_shingles_of_words_see_a_word() -> None:
    by_sign = Reading(width=5, by_character=True)
    one, other = (set(found) for found in shingles(["the blue lamps, here", "the blue lamp here"], by_sign))
    assert len(one & other) > len(one | other) / 2
    assert digest(["don't go", "北京"], by_sign).words.tolist() == [3, 2]


def test_punctuation_counts_unless_it_is_asked_not_to() -> None:
    texts = ["Well, so be it!", "well so be it", "well so be that"]
    strict, loose = digest(texts).keys.tolist(), digest(texts, Reading(punctuation=False)).keys.tolist()
    assert len(set(map(tuple, strict))) == 3
    assert loose[0] == loose[1] != loose[2]


def test_groups_follow_the_threshold_without_a_new_search() -> None:
    found = result([Pair(1, 2, 0.95), Pair(2, 3, 0.82), Pair(4, 5, 0.6)], {i: i for i in range(1, 6)} | {6: 4})
    assert [(g.id, g.seqs, g.lowest) for g in found.groups] == [(1, (1, 2, 3), 0.82), (4, (4, 6), 1.0)]
    assert [g.seqs for g in found.rethreshold(0.9).groups] == [(1, 2), (4, 6)]
    assert [g.seqs for g in found.rethreshold(0.6).groups] == [(1, 2, 3), (4, 5, 6)]
    assert found.duplicates == 3
    assert found.score(6, 5) == found.score(5, 4) == 0.6
    assert [p.score for p in found.least_similar(1)] == [0.82]
    assert [p.score for p in found.most_similar_below(1)] == [0.6]
    assert sum(n for _, n in found.histogram()) == 4
    with pytest.raises(PlanError, match=r"outside 0\.5 to 1"):
        found.rethreshold(0.4)


def test_what_is_gone_no_longer_links_others() -> None:
    found = result([Pair(1, 2, 0.9), Pair(2, 3, 0.9)], {1: 1, 2: 2, 3: 3, 4: 2})
    assert [g.seqs for g in found.without({2}).groups] == [(1, 3, 4)]
    assert found.without({2, 4}).groups == ()
    assert [(g.id, g.seqs) for g in found.without({1}).groups] == [(2, (2, 3, 4))]


def test_a_chain_is_cut_where_its_ends_are_not_alike() -> None:
    found = result([Pair(1, 2, 0.85), Pair(2, 3, 0.85)], {1: 1, 2: 2, 3: 3})
    members = {i: member(i, answer_tokens=10 - i) for i in (1, 2, 3)}
    decisions = {d.seq: d for d in decide(found, found.groups[0], members)}
    assert decisions[1].kept
    assert decisions[3].kept
    assert (decisions[2].copy_of, decisions[2].why) == (1, "duplicate of uid1 at 0.85")
    by_hand = {d.seq: d.copy_of for d in decide(found, found.groups[0], members, by_hand=2)}
    assert by_hand == {1: 2, 2: None, 3: 2}


def test_keep_prefers_class_then_length_then_newest() -> None:
    found = result([], {1: 1, 2: 1, 3: 1, 4: 1})
    members = {
        1: member(1, reward=0.1, answer_tokens=90),
        2: member(2, reward=1.0, answer_tokens=20),
        3: member(3, reward=1.0, answer_tokens=20),
        4: member(4, answer_tokens=99),
    }

    def kept(policy: str) -> list[int]:
        return [d.seq for d in decide(found, found.groups[0], members, policy) if d.kept]

    assert [kept(p) for p in ("best", "longest", "newest", "first")] == [[3], [4], [4], [1]]


def test_duplicated_prompts_across_classes_are_a_contrast_and_stay() -> None:
    found = result([], {1: 1, 2: 1, 3: 1}, part="prompt", classes={1: "expert", 2: "sub", 3: "sub"})
    members = {1: member(1, class_name="expert"), 2: member(2, class_name="sub"), 3: member(3, class_name="sub")}
    assert {d.seq: d.copy_of for d in decide(found, found.groups[0], members)} == {3: None, 2: 3, 1: None}
    assert found.conflicts == ()


def test_equal_conversations_of_different_classes_are_a_conflict() -> None:
    found = result([], {1: 1, 2: 1, 3: 3, 4: 3}, classes={1: "expert", 2: "sub", 3: None, 4: "sub"})
    assert found.conflicts == (1,)
