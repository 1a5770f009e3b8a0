"""What every database backend must do; parametrised by backend, of which there is one so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crlft.conversation import Conversation, ToolCall, Turn
from tests.contract.store_world import counts_agree, make_project, make_record, numbered
from workbench.domain.errors import QueryError
from workbench.services import browsing
from workbench.services.project import Project
from workbench.store import schema
from workbench.store.conversations import get_record, insert_records

BACKENDS: dict[str, Callable[[Path], Project]] = {"sqlite": lambda folder: make_project(folder / "project")}


@pytest.fixture(params=sorted(BACKENDS))
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    made = BACKENDS[request.param](tmp_path)
    yield made
    made.close()


def insert(project: Project, *records: object) -> list[int]:
    with project.database.write() as connection:
        return insert_records(connection, list(records)).seqs  # type: ignore[arg-type]


def ids(project: Project, query: str) -> list[int]:
    """What a query finds, asked in every way there is; all must agree."""
    page = browsing.search(project, query, limit=100)
    found = browsing.matching_seqs(project, query)
    assert [r.seq for r in page.items] == found[::-1]
    assert page.total == len(found)
    assert [r.seq for r in browsing.iterate_records(project, query)] == found
    return found


def test_a_record_comes_back_as_it_went_in(project: Project) -> None:
    record = make_record(
        "",
        "",
        turns=(
            Turn("system", "be brief"),
            Turn("user", "weather? 天气\x00 \U0001f600"),
            Turn("assistant", "", reasoning="look it up", tool_calls=(ToolCall("get", '{"a": broken', "c1"),)),
            Turn("tool", "12°", tool_call_id="c1", name="get"),
            Turn("assistant", "12 degrees", excluded=True),
        ),
        id="row-7",
        class_name="expert",
        coarse_reward=0.25,
        tools='[{"name": "get"}]',
        source="gpt4",
        language="en",
        metadata={"b": [1, None, {"x": 1.5}], "a": "é"},
        status="kept",
        round=3,
        comment="good",
        tagged_by="import",
        flags=("refusal", "short"),
        provenance={"file": "x.json", "row": 7},
        arrived_at="2026-01-01T00:00:00Z",
    )
    (seq,) = insert(project, record)
    with project.database.read() as connection:
        stored = get_record(connection, record.uid)
        assert stored == get_record(connection, seq)
    assert stored is not None
    assert stored.conversation == record.conversation
    fields = [f for f in type(record).__dataclass_fields__ if f != "seq"]
    assert {f: getattr(stored, f) for f in fields} == {f: getattr(record, f) for f in fields}


def test_the_same_id_is_stored_once(project: Project) -> None:
    first, second = numbered(2)
    assert insert(project, first) == [1]
    with project.database.write() as connection:
        result = insert_records(connection, [first, second, second])
    assert result.seqs == [2]
    assert result.already_there == 2
    with project.database.read() as connection:
        assert counts_agree(connection)


def test_half_surrogates_do_no_harm(project: Project) -> None:
    turns = (Turn("user", "x \ud83d y"), Turn("assistant", "answer \udc00"))
    broken = Conversation(turns, source="s\ud800", metadata={"k": "\ud800"})
    bad = replace(make_record("x", "y"), conversation=broken, drop_reason="\udfff")
    (seq,) = insert(project, bad)
    stored = browsing.get_record(project, seq)
    assert stored.conversation.turns == bad.conversation.turns
    assert stored.conversation.metadata == bad.conversation.metadata
    assert ids(project, "answer") == [seq]


@pytest.fixture(scope="module", params=sorted(BACKENDS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Five conversations to ask about; no test changes them."""
    project = BACKENDS[request.param](tmp_path_factory.mktemp("world"))
    insert(
        project,
        make_record("capital of France?", "Paris, of course", source="GPT4", language="en", class_name="expert"),
        make_record(
            "今天天气怎么样", "今天是晴天", source="gpt-3.5", language="zh", class_name="sub", status="kept"
        ),
        make_record("한국의 수도는?", "서울입니다", source="gpt-3.5", language="ko", round=2),
        make_record(
            "東京は?", "日本の首都 Tokyo", source="", language="ja", status="dropped", drop_reason="too_short%"
        ),
        make_record(
            "don't panic",
            "naïve Café answer",
            source="crowd",
            class_name="sub",
            coarse_reward=0.7,
            tagged_by="ann",
            flags=("refusal",),
            turns=(Turn("user", "don't panic"),) * 3 + (Turn("assistant", "naïve Café answer"),),
        ),
    )
    with project.database.write() as connection:
        connection.execute(
            schema.map_points.insert(),
            [
                {"seq": 1, "x": 0, "y": 0, "cluster": 3},
                {"seq": 2, "x": 0, "y": 0, "cluster": -1},
            ],
        )
        connection.execute(schema.duplicate_results.insert(), [{"id": 1}, {"id": 2}])
        connection.execute(
            schema.duplicate_members.insert(),
            [
                {"result_id": 1, "seq": 5, "rep": 5, "group_id": 5},
                {"result_id": 2, "seq": 1, "rep": 1, "group_id": 1},
                {"result_id": 2, "seq": 3, "rep": 1, "group_id": 1},
                {"result_id": 2, "seq": 4, "rep": 4, "group_id": None},
            ],
        )
    yield project
    project.close()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3, 4, 5]),
        # words and phrases
        ("paris", [1]),
        ("PARIS", [1]),
        ('"of course"', [1]),
        ('"course of"', []),
        ("course of", [1]),
        ("cafe naive", [5]),
        ("don't", [5]),
        ("par*", [1]),
        ("-paris", [2, 3, 4, 5]),
        ("of -course", []),
        ('-"of course" -晴', [3, 4, 5]),
        # scripts without spaces
        ("天气", [2]),
        ("气天", []),
        ("今天", [2]),
        ("首都", [4]),
        ("서울", [3]),
        ("수도", [3]),
        ("京", [4]),
        ("首都 tokyo", [4]),
        # dimensions
        ("source:gpt4", [1]),
        ("source:GPT*", [1, 2, 3]),
        ("source:none", [4]),
        ("source:any", [1, 2, 3, 5]),
        ("source:crowd,none", [4, 5]),
        ("-source:gpt*", [4, 5]),
        ("source:nobody", []),
        ("-source:nobody", [1, 2, 3, 4, 5]),
        ("class:none", [3, 4]),
        ("class:any", [1, 2, 5]),
        ("class:sub,none", [2, 3, 4, 5]),
        ("-class:sub", [1, 3, 4]),
        ("-class:none", [1, 2, 5]),
        ("status:kept", [2]),
        ("-status:dropped,kept", [1, 3, 5]),
        ("lang:zh,ko", [2, 3]),
        ("lang:none", [5]),
        ("round:2", [3]),
        ("round<2", [1, 2, 4, 5]),
        ("-round>=2", [1, 2, 4, 5]),
        # numbers
        ("turns>2", [5]),
        ("turns:2", [1, 2, 3, 4]),
        ("-turns:2", [5]),
        ("reward:1", [1]),
        ("reward:0.7", [5]),
        ("reward<0.5", [2]),
        ("-reward<0.5", [1, 3, 4, 5]),
        ("reward:none", [3, 4]),
        ("-reward:any", [3, 4]),
        # the rest
        ("reason:too_short*", [4]),
        ("reason:tooxshort*", []),
        ("reason:any", [4]),
        ("by:ANN", [5]),
        ("by:none", [1, 2, 3, 4]),
        ("flag:refusal", [5]),
        ("flag:ref", []),
        ("flag:ref*", [5]),
        ("flag:any", [5]),
        ("-flag:refusal", [1, 2, 3, 4]),
        ("cluster:3", [1]),
        ("cluster:none", [2, 3, 4, 5]),
        ("-cluster:any", [2, 3, 4, 5]),
        ("dup:1", [1, 3]),
        ("dup:any", [1, 3]),
        ("dup:5", []),
        ("dup:none", [2, 4, 5]),
        # together
        ("source:gpt* lang:zh 天气 -tokyo", [2]),
        ("paris reward:1 class:expert turns<3", [1]),
    ],
)
def test_what_a_query_finds(world: Project, query: str, expected: list[int]) -> None:
    assert ids(world, query) == expected


