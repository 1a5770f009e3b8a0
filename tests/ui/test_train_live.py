"""What a live run's page asks for: one JSON for all tabs, charts where they changed, this machine only."""

from __future__ import annotations

import json

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from crlft.runfolder import RunFolder
from tests.ui.loop_data import make_run, step
from workbench.services import training
from workbench.ui import live_address
from workbench.ui.views import train_live
from workbench.ui.widgets.live_run import ADDRESS

START = {"event": "start", "attempt": 1, "step": 0}


@pytest.fixture
def folder(project):
    """A run of this very process, two steps old."""
    return RunFolder(make_run(project, "run-1", events=[START, step(1), step(2, loss=0.5)], alive=True))


@pytest.fixture
def ask(monkeypatch):
    """Ask the address as a browser does; every answer is a fresh one."""
    monkeypatch.setattr(train_live, "FRESH_SECONDS", -1.0)
    app = Starlette(routes=live_address.ROUTES)

    def get(*, host="127.0.0.1", **query):
        return TestClient(app, base_url=f"http://{host}:8501").get(ADDRESS, params={"run": "run-1", **query})

    return get


def test_figures_and_the_marks_of_what_the_page_draws_besides(folder, ask):
    now = ask().json()
    assert ["Step", "2", "of 4"] in now["rows"]
    assert now["parts"] | {"Log": 1} == {"Curves": 1, "Samples": 0, "Data": 0, "Log": 1, "Settings": 1}
    assert "charts" not in now
    folder.emit("step", **{k: v for k, v in step(3).items() if k != "event"})
    folder.emit("sample", step=3, prompt="a", condition="", text="b")
    later = ask().json()
    assert ["Step", "3", "of 4"] in later["rows"]
    assert later["parts"]["Samples"] == 1
    assert later["mark"] == now["mark"], "more figures are no reason to draw the page anew"
    folder.emit("warning", message="mind the step")
    assert ask().json()["mark"] != now["mark"]
    folder.request_stop()
    assert ask().json()["mark"].startswith("stopping ")


def test_charts_come_once_until_they_look_different(folder, ask):
    charts = ask(charts="").json()["charts"]
    assert [line["name"] for line in charts["large"][1]["lines"]] == ["expert", "sub"]
    assert "charts" not in ask(charts=charts["mark"]).json()
    folder.emit("eval", step=2, loss=0.7)
    lines = ask(charts=charts["mark"]).json()["charts"]["large"][0]["lines"]
    assert "held out" in [line["name"] for line in lines]


def test_the_readers_language_is_spoken(folder, ask):
    assert ask(lang="zh").json()["rows"][0][0] == "步"
    assert ask().json()["rows"][0][0] == "Step"


def test_a_run_that_is_not_there_and_a_path(folder, ask):
    assert ask(run="run-2").status_code == 404
    assert ask(run="../run-1").status_code == 404
    assert ask(run="").status_code == 404


@pytest.mark.parametrize(
    ("host", "status"), [("localhost", 200), ("[::1]", 200), ("elsewhere.example", 403), ("192.168.0.9", 403)]
)
def test_a_foreign_name_that_leads_here_is_told_nothing(folder, ask, host, status):
    assert ask(host=host).status_code == status


def test_tabs_that_ask_at_once_are_told_the_same(folder, project, monkeypatch):
    looked = []
    get_run = training.get_run
    monkeypatch.setattr(training, "get_run", lambda *a: looked.append(1) or get_run(*a))
    monkeypatch.setattr(train_live, "FRESH_SECONDS", 1000.0)
    texts = {train_live.live_text(project, "run-1", charts=None) for _ in range(5)}
    assert len(texts) == 1
    assert len(looked) <= 1
    assert json.loads(texts.pop())["rows"]


def test_a_run_is_read_once_whoever_looks(folder, project):
    first = train_live.read_curves(project, "run-1")
    folder.emit("step", **{k: v for k, v in step(3).items() if k != "event"})
    assert train_live.read_curves(project, "run-1") is first
    assert [e["step"] for e in first.steps] == [1, 2, 3]
