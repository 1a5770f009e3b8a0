"""The Project page says where one is and what comes next."""

from __future__ import annotations

import time

from workbench.services import curation
from workbench.ui import background, state


def texts(app):
    return " ".join([*(m.value for m in app.markdown), *(str(h.value) for h in app.get("html"))])


def test_an_empty_project_leads_to_import(empty_project, open_page):
    app = open_page("project")
    assert app.button(key="project-next").label == "Import a file of conversations"
    assert not app.error


def test_an_empty_project_is_filled_with_the_sample_at_a_click(empty_project, open_page):
    app = open_page("project")
    app.button(key="project-sample").click().run()
    deadline = time.monotonic() + 60
    while any(task.running for task in background.tasks()) and time.monotonic() < deadline:
        time.sleep(0.2)
    (entry,) = [a for a in curation.log(empty_project) if a.kind == "import"]
    assert entry.undoable
    shown = texts(open_page("project"))
    assert "4,001" in shown
    assert "Every answer counts" not in shown


def test_a_card_leads_to_its_page(project, open_page):
    app = open_page("project")
    app.button(key="step-4").click().run()
    assert "Snapshots" in texts(app)


def test_a_filled_project_shows_its_figures_and_the_log(project, open_page):
    app = open_page("project")
    shown = texts(app)
    assert "24" in shown
    assert "import talk.jsonl" in shown.replace("\\", "").casefold()


def test_the_next_step_is_one_click_away(project, open_page):
    app = open_page("project")
    app.button(key="project-next").click().run()
    assert "Duplicates" in texts(app)


def test_a_decision_of_the_log_is_undone_there(project, open_page):
    action = curation.apply_plan(
        project, curation.plan_tag(project, "sub", query="class:none"), actor="somebody else"
    )
    app = open_page("project")
    app.button(key=f"log-undo-{action.id}").click().run()
    assert {r.name: r.conversations for r in curation.class_table(project)} == {"expert": 8, "sub": 8}
    assert curation.get_action(project, action.id).undone_by is not None


def test_undo_never_drops_an_import_by_accident(project, open_page):
    app = open_page("project")
    app.text_input(key="curator").set_value("importer").run()
    app.button(key="frame-undo").click().run()
    assert any("undoing it drops its conversations" in toast.value.replace("\\", "") for toast in app.toast)
    assert sum(r.conversations for r in curation.class_table(project)) == 16


def test_without_a_project_the_app_says_how_to_start(monkeypatch, open_page):
    monkeypatch.delenv(state.PROJECT_VARIABLE, raising=False)
    app = open_page("project")
    assert "workbench demo" in app.error[0].value


def test_a_project_of_a_newer_version_is_refused_with_the_remedy(empty_project, open_page, monkeypatch):
    manifest = empty_project.root / "project.toml"
    manifest.write_text(manifest.read_text().replace("schema_version = ", "schema_version = 9"))
    state._open.cache_clear()
    app = open_page("project")
    assert "newer version" in app.error[0].value
    manifest.write_text(manifest.read_text().replace("schema_version = 9", "schema_version = "))
