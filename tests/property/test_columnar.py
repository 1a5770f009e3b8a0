"""The columns in memory answer as the database does: any query, order and page, through any decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from crlft.conversation import Turn
from tests.contract.store_world import make_project, make_record
from workbench.domain.curation import Plan
from workbench.services import browsing, curation, health, mapping
from workbench.services.maptexts import MAP_SETTING
from workbench.services.project import Project, open_project
from workbench.store import keeper
from workbench.store.actions import record_action, update_action
from workbench.store.changes import apply_changes
from workbench.store.conversations import insert_records
from workbench.store.schema import conversations
from workbench.store.settings import set_setting
from workbench.store.vectors import Cluster, replace_map

TERMS = (
    *("class:expert", "-class:expert", "class:none", "status:dropped", "-status:dropped", "source:a*"),
    *("round:2", "turns>2", "turns:3..", "tokens<20", "tokens:10..30", "-tokens:any", "reward<0.5", "reward:none"),
    *("reward:0.1", "-reward>0.5", "reward:0.3..0.9", "by:ann", "by:none", "-by:ANN*", "reason:d*", "reason:none"),
    *("flag:any", "-flag:refusal", "flag:ref*", "id:0*", "-id:a*", "prompt:any", "cluster:none", "dup:none"),
    *("lang:zh,en", "cat", "-cat", '"a cat"', "天气", "-天气", "number*", "like"),
)
ORDERS = ("newest", "oldest", "longest", "shortest", "random")


def records(n: int, start: int = 0) -> list[object]:
    made = []
    for i in range(start, start + n):
        answer = ("a cat " * (i % 7 + 1)) + f"number {i}" if i % 3 else f"今天天气很好 {i}"
        extra = (Turn("user", "more?"), Turn("assistant", "no")) if i % 4 == 0 else ()
        made.append(
            make_record(
                f"question {i % 11}",
                answer,
                turns=(Turn("user", f"question {i % 11}"), Turn("assistant", answer), *extra),
                class_name=("expert", "sub", None)[i % 3],
                coarse_reward=0.3 if i % 5 == 0 else None,
                source=f"{'ab'[i % 2]}{i % 4}",
                language=("en", "zh", "")[i % 3],
                round=1 + i % 2,
                status=("pending", "kept", "dropped")[i % 3],
                drop_reason=f"Double of {i}" if i % 3 == 2 else "",
                tagged_by=("ann", "", "Bob")[i % 3],
                flags=("refusal", "html") if i % 6 == 0 else (),
            )
        )
    return made


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Project, Project]]:
    """The same project twice: asked from memory, and asked from the database."""
    monkeypatch.setattr(keeper, "WORTH_IT", 1)
    from_memory = make_project(tmp_path / "project", records(60))
    from_database = open_project(tmp_path / "project")
    from_memory.database.keep_columns()
    with from_memory.database.read() as connection:
        from_memory.database.selecting(connection)
    from_memory.database.wait_for_columns()
    with from_memory.database.read() as connection:
        assert from_memory.database.selecting(connection) is not None
    yield from_memory, from_database
    from_memory.close()
    from_database.close()


def agree(memory: Project, database: Project, query: str, orders: tuple[str, ...] = ORDERS) -> None:
    for order in orders:
        after: int | None = None
        for _ in range(4):
            one = browsing.search(memory, query, order=order, limit=20, after=after)
            two = browsing.search(database, query, order=order, limit=20, after=after)
            assert [r.seq for r in one.items] == [r.seq for r in two.items], (query, order)
            assert (one.total, one.exact, one.next_after) == (two.total, two.exact, two.next_after), (query, order)
            assert one.items == two.items
            after = two.next_after
            if after is None:
                break
    assert browsing.facets(memory, query) == browsing.facets(database, query), query
    assert browsing.histograms(memory, query) == browsing.histograms(database, query), query
    assert health.dataset_health(memory, query).by_source == health.dataset_health(database, query).by_source


def test_every_term_and_order(both: tuple[Project, Project]) -> None:
    for query in ("", "tokens<20", "class:none", "cat"):
        agree(*both, query)
    for query in TERMS:
        agree(*both, query, ("newest",))


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(TERMS), min_size=2, max_size=4))
def test_terms_beside_each_other(both: tuple[Project, Project], terms: list[str]) -> None:
    agree(*both, " ".join(terms), ("newest", "shortest"))


def decisions(project: Project, turn: int) -> list[Callable[[], object]]:
    """What changes a store, one after the other."""

    def do(plan: Plan) -> None:
        if plan.affected:  # the second time round some of them have nothing left to do
            curation.apply_plan(project, plan, actor="ann")

    def arrive() -> None:
        with project.database.write() as connection:
            insert_records(connection, records(9, start=1000 * turn))

    return [
        lambda: do(curation.plan_tag(project, "sub", query="class:none")),
        lambda: do(curation.plan_status(project, "dropped", "dull", query="tokens<12 -status:dropped")),
        lambda: do(curation.plan_reward(project, 0.9, query="source:a0")),
        lambda: do(curation.plan_edit(project, 2, 1, "今天下雨, no animal here")),
        arrive,
        lambda: curation.undo(project, actor="ann"),
        lambda: do(curation.plan_tag(project, None, query="number*")),
        lambda: curation.set_rewards(project, {"expert": 1.0, "sub": 0.6 - turn / 10}, actor="ann"),
    ]


def test_what_was_decided_and_what_arrived_is_taken_over(both: tuple[Project, Project]) -> None:
    memory, database = both
    for turn, by in enumerate((memory, database), 1):  # by this process, and by another one
        for decision in decisions(by, turn):
            decision()
            for query in ("class:sub tokens>5", "天气", "-cat reward<0.7", "status:dropped by:ann"):
                agree(memory, database, query, ("newest",))


def test_an_action_that_grows_over_transactions(both: tuple[Project, Project]) -> None:
    memory, database = both
    plans = [curation.plan_status(database, "pending", seqs=seqs) for seqs in ([3], [6])]
    for number, plan in enumerate(plans):
        with database.database.write() as connection:
            if number == 0:
                action = record_action(connection, "restore", "bring back", "ann", undoable=True)
            apply_changes(connection, action.id, plan.changes, lambda _: [])
            update_action(connection, action.id, affected=number + 1)
        if number == 0:  # somebody decides in between
            curation.apply_plan(memory, curation.plan_tag(memory, "sub", seqs=[9]), actor="bob")
        agree(memory, database, "-status:dropped", ("newest",))


def test_an_older_view_of_the_store_does_not_turn_the_columns_back(both: tuple[Project, Project]) -> None:
    memory, database = both
    with memory.database.read() as old:
        old.execute(conversations.select().limit(1))  # from here on it sees this state
        curation.apply_plan(database, curation.plan_tag(database, "sub", query="class:expert"), actor="bob")
        agree(memory, database, "class:sub tokens>0", ("newest",))
        selecting = memory.database.selecting(old)
        assert selecting is not None
        before = selecting.columns.stamp
        selecting.columns.refresh(old)
        assert selecting.columns.stamp == before
    agree(memory, database, "class:sub tokens>0", ("newest",))


def test_ids_that_are_no_hashes_are_sorted_by_the_database(both: tuple[Project, Project]) -> None:
    memory, database = both
    with database.database.write() as connection:
        insert_records(connection, records(1, start=200))
        last = conversations.c.seq == 61
        connection.execute(update(conversations).where(last).values(uid="by hand"))
    agree(memory, database, "tokens>0", ("random", "newest"))


def test_the_map_is_the_same_from_memory(both: tuple[Project, Project]) -> None:
    memory, database = both
    with database.database.write() as connection:
        places = [(seq, float(seq % 7), float(seq % 5), seq % 4 - 1) for seq in range(1, 58)]
        replace_map(connection, places, [Cluster(i, f"topic {i}", 14, 3, 2) for i in range(3)])
        set_setting(connection, MAP_SETTING, {"job_id": "map-1", "embedder": "offline", "created_at": "now"})
    lasso = [(0.5, 0.5), (5.5, 0.5), (5.5, 3.5), (0.5, 3.5)]
    for query in ("", "class:expert", "-source:a* tokens>5", "cluster:1", "cat"):
        for colour, limit in (("class", 1000), ("reward", 9)):
            one, two = (mapping.load_map(p, colour, limit, query) for p in both)
            assert one == two
        found = mapping.select_polygon(memory, lasso, query)
        assert found == mapping.select_polygon(database, lasso, query)
        assert health.clusters_by_class(memory, query) == health.clusters_by_class(database, query)
    assert len(mapping.select_polygon(memory, lasso)) > 5
