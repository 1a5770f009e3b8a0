"""Rows that could not be read: found again, mended, sent again, taken elsewhere; and every row is somewhere."""

from __future__ import annotations

import json

import pytest

from workbench.domain.errors import ImportFault
from workbench.services.browsing import get_record, search
from workbench.services.curation import undo
from workbench.services.importing import import_files
from workbench.services.project import create_project, project_overview
from workbench.services.quarantine import (
    quarantine_page,
    quarantine_row,
    read_edits,
    send_again,
    write_quarantine,
)

GOOD = {"messages": [{"role": "user", "content": "Two and two?"}, {"role": "assistant", "content": "Four."}]}
CUT = '{"messages": [{"role": "user"'
ODD = '{"messages": [{"role": "pope", "content": "x"}]}'


@pytest.fixture
def project(tmp_path):
    made = create_project(tmp_path / "project")
    path = tmp_path / "rows.jsonl"
    rows = [json.dumps({**GOOD, "who": "ann"}), CUT, ODD]
    path.write_text("\n".join(rows) + "\n")
    import_files(made, [path], actor="ann", class_field="who", class_map={"ann": "expert", "*": "sub"})
    yield made
    made.close()


def ids(project):
    return {row.line: row.id for row in quarantine_page(project).rows}


def test_rows_stand_with_file_line_reason_and_their_whole_text(project):
    page = quarantine_page(project)
    assert (page.total, page.matching) == (2, 2)
    assert {row.line: row.raw for row in page.rows} == {2: CUT, 3: ODD}
    found = quarantine_page(project, containing='"POPE"')  # unquoted, it stands in the test's own path: popen-gw0
    assert [row.line for row in found.rows] == [3]
    assert (found.matching, found.total) == (1, 2)
    assert quarantine_page(project, containing="100%").rows == []


def test_a_mended_row_is_imported_with_its_class_and_where_it_came_from(project):
    number = ids(project)[2]
    mended = {"messages": [*GOOD["messages"][:1], {"role": "assistant", "content": "4"}], "who": "bob"}
    sent = send_again(project, {number: json.dumps(mended)}, actor="eve")
    assert (sent.imported, sent.already_there, sent.quarantined) == (1, 0, {})
    assert list(ids(project)) == [3]
    (item,) = search(project, "class:sub").items
    origin = get_record(project, item.uid).provenance
    assert (origin["file"], origin["row"], origin["quarantined"]["raw"]) == ("rows.jsonl", 2, CUT)
    undo(project, sent.action.id, actor="eve")
    assert project_overview(project).statuses == {"pending": 1, "dropped": 1}


def test_what_still_cannot_be_read_stays_as_it_was_edited(project):
    number = ids(project)[3]
    sent = send_again(project, {number: ODD.replace("pope", "bishop")}, actor="eve")
    assert (sent.imported, sent.already_there, sent.action) == (0, 0, None)
    assert "unknown role 'bishop'" in sent.quarantined[number]
    kept = quarantine_row(project, number)
    assert "bishop" in kept.raw
    assert "bishop" in kept.reason


def test_a_row_that_is_there_already_leaves_the_quarantine_and_adds_nothing(project):
    sent = send_again(project, {ids(project)[2]: json.dumps({**GOOD, "who": "ann"})}, actor="eve")
    assert (sent.imported, sent.already_there) == (0, 1)
    assert not sent.action.undoable
    assert project_overview(project).conversations == 1
    assert quarantine_page(project).total == 1


def test_an_unknown_number_changes_nothing(project):
    with pytest.raises(ImportFault, match="no row 999 is in quarantine"):
        send_again(project, {ids(project)[2]: json.dumps(GOOD), 999: "{}"}, actor="eve")
    assert quarantine_page(project).total == 2
    with pytest.raises(ImportFault, match="no row 7"):
        quarantine_row(project, 7)


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_out_mended_in_an_editor_and_in_again(project, tmp_path, name):
    out = tmp_path / name
    assert write_quarantine(project, out) == 2
    edits = read_edits(out)
    assert edits == {number: {2: CUT, 3: ODD}[line] for line, number in ids(project).items()}
    sent = send_again(project, {n: json.dumps(GOOD) for n in edits}, actor="eve")
    # The same words without `who` are another conversation; the second row says the same as the first.
    assert (sent.imported, sent.already_there) == (1, 1)
    with pytest.raises(ImportFault, match="already there"):
        write_quarantine(project, out)


def test_a_file_without_numbers_is_refused(tmp_path):
    path = tmp_path / "edits.jsonl"
    path.write_text('{"raw": "{}"}\n')
    with pytest.raises(ImportFault, match=r"edits.jsonl:1: a row needs its `id`"):
        read_edits(path)
