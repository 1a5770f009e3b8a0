"""The engine ray finds what the local engine finds, group for group: on two nodes of one processor each."""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.contract.store_world import make_project
from tests.unit.test_dupsearch import WORDS, answers, records
from workbench.cli import run
from workbench.curate.dedupe import (
    Document,
    Found,
    NearSettings,
    find_exact,
    find_near,
    in_blocks,
)
from workbench.curate.dedupe.cluster import cluster, find_exact_on, find_near_on
from workbench.domain.errors import PlanError
from workbench.services.duplicates import find_duplicates
from workbench.services.filededupe import FileSearch

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pytest.importorskip("ray", reason="ray is not installed")
    utilities: Any = importlib.import_module("ray.cluster_utils")
    memory = {"num_cpus": 1, "object_store_memory": 100 << 20, "include_dashboard": False}
    nodes = utilities.Cluster(initialize_head=True, head_node_args=memory)
    nodes.add_node(num_cpus=1, object_store_memory=100 << 20)
    yield nodes.address
    nodes.shutdown()


def crowd(count: int) -> list[str]:
    """Many texts that share most of their words: their buckets are huge."""
    chance = random.Random(4)
    base = chance.choices(WORDS, k=30)
    ends = ([*chance.sample(base[20:], 6), *chance.choices(WORDS, k=3)] for _ in range(count))
    return [" ".join([*base[:20], *end]) for end in ends]


def given(block: tuple[Any, Any]) -> tuple[Any, Any]:
    return block


def same(one: Found, other: Found) -> bool:
    groups = [FileSearch(part="answer").result(found).groups for found in (one, other)]
    return groups[0] == groups[1] and (one.pairs, one.members, one.considered, one.floor) == (
        other.pairs,
        other.members,
        other.considered,
        other.floor,
    )


def test_groups_are_those_of_the_local_engine(address: str) -> None:
    texts = answers(900, 1) + answers(90, 2) + ["", "ok", "ok", "灯灯船山灯灯船山灯", "灯灯船山灯灯船山灯 山"]
    blocks = [block for at in range(0, len(texts), 200) for block in in_blocks(documents(texts, at, at + 200))]
    crowded = [block for at in range(0, 400, 90) for block in in_blocks(documents(crowd(400), at, at + 90))]
    odd = NearSettings(huge=120, floor=0.4, most_pairs=30_000)
    with cluster(address) as ray:
        assert len({node["NodeID"] for node in ray.nodes()}) == 2
        near = find_near_on(ray, [partial(given, block) for block in reversed(blocks)])
        exact = find_exact_on(ray, [partial(given, block) for block in blocks])
        huge = find_near_on(ray, [partial(given, block) for block in crowded], odd, threshold=0.7)
        nothing = find_near_on(ray, [])
    assert same(near, find_near(blocks))
    assert same(exact, find_exact(blocks))
    assert (len(near.pairs) > 200, len(exact.members) > 50) == (True, True)
    local = find_near(crowded, odd, threshold=0.7)
    assert same(huge, local)
    assert 0.4 < local.floor <= 0.7
    assert (nothing.considered, len(nothing.pairs)) == (0, 0)


def documents(texts: list[str], begin: int, end: int) -> Iterator[Document]:
    for seq, text in enumerate(texts[begin:end], begin + 1):
        yield Document(seq, (text,))


def rows_of(texts: list[str]) -> list[dict[str, Any]]:
    asked = {"role": "user", "content": "tell me a story about it"}
    rows = [{"messages": [asked, {"role": "assistant", "content": t}], "note": t[:3]} for t in texts]
    rows[7]["messages"] = []
    return rows


def test_parquet_in_parquet_out_from_a_shell(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of(answers(200, 3))
    (tmp_path / "parts").mkdir()
    for name, part in (("whole", rows), ("parts/0", rows[:90]), ("parts/1", rows[90:])):
        pq.write_table(pa.Table.from_pylist(part), tmp_path / f"{name}.parquet", row_group_size=70)
    engine = ["--engine", "ray", "--ray-address", address]
    reports = []
    for source, out, more in (("whole.parquet", "local", []), ("parts", "ray", engine)):
        words = ["--json", "dedupe", "--input", str(tmp_path / source), "--output", str(tmp_path / out), *more]
        assert run(words) == 0
        reports.append(json.loads(capsys.readouterr().out))
    local, there = ([r[k] for k in ("rows", "kept", "dropped", "unread", "groups")] for r in reports)
    assert local == there
    for name in ("kept", "dropped"):
        expected = pq.read_table(tmp_path / "local" / f"{name}.parquet").to_pylist()
        assert pq.read_table(tmp_path / "ray" / name).to_pylist() == expected
        assert len(expected) > 20
    (broken,) = (tmp_path / "ray" / "unread").iterdir()
    assert json.loads(broken.read_text())["row"] == 8
    words = ["--json", "dedupe", "--input", str(tmp_path / "parts"), "--output", str(tmp_path / "ray"), *engine]
    assert run(words) == 1
    assert "already there" in json.loads(capsys.readouterr().out)["error"]


def test_a_project_by_a_cluster_that_the_command_starts(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    project = make_project(tmp_path / "project", records(answers(90, 1), "a"))
    local, there = find_duplicates(project), find_duplicates(project, engine="ray")
    assert (there.groups, there.pairs, there.members) == (local.groups, local.pairs, local.members)
    assert len(local.groups) > 20


def test_without_ray_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def missing(name: str, package: str | None = None) -> Any:
        if name == "ray":
            raise ModuleNotFoundError("No module named 'ray'")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    project = make_project(tmp_path / "project", records(answers(9, 1), "a"))
    with pytest.raises(PlanError, match="not installed") as caught:
        find_duplicates(project, engine="ray")
    assert "crlft-workbench[ray]" in caught.value.remedy
    with pytest.raises(PlanError, match="use one of local, ray"):
        find_duplicates(project, engine="spark")
    with pytest.raises(PlanError, match="goes with --engine ray"):
        find_duplicates(project, ray_address="auto")
