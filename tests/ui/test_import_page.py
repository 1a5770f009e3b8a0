"""Import: the file is looked at before anything changes, and every row is accounted for."""

from __future__ import annotations

import gzip
import json

import pytest

from workbench.services import browsing, curation, import_run, importing
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
    assert "24 conversations" in html(app)


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
    app = open_page("import_")
    (row,) = importing.quarantine_rows(project)
    (shown,) = [e.label.replace("\\", "") for e in app.expander]
    assert f"talk.jsonl · line {row.line}" in shown
    assert row.reason[:40] in shown
    assert app.text_area(key=f"quarantine-text-{row.id}").value == row.raw


def test_a_row_of_the_quarantine_is_mended_there_and_sent_again(project, open_page):
    app = open_page("import_")
    (row,) = importing.quarantine_rows(project)
    app.button(key=f"quarantine-send-{row.id}").click().run()
    assert "What to do" in app.error[0].value, "it still cannot be read"
    talk = [{"role": "user", "content": "mended question"}, {"role": "assistant", "content": "mended answer"}]
    app.text_area(key=f"quarantine-text-{row.id}").set_value(json.dumps({"messages": talk}))
    app.button(key=f"quarantine-send-{row.id}").click().run()
    assert "is imported" in app.toast[0].value
    assert browsing.search(project, "mended").total == 1
    assert importing.quarantine_rows(project) == []


def test_the_quarantine_is_written_to_a_file(project, open_page):
    app = open_page("import_")
    app.button(key="quarantine-export").click().run()
    assert "1 rows are in" in app.success[0].value.replace("\\", "")
    (written,) = (project.root / "exports").glob("quarantine-*.jsonl")
    assert json.loads(written.read_text())["line"] == importing.quarantine_rows(project)[0].line


def test_an_unknown_schema_is_mapped_by_hand_once(empty_project, open_page, tmp_path):
    for name in ("one.jsonl", "two.jsonl"):
        rows = [{"ask": f"{name} {i}?", "reply": f"{i}.", "grade": "good"} for i in range(3)]
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
    app = look(open_page, tmp_path / "one.jsonl")
    schema = next(s.key for s in app.selectbox if s.key.endswith("-prompt")).split("-")[2]
    app.selectbox(key=f"import-column-{schema}-answer").set_value("").run()
    assert "Name the column of the turns" in app.error[0].value
    assert next(b for b in app.button if b.label == "Read it so").disabled
    app.selectbox(key=f"import-column-{schema}-prompt").set_value("ask")
    app.selectbox(key=f"import-column-{schema}-answer").set_value("reply").run()
    assert "one.jsonl 0?" in html(app), "it is shown before it is said"
    next(b for b in app.button if b.label == "Read it so").click().run()
    assert "one.jsonl 0?" in html(app)
    app.selectbox(key="import-class-grade-good").set_value("expert").run()
    app.button(key="import-go").click().run()
    wait(app)
    background.forget("import")
    assert browsing.search(empty_project, "class:expert").total == 3
    again = look(open_page, tmp_path / "two.jsonl")
    assert "mapped by hand" in html(again)
    again.button(key=f"import-remap-{tmp_path / 'two.jsonl'}").click().run()
    assert any(b.label == "Read it so" for b in again.button)


def test_the_halves_of_a_pair_go_to_the_best_and_the_worst_class(empty_project, open_page, tmp_path):
    path = tmp_path / "pairs.jsonl"
    rows = [{"prompt": f"Why {i}?", "chosen": f"Since {i} is so.", "rejected": "No."} for i in range(4)]
    path.write_text("\n".join(map(json.dumps, rows)))
    app = look(open_page, path)
    assert "8 conversations" in html(app)
    app.button(key="import-go").click().run()
    app = wait(app)
    assert {r.name: r.conversations for r in curation.class_table(empty_project)} == {"expert": 4, "sub": 4}
    assert any("4 rows = 4 imported + 0 already there + 0 in quarantine" in c.value for c in app.caption)


