"""Imports of pairs, of unknown schemas, of folders and the hub; stopped ones, and going on."""

from __future__ import annotations

import json

import datasets
import pytest

from crlft.condition import OPENCHAT_SCHEME
from crlft.formats.mapping import ColumnMapping
from workbench.curate.tokens import EstimatedTokens
from workbench.domain.errors import ImportFault
from workbench.services import import_run
from workbench.services.browsing import get_record, search
from workbench.services.curation import undo
from workbench.services.exporting import export_conversations
from workbench.services.importing import (
    UnknownSchema,
    import_files,
    inspect_file,
    remember_mapping,
    remembered_mappings,
    resume_import,
    unfinished_import,
)
from workbench.services.project import create_project, project_overview

QUICK = EstimatedTokens()
PAIRS = [{"prompt": f"Why is it {i}?", "chosen": f"Since {i} is so.", "rejected": "No idea."} for i in range(6)]


@pytest.fixture
def project(tmp_path):
    made = create_project(tmp_path / "project")
    yield made
    made.close()


def put(path, rows):
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return path


def talk(number):
    return {"messages": [{"role": "user", "content": f"{number}?"}, {"role": "assistant", "content": "Yes."}]}


def take(project, *paths, **options):
    return import_files(project, paths, actor="ann", counter=QUICK, **options)


def counts(report):
    return report.rows, report.imported, report.already_there, report.quarantined


def test_a_pair_is_one_row_and_two_conversations_and_goes_out_as_it_came(project, tmp_path):
    path = put(tmp_path / "pairs.jsonl", [*PAIRS, PAIRS[0], {"prompt": "x", "chosen": "y"}, '{"prompt'])
    table = {"chosen": "expert", "rejected": "sub"}
    report = take(project, path, class_field="preferred", class_map=table)
    assert counts(report) == (9, 6, 1, 2)
    assert (report.conversations, report.action.affected) == (12, 12)
    items = search(project, "", limit=50, order="oldest").items
    assert {name: sum(i.class_name == name for i in items) for name in table.values()} == {"expert": 6, "sub": 6}
    records = [get_record(project, item.uid) for item in items]
    assert len({r.prompt_hash for r in records}) == 6, "the two halves share their prompt"
    export_conversations(records, OPENCHAT_SCHEME, tmp_path / "out.jsonl", "preference")
    back = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [{k: row[k] for k in ("prompt", "chosen", "rejected")} for row in back] == PAIRS
    assert counts(take(project, path)) == (9, 0, 7, 2)
    assert project_overview(project).quarantined == 2, "a row that cannot be read is kept once"


def test_a_pair_with_one_known_half_brings_the_other(project, tmp_path):
    take(project, put(tmp_path / "a.jsonl", PAIRS[:1]))
    # The name of a pair follows from both halves: another answer makes it another pair.
    again = take(project, put(tmp_path / "b.jsonl", [PAIRS[0], {**PAIRS[0], "rejected": "Who knows."}]))
    assert counts(again) == (2, 1, 1, 0)
    assert project_overview(project).conversations == 4


def test_an_unknown_schema_names_its_columns_and_is_remembered(project, tmp_path):
    rows = [{"ask": f"{i}?", "reply": "Yes.", "grade": "expert", "place": i} for i in range(3)]
    path = put(tmp_path / "odd.jsonl", rows)
    with pytest.raises(UnknownSchema) as caught:
        inspect_file(path)
    schema = caught.value
    assert schema.columns == ["ask", "reply", "grade", "place"]
    assert schema.examples == rows
    mapping = ColumnMapping(prompt="ask", answer="reply", class_field="grade")
    assert next(iter(inspect_file(path, mapping=mapping).class_fields)) == "grade"
    with pytest.raises(ImportFault, match="no known conversation format"):
        take(project, path)
    assert counts(take(project, path, mapping=mapping)) == (3, 3, 0, 0)
    remember_mapping(project, schema.fingerprint, mapping, actor="ann")
    other = put(tmp_path / "other.jsonl", [{**row, "ask": "And?"} for row in rows])
    report = take(project, other)
    assert (counts(report), report.format, report.classes) == ((3, 3, 0, 0), "mapped", {"expert": 3})
    found = get_record(project, search(project, "And?").items[0].uid).conversation
    assert [t.content for t in found.turns] == ["And?", "Yes."]
    remember_mapping(project, schema.fingerprint, None, actor="ann")
    assert remembered_mappings(project) == {}


