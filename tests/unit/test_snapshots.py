from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from crlft.conversation import Turn
from crlft.snapshot import read_snapshot
from tests.contract.store_world import make_project, make_record, numbered
from workbench.domain.errors import NotFound, PlanError, QueryError, WorkbenchError
from workbench.services import browsing, curation, snapshots
from workbench.services.project import Project

RECORDS = [
    make_record("hello", "an expert answer", source="gpt4", language="en", class_name="expert"),
    make_record(
        "你好", "回答", source="crowd", language="zh", class_name="sub", status="kept", metadata={"k": [1]}
    ),
    make_record("third", "sub answer", class_name="sub", coarse_reward=0.5, round=2),
    make_record("untagged", "nobody looked"),
    make_record("bad", "dropped answer", class_name="sub", status="dropped", drop_reason="bad"),
]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project", RECORDS)


def test_it_holds_what_is_tagged_and_not_dropped(project: Project) -> None:
    plan = snapshots.plan_snapshot(project)
    assert (plan.conversations, plan.left_out_untagged, plan.left_out_dropped) == (3, 1, 1)
    assert [(c.name, c.conversations) for c in plan.classes] == [("expert", 1), ("sub", 2)]
    assert sum(c.mass_share for c in plan.classes) == pytest.approx(1)
    made = snapshots.make_snapshot(project, "round-1", actor="ann")
    assert made == snapshots.get_snapshot(project, "round-1")
    assert (made.conversations, made.classes, made.round) == (3, {"expert": 1, "sub": 2}, 1)
    scheme, conversations = read_snapshot(made.path)
    assert scheme == curation.class_scheme(project)
    stored = {r.uid: r.conversation for r in browsing.iterate_records(project, "class:any -status:dropped")}
    assert conversations == [stored[uid] for uid in sorted(stored)]


def test_the_columns_for_people_agree_with_the_conversations(project: Project) -> None:
    made = snapshots.make_snapshot(project, "s", actor="ann")
    table = pd.read_parquet(made.path / "data.parquet").set_index("source")
    own = table.loc[""]
    assert (own["class"], own["condition"], own["reward"], own["round"]) == ("sub", "GPT3 Correct", 0.5, 2)
    assert own["loss_weight"] == pytest.approx(curation.class_scheme(project).loss_weight("sub", 0.5))
    assert [dict(m) for m in table.loc["crowd"]["messages"]] == [
        {"role": "user", "content": "你好"},
        {"role": "assistant", "content": "回答"},
    ]
    assert json.loads(table.loc["crowd"]["conversation"])["metadata"] == {"k": [1]}
    assert table["supervised_tokens"].sum() == made.supervised_tokens


def test_datasets_reads_it(project: Project, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    made = snapshots.make_snapshot(project, "s", actor="ann")
    file = str(made.path / "data.parquet")
    loaded = datasets.load_dataset("parquet", data_files=file, split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == 3
    assert loaded.features["loss_weight"].dtype == "float32"
    assert set(loaded["class"]) == {"expert", "sub"}


def test_the_hash_is_of_the_content_alone(project: Project, tmp_path: Path) -> None:
    first = snapshots.make_snapshot(project, "a", actor="ann")
    other = make_project(tmp_path / "other", RECORDS[::-1])
    same = snapshots.make_snapshot(other, "b", actor="bob")
    assert first.hash == same.hash
    assert (first.path / "data.parquet").read_bytes() == (same.path / "data.parquet").read_bytes()
    curation.apply_plan(project, curation.plan_edit(project, 1, 1, "an expert answer."), actor="ann")
    edited = snapshots.make_snapshot(project, "c", actor="ann")
    curation.undo(project, actor="ann")
    curation.set_class(project, "sub", reward=0.2, actor="ann")
    reweighted = snapshots.make_snapshot(project, "d", actor="ann")
    assert len({first.hash, edited.hash, reweighted.hash}) == 3
    other.close()


def test_it_never_changes(project: Project) -> None:
    made = snapshots.make_snapshot(project, "s", actor="ann")
    content = (made.path / "data.parquet").read_bytes()
    assert {f.stat().st_mode & 0o222 for f in made.path.iterdir()} == {0}
    curation.apply_plan(project, curation.plan_tag(project, "expert", query=""), actor="ann")
    with pytest.raises(PlanError, match="there is a snapshot 's' already"):
        snapshots.make_snapshot(project, "s", actor="ann")
    assert (made.path / "data.parquet").read_bytes() == content


def test_a_query_narrows_it(project: Project) -> None:
    made = snapshots.make_snapshot(project, "kept", query="status:kept", actor="ann")
    assert (made.conversations, made.query) == (1, "status:kept")
    with pytest.raises(QueryError):
        snapshots.plan_snapshot(project, "kept:yes")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("source:nobody", "no conversation matches"),
        ("class:none", "1 matching conversations are untagged and 0 dropped"),
        ("status:dropped", "0 matching conversations are untagged and 1 dropped"),
    ],
)
def test_an_empty_one_is_refused(project: Project, query: str, said: str) -> None:
    (fault,) = snapshots.plan_snapshot(project, query).faults
    assert said in fault
    with pytest.raises(PlanError, match="nothing to hold"):
        snapshots.make_snapshot(project, "s", query=query, actor="ann")
    assert list(project.snapshots.iterdir()) == []