def test_a_folder_and_a_pattern_stand_for_their_files(empty_project, open_page, source_file, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(3):
        talk = [{"role": "user", "content": f"q {i}"}, {"role": "assistant", "content": "a"}]
        (folder / f"{i}.json").write_text(json.dumps([{"messages": talk}]))
    app = look(open_page, folder)
    assert app.button(key="import-go").label == "Import these 3 files"
    app = look(open_page, folder / "[01].json")
    assert app.button(key="import-go").label == "Import these 2 files"


def test_an_import_that_was_stopped_is_gone_on_with(empty_project, open_page, source_file, monkeypatch):
    monkeypatch.setattr(import_run, "CHUNK_ROWS", 10)
    report = importing.import_files(empty_project, [source_file], actor="t", should_stop=lambda: True)
    assert (report.stopped, report.rows) == (True, 0)
    app = open_page("import_")
    assert "did not come to its end" in " ".join(m.value for m in app.markdown)
    app.button(key="import-resume").click().run()
    app = wait(app)
    assert background.task("import").result.rows == 25
    app.button(key="import-more").click().run()
    assert not [b for b in app.button if b.key == "import-resume"]


def test_an_import_stopped_on_the_page_offers_to_go_on(empty_project, open_page, source_file, monkeypatch):
    monkeypatch.setattr(import_run, "CHUNK_ROWS", 10)
    background.start(
        "import",
        lambda report: importing.import_files(
            empty_project, [source_file], actor="t", on_progress=report, should_stop=lambda: True
        ),
    )
    app = wait(open_page("import_"))
    assert app.button(key="import-browse").disabled
    app.button(key="import-resume").click().run()
    app = wait(app)
    report = background.task("import").result
    assert (report.rows, report.stopped) == (25, False)
    assert not [b for b in app.button if b.key == "import-resume"]


def test_all_values_of_a_field_can_be_given_a_class(empty_project, open_page, tmp_path):
    file = tmp_path / "many.jsonl"
    talk = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    rows = [{"messages": talk, "generator": f"m{i:02}", "id": f"{i}-{j}"} for i in range(30) for j in range(2)]
    file.write_text("\n".join(map(json.dumps, rows)))
    app = look(open_page, file)
    assert "import-class-generator-m29" not in {box.key for box in app.selectbox}
    app.toggle(key="import-all-values-generator").set_value(True).run()
    app.selectbox(key="import-class-generator-m29").set_value("expert").run()
    app.toggle(key="import-all-values-generator").set_value(False).run()
    assert app.selectbox(key="import-class-generator-m29").value == "expert"
    app.button(key="import-go").click().run()
    wait(app)
    assert background.task("import").result.classes == {"none": 58, "expert": 2}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.json", None, "does not exist"),
        ("empty.jsonl", b"", "empty"),
        ("text.json", b"this is no JSON", "no JSON"),
        ("broken.jsonl.gz", b"not gzip at all", "gzip"),
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


def test_turns_under_foreign_names_are_mapped_by_hand(empty_project, open_page, tmp_path):
    rows = [
        {"talk": [{"by": "guest", "line": f"room {i}?"}, {"by": "desk", "line": f"{i} is free"}]} for i in range(4)
    ]
    path = tmp_path / "desk.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    app = look(open_page, path)
    words = {s.label: s for s in app.selectbox if "-word-" in s.key}
    assert {label: s.value for label, s in words.items()} == {"“guest” is": "user", "“desk” is": "assistant"}
    words["“guest” is"].set_value("tool").run()
    assert "wb-turn wb-tool" in html(app), "what is chosen is shown at once"
    next(s for s in app.selectbox if s.label == "“guest” is").set_value("user").run()
    next(b for b in app.button if b.label == "Read it so").click().run()
    app.button(key="import-go").click().run()
    wait(app)
    assert background.task("import").result.imported == 4
    background.forget("import")
    turns = browsing.get_record(
        empty_project, browsing.search(empty_project, '"room 2"').items[0].uid
    ).conversation.turns
    assert [(turn.role, turn.content) for turn in turns] == [("user", "room 2?"), ("assistant", "2 is free")]


def test_a_file_that_is_named_twice_is_looked_at_once(empty_project, open_page, source_file):
    app = look(
        open_page, source_file, f'"{source_file}"', f"file://{source_file}", source_file.parent / "*.jsonl*"
    )
    assert not app.error
    assert app.button(key="import-go").label in ("Import this file", "Import these 2 files")
    assert len([e for e in app.get("html") if f"<h2>{source_file.name}</h2>" in str(e.value)]) == 1


def test_many_files_are_one_table(empty_project, open_page, tmp_path):
    for n in range(5):
        (tmp_path / f"part{n}.jsonl").write_text(json.dumps({"instruction": f"{n}?", "output": "yes"}))
    app = look(open_page, tmp_path)
    assert [e.label.replace("\\", "") for e in app.expander] == [f"part{n}.jsonl" for n in range(5)]
    assert app.button(key="import-go").label == "Import these 5 files"