def test_a_prompt_and_an_id_find_their_conversations(world: Project) -> None:
    record = browsing.get_record(world, 2)
    assert ids(world, f"prompt:{record.prompt_hash}") == [2]
    assert ids(world, f"id:{record.uid}") == ids(world, f"id:{record.uid[:7].upper()}*") == [2]
    assert [s.seq for s in browsing.siblings(world, record.prompt_hash)] == [2]


def test_an_unknown_class_is_refused_with_its_place(world: Project) -> None:
    with pytest.raises(QueryError, match=r"no class 'expret'.*expert, sub") as caught:
        browsing.search(world, "paris class:expret")
    assert caught.value.position == 6


@pytest.mark.parametrize("order", ["newest", "oldest", "longest", "shortest", "random"])
@pytest.mark.parametrize("query", ["", "number", "source:a"])
def test_pages_follow_each_other_without_gap_or_repeat(project: Project, order: str, query: str) -> None:
    insert(project, *[make_record(f"number {i}", "word " * (i % 3), source="a") for i in range(11)])
    whole = [r.seq for r in browsing.search(project, query, limit=50, order=order).items]
    assert sorted(whole) == list(range(1, 12))
    paged: list[int] = []
    after = None
    while True:
        page = browsing.search(project, query, limit=3, after=after, order=order)
        assert page.total == 11
        paged += [r.seq for r in page.items]
        after = page.next_after
        if after is None:
            break
    assert paged == whole


def test_facets_leave_a_fields_own_terms_out(world: Project) -> None:
    plain = browsing.facets(world)
    assert plain["status"] == [("pending", 3), ("dropped", 1), ("kept", 1)]
    assert plain["class"] == [("none", 2), ("sub", 2), ("expert", 1)]
    chosen = browsing.facets(world, "source:gpt-3.5")
    assert dict(chosen["source"]) == {"gpt-3.5": 2, "GPT4": 1, "crowd": 1, "none": 1}
    assert dict(chosen["lang"]) == {"zh": 1, "ko": 1}
    texts = browsing.facets(world, "-paris turns<3 source:gpt*")
    assert dict(texts["lang"]) == {"zh": 1, "ko": 1}
    assert dict(texts["source"]) == {"gpt-3.5": 2, "none": 1}