def test_what_spoils_training_is_warned_of(project: Project) -> None:
    (one_class,) = snapshots.plan_snapshot(project, "class:expert").warnings
    assert "one class only (expert)" in one_class
    curation.set_class(project, "mid", condition="Mid", reward=0.5, actor="ann")
    (empty,) = snapshots.plan_snapshot(project).warnings
    assert "class 'mid' has no conversation" in empty


def test_nothing_supervised_is_warned_of(tmp_path: Path) -> None:
    turns = (Turn("user", "q"), Turn("assistant", "a", excluded=True))
    silent = [make_record("", "", turns=turns, class_name=c, source=c) for c in ("expert", "sub")]
    project = make_project(tmp_path / "silent", silent)
    assert "no token is trained on" in snapshots.plan_snapshot(project).warnings[0]
    project.close()


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "a b", "x" * 65, "-flag"])
def test_a_name_that_is_no_folder_name_is_refused(project: Project, name: str) -> None:
    with pytest.raises(PlanError, match="cannot be a snapshot's name"):
        snapshots.make_snapshot(project, name, actor="ann")


def test_a_failure_leaves_nothing_behind(project: Project) -> None:
    def fail(done: int, total: int | None) -> None:
        raise RuntimeError(f"{done} of {total}")

    with pytest.raises(RuntimeError, match="3 of 3"):
        snapshots.make_snapshot(project, "s", actor="ann", on_progress=fail)
    assert list(project.snapshots.iterdir()) == []
    assert curation.log(project) == []


def test_the_log_and_the_list_know_it(project: Project, tmp_path: Path) -> None:
    made = [snapshots.make_snapshot(project, name, actor="ann") for name in ("a", "b")]
    assert {s.name for s in snapshots.list_snapshots(project)} == {"a", "b"}
    action = curation.log(project)[0]
    assert (action.kind, action.params["hash"], action.undoable) == ("snapshot", made[1].hash, False)
    (project.snapshots / "a").rename(project.snapshots / "renamed")
    (project.snapshots / "broken").mkdir()
    assert {s.name for s in snapshots.list_snapshots(project)} == {"renamed", "b"}
    with pytest.raises(NotFound, match="no snapshot 'a'; use one of"):
        snapshots.get_snapshot(project, "a")


def test_it_is_exported_with_what_was_decided(project: Project, tmp_path: Path) -> None:
    plan = curation.plan_status(project, "kept", "all good", query="class:any -status:dropped")
    curation.apply_plan(project, plan, actor="ann")
    snapshots.make_snapshot(project, "s", actor="ann")
    report = snapshots.export_snapshot(project, "s", tmp_path / "out.jsonl", "messages")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert report.rows == len(rows) == 3
    snapshots.export_snapshot(project, "s", tmp_path / "folder", "datasets")
    assert "keep 2 conversations: all good" in (tmp_path / "folder" / "README.md").read_text()
    with pytest.raises(WorkbenchError, match="unknown format"):
        snapshots.export_snapshot(project, "s", tmp_path / "x.jsonl", "parchment")


def test_many_rows_go_through_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.services.snapshotfiles.ROWS_PER_GROUP", 10)
    records = [*numbered(25, class_name="sub"), *numbered(3, class_name="expert", source="x")]
    project = make_project(tmp_path / "many", records)
    seen: list[int] = []
    made = snapshots.make_snapshot(project, "s", actor="ann", on_progress=lambda done, _: seen.append(done))
    assert len(read_snapshot(made.path)[1]) == made.conversations == seen[-1] == 28
    project.close()