def test_folders_patterns_and_the_hub(project, tmp_path, monkeypatch):
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(3):
        put(folder / f"{i}.jsonl", [talk(i)])
    assert counts(take(project, folder / "[01].jsonl")) == (2, 2, 0, 0)
    assert counts(take(project, folder, folder / "2.jsonl")) == (3, 1, 2, 0)
    monkeypatch.setattr(datasets, "load_dataset", lambda name, split, streaming: iter([talk(f"{name} {split}")]))
    seen = []
    report = take(project, "hub:owner/talks:test", on_progress=lambda n, total: seen.append((n, total)))
    assert counts(report) == (1, 1, 0, 0)
    assert seen == [(1, None)], "nobody knows how much is still to come"
    assert search(project, '"owner/talks test"').total == 1


def test_stopped_and_gone_on_with(project, tmp_path, monkeypatch):
    monkeypatch.setattr(import_run, "CHUNK_ROWS", 4)
    path = put(tmp_path / "rows.jsonl", [talk(i) for i in range(20)])
    asked = []
    stopped = take(project, path, class_name="sub", should_stop=lambda: asked.append(1) or len(asked) > 2)
    assert stopped.stopped
    assert counts(stopped) == (8, 8, 0, 0)
    found = unfinished_import(project)
    assert (found.action.id, found.files) == (stopped.action.id, [str(path)])
    rest = resume_import(project, found, actor="bob", counter=QUICK)
    assert (rest.stopped, counts(rest), rest.classes) == (False, (20, 12, 8, 0), {"sub": 20})
    assert unfinished_import(project) is None


def test_a_killed_import_is_offered_again_until_it_is_undone(project, tmp_path, monkeypatch):
    monkeypatch.setattr(import_run, "CHUNK_ROWS", 2)

    def die(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(project, put(tmp_path / "rows.jsonl", [talk(i) for i in range(9)]), on_progress=die)
    found = unfinished_import(project)
    assert found.action.affected == project_overview(project).conversations > 0
    undo(project, found.action.id, actor="ann")
    assert unfinished_import(project) is None


def test_a_store_that_fails_stops_the_import_with_what_is_in(project, tmp_path, monkeypatch):
    monkeypatch.setattr(import_run, "CHUNK_ROWS", 2)
    path = put(tmp_path / "rows.jsonl", [talk(i) for i in range(9)])
    real, calls = import_run.insert_records, []

    def full(connection, records, **options):
        calls.append(len(records))
        if len(calls) == 3:
            raise OSError("disk full")
        return real(connection, records, **options)

    monkeypatch.setattr(import_run, "insert_records", full)
    with pytest.raises(OSError, match="disk full"):
        take(project, path)
    assert project_overview(project).conversations == 4
    monkeypatch.setattr(import_run, "insert_records", real)
    assert counts(resume_import(project, unfinished_import(project), actor="ann", counter=QUICK)) == (9, 5, 4, 0)


def test_inspection_counts_conversations_sides_and_repairs(tmp_path):
    path = put(tmp_path / "pairs.jsonl", [*PAIRS, json.dumps(PAIRS[0])[:-1] + ",}", '{"prompt'])
    report = inspect_file(path)
    assert (report.rows_seen, report.conversations, report.unreadable) == (8, 14, 1)
    assert report.class_fields["preferred"] == {"chosen": 7, "rejected": 7}
    assert report.repairs == {"trailing-comma": 1}
