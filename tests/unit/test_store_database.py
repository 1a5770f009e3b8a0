from __future__ import annotations

import multiprocessing
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, inspect, select, text

from tests.contract.store_world import counts_agree, make_project, numbered
from workbench.domain.errors import ProjectError
from workbench.services import browsing, curation
from workbench.services.project import create_project, open_project, project_overview
from workbench.store import schema
from workbench.store.conversations import insert_records
from workbench.store.database import Database, open_database
from workbench.store.migrations import SCHEMA_VERSION, migrate, schema_version


def test_a_new_database_is_made_whole_and_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    open_database(path).close()
    again = open_database(path)
    with again.read() as connection:
        assert schema_version(connection) == SCHEMA_VERSION
        assert set(schema.METADATA.tables) <= set(inspect(connection).get_table_names())
        pragmas = [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "foreign_keys")]
        assert pragmas == ["wal", 1]
    again.close()


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    project = create_project(tmp_path / "p")
    with project.database.write() as connection:
        connection.execute(schema.meta.update().values(value="7"))
    project.close()
    said = rf"newer version of this program \(schema 7, this program knows {SCHEMA_VERSION}\); update the program"
    with pytest.raises(ProjectError, match=said):
        open_project(tmp_path / "p")
    raw = sqlite3.connect(tmp_path / "p" / "workbench.db")
    assert raw.execute("SELECT value FROM meta").fetchall() == [("7",)]
    raw.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    database = open_database(tmp_path / "w.db")

    def good(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE settings ADD COLUMN note TEXT"))

    def bad(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (x)"))
        raise RuntimeError("power cut")

    steps = {SCHEMA_VERSION: good, SCHEMA_VERSION + 1: bad}
    with pytest.raises(RuntimeError, match="power cut"), database.write() as connection:
        migrate(connection, known=SCHEMA_VERSION + 2, steps=steps)
    with database.read() as connection:
        assert schema_version(connection) == SCHEMA_VERSION
        assert not inspect(connection).has_table("half")
        assert "note" not in [c["name"] for c in inspect(connection).get_columns("settings")]
    with database.write() as connection:
        assert migrate(connection, known=SCHEMA_VERSION + 1, steps=steps) == SCHEMA_VERSION
        assert schema_version(connection) == SCHEMA_VERSION + 1
    database.close()


@pytest.mark.parametrize(
    "content", [b"this is no database at all, whatever its name says" * 50, b"SQLite format 3\x00"]
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.db").write_bytes(content)
    with pytest.raises(ProjectError, match="cannot be opened as a database"):
        open_database(tmp_path / "w.db")
    assert (tmp_path / "w.db").read_bytes() == content


def test_a_failed_write_leaves_no_trace(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")

    def fail_halfway() -> None:
        with project.database.write() as connection:
            connection.execute(schema.rounds.insert().values(number=9))
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail_halfway()
    with project.database.read() as connection:
        assert connection.execute(select(func.max(schema.rounds.c.number))).scalar() == 1
    project.close()


def test_a_reader_sees_one_state_while_another_writes(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", numbered(3))
    with project.database.read() as reader:
        counted = select(func.count()).where(schema.conversations.c.class_name == "sub")
        assert reader.execute(counted).scalar() == 0
        curation.apply_plan(project, curation.plan_tag(project, "sub", query=""), actor="ann")
        assert reader.execute(counted).scalar() == 0
    with project.database.read() as reader:
        assert reader.execute(counted).scalar() == 3
    project.close()


# Projects


def test_a_project_is_made_once_and_opened(tmp_path: Path) -> None:
    made = create_project(tmp_path / "p", "My data")
    made.close()
    with pytest.raises(ProjectError, match="holds a project already"):
        create_project(tmp_path / "p")
    opened = open_project(tmp_path / "p")
    assert opened.name == "My data"
    assert curation.class_scheme(opened)["expert"].condition == "GPT4 Correct"
    overview = project_overview(opened)
    assert (overview.conversations, overview.next_step, overview.round) == (0, "import", 1)
    opened.close()


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "holds no project; make one with `workbench init`"),
        ("schema_version = 99\nname = 'x'\n", r"newer version .*schema 99"),
        ("name = 'x'\n", "cannot be read: 'schema_version'"),
        ("{", "cannot be read"),
        (f"schema_version = {SCHEMA_VERSION}\nname = 'x'\n", "has lost its workbench.db"),
    ],
)
def test_a_folder_that_is_no_whole_project_is_refused(tmp_path: Path, manifest: str | None, said: str) -> None:
    if manifest is not None:
        (tmp_path / "project.toml").write_text(manifest)
    with pytest.raises(ProjectError, match=said):
        open_project(tmp_path)
    assert not (tmp_path / "workbench.db").exists()


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProjectError, match="cannot be made a project"):
        create_project(tmp_path / "file")
    with pytest.raises(ProjectError, match="holds no project"):
        open_project(tmp_path / "file")


def test_the_overview_counts_and_says_what_is_next(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", numbered(4, source="a", language="en"))
    assert project_overview(project).next_step == "dedupe"
    curation.apply_plan(project, curation.plan_tag(project, "sub", seqs=[1, 2, 3]), actor="ann")
    curation.apply_plan(project, curation.plan_status(project, "dropped", "x", seqs=[1]), actor="ann")
    with project.database.write() as connection:
        connection.execute(schema.duplicate_results.insert().values(created_at="9999"))
        connection.execute(schema.actions.insert().values(kind="clean", at="9999"))
    overview = project_overview(project)
    assert overview.classes == {"sub": 2, "none": 1}
    assert overview.statuses == {"pending": 3, "dropped": 1}
    assert (overview.untagged, overview.conversations, overview.sources) == (1, 4, {"a": 3})
    assert overview.next_step == "tag"
    curation.apply_plan(project, curation.plan_tag(project, "expert", seqs=[4]), actor="ann")
    assert project_overview(project).next_step == "snapshot"
    project.close()


# Several processes


def _tag_from_another_process(root: str, seqs: list[int], actor: str) -> None:
    project = open_project(root)
    for seq in seqs:
        plan = curation.plan_tag(project, "expert" if seq % 2 else "sub", seqs=[seq])
        curation.apply_plan(project, plan, actor=actor)
    project.close()


def test_two_processes_curate_the_same_project(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", numbered(30))
    context = multiprocessing.get_context("spawn")
    halves = [list(range(1, 16)), list(range(16, 31))]
    others = [
        context.Process(target=_tag_from_another_process, args=(str(project.root), half, f"curator {i}"))
        for i, half in enumerate(halves)
    ]
    for other in others:
        other.start()
    for other in others:
        other.join(120)
    assert [other.exitcode for other in others] == [0, 0]
    assert browsing.search(project, "class:any").total == 30
    assert len(curation.log(project, 100)) == 30
    with project.database.read() as connection:
        assert counts_agree(connection)
    project.close()


def test_a_process_killed_in_a_bulk_act_leaves_the_store_whole(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", numbered(200))
    script = """
        import os, signal, sys
        from workbench.services import curation
        from workbench.services.project import open_project
        import workbench.store.changes as changes

        def die(*args):
            os.kill(os.getpid(), signal.SIGKILL)

        project = open_project(sys.argv[1])
        plan = curation.plan_tag(project, "sub", query="")
        changes._count = die  # after the rows are updated, before the counts and the log
        curation.apply_plan(project, plan, actor="ann")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(project.root)], check=False)
    assert done.returncode == -signal.SIGKILL
    with project.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert counts_agree(connection)
    assert browsing.search(project, "class:none").total == 200
    assert curation.log(project) == []
    curation.apply_plan(project, curation.plan_tag(project, "sub", query=""), actor="bob")
    project.close()


def test_a_writer_that_waits_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path / "p")
    monkeypatch.setattr("workbench.store.database.BUSY_SECONDS", 0)
    hasty = Database(project.database.path)
    with project.database.write(), pytest.raises(ProjectError, match="held by another process"), hasty.write():
        pass
    hasty.close()
    project.close()


def test_a_full_disk_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", numbered(3))

    def fill() -> None:
        with project.database.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            insert_records(connection, numbered(500, source="more"))

    with pytest.raises(ProjectError, match="the disk is full; make room"):
        fill()
    assert browsing.search(project, "").total == 3
    with project.database.read() as connection:
        assert counts_agree(connection)
    project.close()


def test_opening_does_not_wait_for_a_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path / "p")
    monkeypatch.setattr("workbench.store.database.BUSY_SECONDS", 0)
    with project.database.write():
        open_project(tmp_path / "p").close()
    project.close()
