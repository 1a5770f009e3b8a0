from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crlft.runfolder import RunFolder
from tests.contract.store_world import make_project, make_record
from workbench.curate.topics import name_clusters, terms_of, title
from workbench.domain.errors import PlanError
from workbench.domain.run import Job
from workbench.services import browsing, curation, jobs, mapjob, mapping
from workbench.services.mapping import in_polygon
from workbench.services.project import Project
from workbench.store.judgements import Judgement, replace_judgements

TEXTS = [
    ("how do bees make honey", "bees carry nectar to the hive"),
    ("how do bees make honey", "bees carry nectar to the hive"),
    ("how do bees find flowers", "bees see ultraviolet light"),
    ("北京的首都机场在哪", "首都机场在北京东北"),
    ("北京的首都博物馆", "首都博物馆在西边"),
]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    sources = ["a", "b", "a", "b", "a"]
    records = [
        make_record(p, a, source=s, class_name="expert" if s == "a" else None)
        for (p, a), s in zip(TEXTS, sources, strict=True)
    ]
    return make_project(tmp_path / "project", records)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Jobs that are asked for but never run; the tests play the worker."""
    status: dict[str, Any] = {"status": "running"}

    def start(runs_dir: Path, kind: str, command: Sequence[str], *, job_id: str, **fields: Any) -> str:
        status.update(id=job_id, kind=kind, title=fields["title"], params=fields["params"], command=tuple(command))
        return job_id

    def get(_project: Project, job_id: str) -> Job:
        assert job_id == status["id"]
        return Job(**status)

    monkeypatch.setattr(mapjob, "start_job", start)
    monkeypatch.setattr(jobs, "get_job", get)
    monkeypatch.setattr(jobs, "job_folder", lambda p, job_id: p.runs / job_id)
    monkeypatch.setattr(jobs, "all_jobs", lambda p, kind: [Job(**status)] if "id" in status else [])
    return status


def play_worker(project: Project, job: Job, *, finish: bool = True) -> list[int]:
    """Write what the worker writes: one vector a text; points on a line in order of arrival."""
    folder = RunFolder(project.runs / job.id)
    lines = (folder.path / "texts.jsonl").read_text(encoding="utf-8").splitlines()
    seqs = [int(line.split(":")[1].split(",")[0]) for line in lines]
    np.save(folder.path / "seqs.npy", np.array(seqs, dtype=np.int64))
    np.save(folder.path / "vectors.npy", np.eye(len(seqs), 4, dtype=np.float16))
    if finish:
        np.save(folder.path / "coords.npy", np.array([[s, 0.5] for s in seqs], dtype=np.float32))
        np.save(folder.path / "clusters.npy", np.array([int(s > 3) for s in seqs], dtype=np.int32))
    return seqs


def test_a_map_is_made_once_collected_once_and_drawn(project: Project, started: dict[str, Any]) -> None:
    assert mapping.load_map(project) is None
    job = mapping.start_map(project, "ann")
    assert job.params == {"embedder": "offline", "texts": 4, "known": 0, "actor": "ann"}
    with pytest.raises(PlanError, match="a map is being made already"):
        mapping.start_map(project, "bob")
    assert mapping.collect_map(project, job.id) is False
    assert play_worker(project, job) == [1, 3, 4, 5]
    started["status"] = "done"
    assert mapping.collect_map(project, job.id) is True
    assert mapping.collect_map(project, job.id) is True
    view = mapping.load_map(project, "class")
    assert view is not None
    assert (view.total, view.sampled) == (5, False)
    at = dict(zip(view.seqs, zip(view.x, view.label, view.cluster, strict=True), strict=True))
    assert at == {
        1: (1.0, "expert", 0),
        2: (1.0, "none", 0),  # the same text lies on the same spot
        3: (3.0, "expert", 0),
        4: (4.0, "none", 1),
        5: (5.0, "expert", 1),
    }
    assert [(c.size, c.title.split(" · ")[0]) for c in view.clusters] == [(3, "bees"), (2, "北京")]
    assert browsing.matching_seqs(project, "cluster:1") == [4, 5]
    assert mapping.load_map(project, "cluster", limit=2, query="source:a").total == 3  # type: ignore[union-attr]
    with pytest.raises(PlanError, match="cannot be coloured by 'taste'"):
        mapping.load_map(project, "taste")


def test_a_second_map_embeds_only_what_is_new(project: Project, started: dict[str, Any]) -> None:
    first = mapping.start_map(project, "ann")
    play_worker(project, first, finish=False)
    started["status"] = "stopped"
    assert mapping.collect_map(project, first.id) is False
    assert mapping.load_map(project) is None
    edit = curation.plan_edit(project, 5, 1, "it moved to the east")
    curation.apply_plan(project, edit, actor="ann")
    second = mapping.start_map(project, "ann")
    assert (second.params["texts"], second.params["known"]) == (4, 3)
    with np.load(project.runs / second.id / "known.npz", allow_pickle=False) as known:
        assert sorted(known["seqs"].tolist()) == [1, 3, 4]
        assert known["vectors"][known["seqs"].tolist().index(3)].tolist() == [0, 1, 0, 0]


def test_a_map_that_was_stopped_collected_and_resumed_is_collected_again(
    project: Project, started: dict[str, Any]
) -> None:
    job = mapping.start_map(project, "ann")
    play_worker(project, job, finish=False)
    started["status"] = "stopped"
    assert mapping.load_map(project) is None  # its vectors are kept
    started["status"] = "running"  # resumed
    assert mapping.load_map(project) is None
    play_worker(project, job)
    started["status"] = "done"
    assert mapping.load_map(project).total == 5  # type: ignore[union-attr]


def test_a_finished_map_is_collected_though_the_page_was_closed(project: Project, started: dict[str, Any]) -> None:
    job = mapping.start_map(project, "ann")
    play_worker(project, job)
    started["status"] = "done"
    view = mapping.load_map(project, "lang")
    assert view is not None
    assert view.total == 5
    dropped = curation.plan_status(project, "dropped", "test", seqs=[1])
    curation.apply_plan(project, dropped, actor="ann")
    assert mapping.load_map(project).total == 4  # type: ignore[union-attr]
    assert mapping.select_polygon(project, [(0, 0), (4.5, 0), (4.5, 1), (0, 1)]) == [2, 3, 4]
    assert mapping.select_polygon(project, [(0, 0), (4.5, 0), (4.5, 1), (0, 1)], "source:a") == [3]
    assert mapping.select_polygon(project, [(0, 0), (1, 1)]) == []
    assert mapping.select_polygon(project, [(90, 90), (91, 90), (91, 91)]) == []


def test_an_empty_project_has_nothing_to_lay_out(tmp_path: Path, started: dict[str, Any]) -> None:
    project = make_project(tmp_path / "empty")
    with pytest.raises(PlanError, match="no conversation to lay out"):
        mapping.start_map(project, "ann")
    assert list(project.runs.iterdir()) == []


def test_the_lasso_is_even_odd() -> None:
    points = np.array([[0.5, 0.5], [2.0, 2.0], [0.9, 0.1], [-1.0, 0.5]])
    bow_tie = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    assert in_polygon(points, square).tolist() == [True, False, True, False]
    assert in_polygon(points, bow_tie)[2:].tolist() == [True, False]


def test_topics_are_told_by_what_stands_elsewhere_less() -> None:
    texts = [
        "please tell me about honey bees",
        "honey bees and honey hives",
        "about trains",
        "trains and rails",
        "天气预报",
        "明天天气",
    ]
    names = name_clusters(texts, [0, 0, 1, 1, 2, 2])
    assert (names[0][0], names[1][0], names[2][0]) == ("bees", "trains", "天气")
    assert title(names[0]).startswith("bees · honey")
    assert name_clusters(["x"], [-1]) == {}
    assert terms_of("the of 42 请问您") == set()


def test_points_are_shaded_by_reward_and_by_doubt(project: Project, started: dict[str, Any]) -> None:
    job = mapping.start_map(project, "ann")
    play_worker(project, job)
    started["status"] = "done"
    curation.apply_plan(project, curation.plan_reward(project, 0.4, seqs=[2]), actor="ann")
    view = mapping.load_map(project, "reward")
    assert view is not None
    assert dict(zip(view.seqs, view.scores, strict=True)) == {1: 1.0, 2: 0.4, 3: 1.0, 4: None, 5: 1.0}
    said = Judgement(3, "judge-1", "expert", "pending", "sub", suspicion=0.9, uncertainty=0, mass=0, evidence=0)
    with project.database.write() as connection:
        replace_judgements(connection, [said])
    view = mapping.load_map(project, "doubt")
    assert view is not None
    assert dict(zip(view.seqs, view.scores, strict=True)) == {1: None, 2: None, 3: 0.9, 4: None, 5: None}
    assert mapping.load_map(project, "class").scores == ()  # type: ignore[union-attr]


def test_the_embedder_is_chosen_kept_and_undone(project: Project, started: dict[str, Any], tmp_path: Path) -> None:
    assert mapping.chosen_embedder(project) == "offline"
    model = tmp_path / "model"
    model.mkdir()
    with pytest.raises(PlanError, match="holds no embedding model"):
        mapping.choose_embedder(project, str(model), actor="ann")
    (model / "modules.json").write_text("[]", encoding="utf-8")
    assert mapping.choose_embedder(project, f" {model} ", actor="ann") == str(model)
    for wrong in ("/no/such/folder", "a b", "x/y/z", "../up"):
        with pytest.raises(PlanError, match="there is no such folder"):
            mapping.choose_embedder(project, wrong, actor="ann")
    assert mapping.choose_embedder(project, "owner/model-2", actor="ann") == "owner/model-2"
    assert mapping.start_map(project, "ann").params["embedder"] == "owner/model-2"
    curation.undo(project, actor="ann")
    assert mapping.chosen_embedder(project) == str(model)
    assert mapping.choose_embedder(project, "", actor="ann") == "offline"
