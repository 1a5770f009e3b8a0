"""The columns on disk: there at the next start, brought up to date, left aside where they are of another store."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.store_world import make_project
from tests.property.test_columnar import TERMS, agree, records
from workbench.services import browsing, curation
from workbench.services.project import Project, open_project
from workbench.store import keeper
from workbench.store.columnar import Columns

NAME = Path("cache", "columns.npz")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "WORTH_IT", 1)


def started(root: Path) -> Project:
    """Open a project as the app does, its columns in memory."""
    project = open_project(root)
    project.database.keep_columns()
    browsing.histograms(project, "")
    project.database.wait_for_columns()
    return project


def tagged(project: Project, n: int) -> None:
    seqs = browsing.matching_seqs(project, "class:none")[:n]
    curation.apply_plan(project, curation.plan_tag(project, "expert", seqs=seqs), actor="ann")


def no_reading(*_: object, **__: object) -> bool:
    raise AssertionError("the rows were read again")


def test_the_next_start_takes_them_from_the_file_with_what_happened_since(tmp_path, monkeypatch):
    made = make_project(tmp_path / "project", records(40))
    started(made.root).close()
    assert (made.root / NAME).exists()
    tagged(made, 5)
    monkeypatch.setattr(Columns, "load", no_reading)
    again = started(made.root)
    for term in TERMS:
        agree(again, made, term)
    again.close()
    at_once = started(made.root)
    with at_once.database.read() as connection:
        assert at_once.database.selecting(connection).columns.newest == curation.log(made, limit=1)[0].id
    at_once.close()
    made.close()


@pytest.mark.parametrize("harm", ["another history", "cut short", "not a file of columns", "rows are gone"])
def test_a_file_of_another_store_or_a_broken_one_is_made_again(tmp_path, harm):
    made = make_project(tmp_path / "project", records(40))
    root, file = made.root, made.root / NAME
    made.close()
    shutil.copytree(root, tmp_path / "copy")
    project = started(root)
    tagged(project, 3)
    project.close()
    started(root).close()  # writes what the tags made of them
    if harm == "another history":  # the store is replaced by an older copy, in which other things happened
        for part in (tmp_path / "copy").glob("workbench.db*"):
            shutil.copy(part, root / part.name)
        other = open_project(root)
        seqs = browsing.matching_seqs(other, "")[:7]
        curation.apply_plan(other, curation.plan_status(other, "dropped", "x", seqs=seqs), actor="eve")
        other.close()
    elif harm == "cut short":
        file.write_bytes(file.read_bytes()[:-200])
    elif harm == "not a file of columns":
        file.write_bytes(b"nothing")
    else:
        with closing(sqlite3.connect(root / "workbench.db")) as other, other:  # keeps no foreign keys
            other.execute("DELETE FROM conversations WHERE seq = 3")
    again, plain = started(root), open_project(root)
    for term in ("tokens<20", "turns>2") if harm == "rows are gone" else ("", "class:expert", "status:dropped"):
        agree(again, plain, term)
    again.close()
    plain.close()


def test_a_folder_that_cannot_be_written_is_said_and_does_no_harm(tmp_path, caplog):
    made = make_project(tmp_path / "project", records(30))
    (made.root / "cache").write_text("in the way")
    project = started(made.root)
    agree(project, made, "class:expert")
    assert "read anew at the next start" in caplog.text
    project.close()
    made.close()
