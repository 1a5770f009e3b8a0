"""Starting the app: where it listens, what it refuses, and that it stays light."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import psutil
import pytest

from workbench.domain.errors import ProjectError
from workbench.jobs.process import APP_MEMORY, worker_environment
from workbench.services.project import create_project
from workbench.ui import launch


def options(arguments: list[str]) -> dict[str, str]:
    return dict(a[2:].split("=", 1) for a in arguments if a.startswith("--"))


def test_it_listens_on_this_machine_only_and_tells_nobody():
    given = options(launch.streamlit_arguments(8600))
    assert given["server.address"] == "127.0.0.1"
    assert given["server.port"] == "8600"
    assert given["browser.gatherUsageStats"] == "false"


def test_the_app_gives_back_memory_and_its_workers_have_the_usual_way(tmp_path, monkeypatch):
    given = launch.app_environment(tmp_path)
    assert given["WORKBENCH_PROJECT"] == str(tmp_path)
    assert given["MALLOC_ARENA_MAX"] == "2"
    for name in APP_MEMORY:
        monkeypatch.setenv(name, "7")
    assert launch.app_environment(tmp_path)["MALLOC_ARENA_MAX"] == "7"
    assert not APP_MEMORY.keys() & worker_environment(tmp_path, offline=True).keys()


def test_streamlit_knows_every_option():
    from streamlit import config

    known = config.get_config_options()
    assert [name for name in options(launch.streamlit_arguments()) if name not in known] == []


def test_a_taken_port_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert launch.free_port(port) > port


def test_no_free_port_is_said_with_the_remedy(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(launch, "PORTS_TRIED", 1)
        with pytest.raises(ProjectError, match="--port"):
            launch.free_port(taken.getsockname()[1])


def test_an_address_that_is_not_ours_is_refused():
    with pytest.raises(ProjectError, match=r"127\.0\.0\.1"):
        launch.free_port(8600, "203.0.113.7")


class TestRunningApp:
    def note(self, root, **changes):
        me = psutil.Process(os.getpid())
        facts = {"pid": me.pid, "started": me.create_time(), "url": "http://127.0.0.1:8501"} | changes
        (root / "app.json").write_text(json.dumps(facts))

    def test_a_live_app_is_found(self, tmp_path):
        self.note(tmp_path)
        assert launch.running_app(tmp_path) == "http://127.0.0.1:8501"

    def test_another_process_with_its_number_is_not_it(self, tmp_path):
        self.note(tmp_path, started=1.0)
        assert launch.running_app(tmp_path) is None

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}'])
    def test_a_broken_note_is_no_app(self, tmp_path, text):
        (tmp_path / "app.json").write_text(text)
        assert launch.running_app(tmp_path) is None

    def test_a_second_start_leads_to_the_first(self, tmp_path, capsys):
        self.note(tmp_path)
        launch.run_app(tmp_path, open_browser=False)
        assert "already open at http://127.0.0.1:8501" in capsys.readouterr().out


@pytest.mark.slow
def test_the_app_serves_until_it_is_interrupted(tmp_path):
    create_project(tmp_path / "project").close()
    code = (
        "from pathlib import Path; from workbench.ui.launch import run_app; "
        f"run_app(Path({str(tmp_path / 'project')!r}), port={launch.free_port(8700)}, open_browser=False)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "is open at" in line)
        url = line.split(" at ")[1].split()[0]
        assert url.startswith("http://127.0.0.1:")
        assert launch.running_app(tmp_path / "project") == url
        with urllib.request.urlopen(url, timeout=20) as page:
            assert page.status == 200
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Jobs that were started keep running" in rest
    assert launch.running_app(tmp_path / "project") is None
    assert not (tmp_path / "project" / "app.json").exists()


def test_the_app_imports_no_torch():
    code = (
        "import sys, workbench.ui.app, pkgutil, importlib, workbench.ui.views as v\n"
        "[importlib.import_module(f'workbench.ui.views.{m.name}') for m in pkgutil.iter_modules(v.__path__)]\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'pacmap'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_without_a_login_nobody_outside_is_let_in(tmp_path, monkeypatch, address):
    monkeypatch.setattr(launch.subprocess, "Popen", lambda *a, **k: pytest.fail("a server was started"))
    with pytest.raises(ProjectError, match="no login") as refused:
        launch.run_app(tmp_path, address=address, open_browser=False)
    assert "SSH tunnel" in refused.value.remedy
