"""Import: the file is looked at before anything changes, and every row is accounted for."""

from __future__ import annotations

import gzip
import json

import pytest

from workbench.services import browsing, curation, importing
from workbench.services.project import project_overview
from workbench.ui import background


def wait(app):
    """Let the background import end, then draw its result."""
    for thread in background.threads():
        thread.join(timeout=60)
    return app.run()


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def look(open_page, *paths):
    app = open_page("import_")
    app.text_area(key="import-path-text").set_value("\n".join(map(str, paths)))
    return next(b for b in app.button if b.label == "Look at it").click().run()


def test_looking_changes_nothing(empty_project, open_page, source_file):
    app = look(open_page, source_file)
    assert "messages" in html(app)
    assert "answer 0 from senior" in html(app)
    assert project_overview(empty_project).conversations == 0


def test_values_of_a_field_become_classes_and_the_rows_add_up(empty_project, open_page, source_file):
    app = look(open_page, source_file)
    app.selectbox(key="import-class-generator-senior").set_value("expert")
    app.selectbox(key="import-class-generator-crowd").set_value("sub")
    app.run()
    app.button(key="import-go").click().run()
    app = wait(app)
    report = background.task("import").result
    assert report.rows == report.imported + report.already_there + report.quarantined == 25
    assert {r.name: r.conversations for r in curation.class_table(empty_project)} == {"expert": 8, "sub": 8}
    assert "In quarantine" in html(app)
    app.button(key="import-browse").click().run()
    assert any("24 conversations" in m.value for m in app.markdown)


def test_one_class_for_all(empty_project, open_page, source_file):
    app = look(open_page, source_file)
    app.session_state["import-class-way"] = "one"
    app.run()
    app.selectbox(key="import-one-class").set_value("sub").run()
    app.button(key="import-go").click().run()
    wait(app)
    assert browsing.search(empty_project, "class:sub").total == 24


def test_an_import_is_undone_from_its_result(empty_project, open_page, source_file):
    app = look(open_page, source_file)
    app.button(key="import-go").click().run()
    app = wait(app)
    app.button(key="import-undo").click().run()
    assert browsing.search(empty_project, "-status:dropped").total == 0
    assert background.task("import") is None


def test_the_quarantine_shows_file_line_and_reason(project, open_page):
    shown = html(open_page("import_"))
    row = importing.quarantine_rows(project, limit=1)[0]
    assert "talk.jsonl" in shown
    assert str(row.line) in shown


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.json", None, "does not exist"),
        ("empty.jsonl", b"", "empty"),
        ("text.json", b"this is no JSON", "no JSON"),
        ("broken.jsonl.gz", b"not gzip at all", "gzip"),
        ("odd.jsonl", b'{"colour": "red"}\n', "format"),
    ],
)
def test_files_that_cannot_be_read_say_why_and_what_to_do(
    empty_project, open_page, tmp_path, name, content, words
):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    app = look(open_page, path)
    assert words in app.error[0].value.replace("\\", "")
    assert "What to do" in app.error[0].value
    assert not [b for b in app.button if b.key == "import-go"]


def test_a_good_file_is_offered_beside_a_bad_one(empty_project, open_page, source_file, tmp_path):
    packed = tmp_path / "more.jsonl.gz"
    row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    packed.write_bytes(gzip.compress(json.dumps(row).encode()))
    app = look(open_page, source_file, tmp_path / "nowhere.json", packed)
    assert len(app.error) == 1
    assert app.button(key="import-go").label == "Import these 2 files"


def test_values_without_a_class_of_their_own_follow_the_others(empty_project, open_page, source_file):
    app = look(open_page, source_file)
    app.selectbox(key="import-class-generator-senior").set_value("expert")
    app.selectbox(key="import-others-generator").set_value("sub")
    app.run()
    app.button(key="import-go").click().run()
    wait(app)
    assert {r.name: r.conversations for r in curation.class_table(empty_project)} == {"expert": 8, "sub": 8}
    assert browsing.search(empty_project, "class:none").total == 8  # rows without a value
