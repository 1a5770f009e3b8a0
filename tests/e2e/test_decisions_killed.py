"""A process killed in the middle of a bulk act: all of it is there, or nothing; undo leads back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.contract.store_world import counts_agree, make_project, make_record
from workbench.services import browsing, curation
from workbench.services.project import Project, open_project

CODE = """
import sys
from workbench.services import curation
from workbench.services.project import open_project
project = open_project(sys.argv[1])
plans = [curation.plan_tag(project, name, query="") for name in ("sub", "expert")]
print("ready", flush=True)
action = curation.apply_plan(project, plans[0], actor="ann")
curation.undo(project, action.id, actor="ann")
curation.apply_plan(project, curation.plan_tag(project, "expert", query=""), actor="ann")
"""


def state(project: Project) -> list[tuple[object, ...]]:
    records = browsing.get_records(project, range(1, 2001))
    return [(r.conversation, r.tagged_by, r.status) for r in records]


@pytest.mark.parametrize("delay", [0.05, 0.2])
def test_all_or_nothing_and_undo_leads_back(tmp_path: Path, delay: float) -> None:
    project = make_project(tmp_path / "p", [make_record(f"q{i}", f"a{i}") for i in range(2000)])
    before = state(project)
    project.close()
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(tmp_path / "p")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    project = open_project(tmp_path / "p")
    with project.database.read() as connection:
        assert counts_agree(connection)
    assert len({r.conversation.class_name for r in browsing.get_records(project, range(1, 2001))}) == 1
    in_force = [a for a in curation.log(project, 20) if a.kind == "tag" and a.undone_by is None]
    for action in in_force:
        curation.undo(project, action.id, actor="ben")
    assert state(project) == before
    project.close()
