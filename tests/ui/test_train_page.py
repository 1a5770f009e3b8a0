"""Train: what will be trained on is shown first; a run is watched, and says in words how it ended."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import crlft
from crlft.config import RunConfig, field_help
from tests.ui.loop_data import make_run, step
from workbench.domain.run import Job
from workbench.services import exact, runs, snapshots, training
from workbench.services.training import TrainRequest
from workbench.ui.views.train_figures import PHASES
from workbench.ui.views.train_new import command_line
from workbench.ui.views.train_panels import samples_html
from workbench.ui.views.train_runs import runs_table
from workbench.ui.widgets.config_form import ELSEWHERE, GROUPS
from workbench.ui.widgets.rendered import rendered_html


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def labels(app):
    return [b.label for b in app.button]


def component(app, name):
    """The data of one of our own components."""
    found = [c.proto for c in app.get("bidi_component") if c.proto.component_name == f"workbench_{name}"]
    assert len(found) == 1, name
    return json.loads(found[0].json)


def button(app, label):
    return next(b for b in app.button if b.label == label)


@pytest.fixture
def started(monkeypatch):
    """The requests that would have started a run."""
    seen = []

    def start(project, request, *, actor):
        seen.append(request)
        make_run(project, "run-new", events=[step(1)], mark="done")
        return training.get_run(project, "run-new")

    monkeypatch.setattr(training, "start_training", start)
    return seen


COUNTS = {
    "classes": [
        {"name": "expert", "conversations": 7, "supervised_tokens": 61, "weight": 1.0, "truncated": 3},
        {"name": "sub", "conversations": 8, "supervised_tokens": 70, "weight": 0.1, "unsupervised": 2},
    ],
    "resolved": {"learning_rate": 0.0042, "packing": True},
    "steps": 77,
    "epochs": 2.5,
    "memory_bytes": 640_000_000,
    "trained_parameters": 250_000,
    "tokens": {
        "expert": {
            "cut": 2,
            "hidden": 0,
            "tokens": [
                {"text": "GPT4", "ids": [7], "weight": 0.0, "control": False, "condition": True},
                {"text": "<b>four", "ids": [9, 8], "weight": 0.5, "control": False, "condition": False},
                {"text": "<|end_of_turn|>", "ids": [2], "weight": 1.0, "control": True, "condition": False},
            ],
        }
    },
}


@pytest.fixture(autouse=True)
def counted(monkeypatch):
    """Exact counts that are there at once for a snapshot, and the requests they were asked for."""
    seen = []

    def start(project, request, *, measure=False, asked=False):
        seen.append((request, asked))
        return exact.Exact(None, COUNTS if request.snapshot else None)

    monkeypatch.setattr(exact, "start_exact", start)
    return seen


class TestNewRun:
    def test_an_empty_project_leads_to_import(self, empty_project, open_page):
        assert "Go to Import" in labels(open_page("train"))

    def test_each_class_is_shown_as_the_model_will_read_it(self, project, open_page):
        text = html(open_page("train"))
        assert "GPT4 Correct</b> User:" in text
        assert "GPT3 Correct</b> Assistant:" in text
        assert "&lt;|end_of_turn|&gt;" in text
        assert "learnt with weight 0.1" in text

    def test_what_was_being_counted_for_other_settings_is_given_up(self, project, open_page, monkeypatch):
        given_up = []
        monkeypatch.setattr(exact, "give_up", lambda project, job_id: given_up.append(job_id))
        monkeypatch.setattr(exact, "still_counting", lambda project, job: True)

        def start(project, request, *, measure=False, asked=False):
            return exact.Exact(Job(f"counts-{request.method}", "preview", "running"), None)

        monkeypatch.setattr(exact, "start_exact", start)
        app = open_page("train")
        app.run()
        assert not given_up
        app.radio(key="train-method").set_value("sft").run()
        assert given_up == ["counts-c-rlft"]

    def test_a_method_without_condition_shows_none(self, project, open_page):
        app = open_page("train")
        app.radio(key="train-method").set_value("no-condition").run()
        assert "GPT4 Correct</b>" not in html(app)
        assert "learnt with weight 0.1" in html(app)

    def test_the_best_class_alone_leaves_the_other_out(self, project, open_page):
        app = open_page("train")
        app.radio(key="train-method").set_value("sft-best").run()
        assert "answer 0 from senior" in html(app)
        assert "from crowd" not in html(app)

    def test_one_button_starts_what_the_shown_command_says(self, project, open_page, started):
        app = open_page("train")
        app.text_input(key="train-steps").set_value("30").run()
        app.radio(key="train-method").set_value("sft").run()
        shown = [c.value for c in app.code]
        button(app, "Start training").click().run()
        assert started == [TrainRequest(None, "offline", "sft", {"steps": "30"})]
        assert command_line(started[0]) in shown
        assert app.query_params["run"] == "run-new"

    def test_every_field_says_what_auto_comes_to(self, project, open_page):
        app = open_page("train")
        said = {n: app.text_input(key=f"train-{n}").placeholder for n in ("steps", "learning_rate", "step_tokens")}
        assert said == {"steps": said["steps"], "learning_rate": "auto: 0.0014", "step_tokens": "auto: 1,024"}
        assert int(said["steps"].removeprefix("auto: ≈ ").replace(",", "")) >= 1
        assert "auto: cpu" in app.selectbox(key="train-device").options

    def test_wrong_settings_are_all_named_and_nothing_can_be_started(self, project, open_page, started):
        app = open_page("train")
        app.text_input(key="train-learning_rate").set_value("7")
        app.text_input(key="train-seed").set_value("-1").run()
        said = " ".join(e.value for e in app.error)
        assert "Learning" in said
        assert "Seed" in said
        assert button(app, "Start training").disabled

    def test_a_base_that_does_not_exist_is_said_before_it_is_spent_on(self, project, open_page):
        app = open_page("train")
        app.selectbox(key="train-base").set_value("…").run()
        assert not app.error
        app.text_input(key="train-base-typed").set_value("/nowhere/model").run()
        assert "/nowhere/model" in app.error[0].value
        assert button(app, "Start training").disabled

    def test_the_address_chooses_the_snapshot(self, project, open_page):
        snapshots.make_snapshot(project, "first", actor="t")
        app = open_page("train", snapshot="first")
        assert app.selectbox(key="train-snapshot").value == "first"
        assert "≈" in html(app)

    def test_a_snapshot_shows_exact_counts_and_what_is_in_the_project_estimates(self, project, open_page):
        snapshots.make_snapshot(project, "first", actor="t")
        said = [c.value for c in open_page("train").caption]
        assert any(c.startswith("Estimates") for c in said)
        app = open_page("train", snapshot="first")
        assert "Counted exactly, with the base's own tokenizer." in [c.value for c in app.caption]
        text = html(app)
        for shown in ("Nothing to learn", ">77<", "0.0042", "packed end to end", "≈ 640 MB", "0.25 M are trained"):
            assert shown in text, shown

    def test_exact_counts_show_every_token_with_its_weight(self, project, open_page):
        snapshots.make_snapshot(project, "first", actor="t")
        text = html(open_page("train", snapshot="first"))
        assert 'title="token 9 8 · weight 0.5"' in text
        assert "&lt;b&gt;four" in text
        assert 'wl-condition" title="token 7 · weight 0">GPT4' in text
        assert "2 tokens lie behind the context" in text
        assert "2 of the 3 tokens are learnt" in text

    def test_what_is_kept_now_is_counted_on_demand_where_it_is_much(self, project, open_page, counted):
        app = open_page("train")
        app.button(key="preflight-count").click().run()
        assert next(asked for _, asked in counted) is False
        assert counted[-1][1] is True
        assert counted[-1][0].snapshot is None

    def test_adapters_learn_ten_times_as_fast(self, project, open_page):
        app = open_page("train")
        assert "0.0014" in html(app)
        app.selectbox(key="train-adapter").set_value("lora").run()
        assert "0.01<" in html(app)
        assert "adapters want it" in html(app)


class TestWatching:
    def test_a_live_run_shows_step_time_left_and_can_be_stopped(self, project, open_page):
        events = [{"event": "start", "attempt": 1, "step": 0}, step(1), step(2, loss=0.5)]
        folder = make_run(project, "run-1", events=events, alive=True)
        app = open_page("train", run="run-1")
        now = component(app, "live_run")["now"]
        assert ["Loss", "0.500", "weighted, per token"] in now["rows"]
        assert now["bar"]["part"] == 0.5
        assert "2 / 4" in now["bar"]["text"]
        charts = component(app, "light_charts")
        assert [c["y"] for c in charts["small"]] == ["tokens per second", "learning rate"]
        assert charts["large"][1]["lines"][0]["y"][-1] < 1.0
        assert component(app, "live_pulse")["part"] == "Curves"
        (folder / "stop.request").touch()
        app.run()
        assert "Stopping…" in labels(app)

    def test_a_failed_run_says_what_happened_and_offers_what_helps(self, project, open_page):
        marker = {"error": "the loss is not a number at step 2", "remedy": "lower the rate", "kind": "nan"}
        make_run(project, "run-1", events=[step(1)], mark="failed", marker=marker)
        app = open_page("train", run="run-1")
        assert "not a number" in app.error[0].value
        assert "Lower the rate" in app.error[0].value
        assert "Start again with a third of the learning rate" in labels(app)

    def test_a_killed_run_can_be_resumed(self, project, open_page, monkeypatch):
        resumed = []
        monkeypatch.setattr(training, "resume_run", lambda project, run: resumed.append(run))
        make_run(project, "run-1", events=[step(1)])
        app = open_page("train", run="run-1")
        assert "the last words" in app.error[0].value
        button(app, "Resume").click().run()
        assert resumed == ["run-1"]

    def test_a_finished_run_leads_on(self, project, open_page):
        make_run(project, "run-1", events=[step(4)], mark="done", model=True)
        app = open_page("train", run="run-1")
        assert {"Compare its answers", "Train on from this model"} <= set(labels(app))
        app = open_page("train", base="run-1")
        assert app.selectbox(key="train-base").value == "run-1"

    def test_other_tabs_show_samples_counts_log_and_command(self, project, open_page):
        counts = {"name": "expert", "conversations": 8, "supervised_tokens": 99, "weight": 1.0, "mass_share": 0.9}
        events = [
            {"event": "data", "classes": [counts], "warnings": ["only <one> class"]},
            {"event": "sample", "step": 2, "prompt": "hi", "condition": "GPT4 Correct", "text": "<i>hello</i>"},
            step(2),
        ]
        make_run(project, "run-1", events=events, mark="done")
        app = open_page("train", run="run-1")
        assert any("class" in w.value for w in app.warning)
        for tab, wanted in (("Samples", "&lt;i&gt;hello"), ("Data", "90.0 %"), ("Settings", "c-rlft")):
            app.session_state["section"] = tab
            app.run()
            assert wanted in html(app)
        assert "crlft train --run" in app.code[0].value
        app.session_state["section"] = "Log"
        app.run()
        assert "the last words" in app.code[0].value

    def test_a_rehearsing_run_says_so_in_words_and_what_it_found(self, project, open_page):
        events = [
            {"event": "phase", "name": "rehearsing"},
            {"event": "data", "memory_bytes": 2_000_000_000, "free_memory_bytes": 8_100_000_000},
            {"event": "rehearsal", "expected_seconds": 200.0, "peak_memory_bytes": 1_500_000_000},
        ]
        make_run(project, "run-1", events=events, alive=True)
        app = open_page("train", run="run-1")
        now = component(app, "live_run")["now"]
        assert "rehearsing one step on the longest batch" in now["note"]
        for shown in ("≈ 3 min 20 s", "1.5 GB", "≈ 2.0 GB", "8.1 GB were free"):
            assert shown in json.dumps(now["costs"], ensure_ascii=False), shown

    def test_a_run_that_does_not_exist_is_said(self, project, open_page):
        assert "there is no run 'run-9'" in open_page("train", run="run-9").error[0].value.lower()


def test_the_form_has_every_setting_with_its_explanation(project, open_page):
    app = open_page("train")
    captions = {c.value for c in app.caption}
    for name in RunConfig().to_dict():
        if name not in ELSEWHERE:
            assert field_help()[name] in captions


def test_every_setting_stands_in_one_group_of_the_form():
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(set(RunConfig().to_dict()) - ELSEWHERE)


def test_every_phase_that_the_trainer_enters_has_words():
    said = set()
    for name in ("training", "prepare"):
        source = (Path(crlft.__file__).parent / f"{name}.py").read_text("utf-8")
        said |= set(re.findall(r"""(?:emit|say)\("phase", name="(\w+)"\)""", source))
    assert said
    assert said <= set(PHASES)


def test_a_long_list_of_runs_says_status_and_progress(project):
    make_run(project, "a", events=[step(2)], mark="stopped")
    make_run(project, "b", events=[step(4, loss=0.25)], mark="done")
    table = runs_table(runs.run_rows(project))
    assert table["status"] == ["done", "stopped"]
    assert table["progress"] == [1.0, 0.5]
    assert table["loss"] == [0.25, 1.0]


def test_shading_follows_the_weight_and_text_stays_text():
    class Piece:
        text, control, supervised, turn = "<b>x</b>", False, True, 1

    strong, weak, none = (rendered_html([Piece()], [0.0, w]) for w in (1.0, 0.1, 0.0))
    assert "<b>" not in strong
    assert "0.55" in strong
    assert strong != weak
    assert "background" not in none


def test_samples_stand_under_their_conditions():
    rows = [{"prompt": "a", "condition": c, "text": f"says {c}"} for c in ("good", "")]
    text = samples_html(rows)
    assert text.index("good") < text.index("no condition") < text.index("says good")
