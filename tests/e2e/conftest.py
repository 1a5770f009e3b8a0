"""A sample project, the app on it, and a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import browser, free_port, page

__all__ = ["browser", "page"]


def run_workbench(project: Path, *arguments: str, timeout: float = 280) -> tuple[int, dict[str, Any]]:
    """Run one `workbench --json` command; return its exit code and its one JSON object."""
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli", "--project", str(project), "--json", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 1, f"one JSON object expected, got {done.stdout!r} and {done.stderr!r}"
    return done.returncode, json.loads(lines[0])


@pytest.fixture(scope="session")
def demo_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample project made once; copy it before changing it."""
    root = tmp_path_factory.mktemp("demo") / "project"
    code, made = run_workbench(root, "demo", "--no-app")
    assert code == 0, made
    return root


@pytest.fixture
def project_copy(demo_project: Path, tmp_path: Path) -> Path:
    """A sample project to change."""
    return Path(shutil.copytree(demo_project, tmp_path / "project"))


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Start the app on a project; returns its address. Stopped when the test ends."""
    started: list[subprocess.Popen[str]] = []

    def start(project: Path) -> str:
        command = [sys.executable, "-m", "workbench.cli", "--project", str(project), "app"]
        process = subprocess.Popen(
            [*command, "--no-open", "--port", str(free_port())],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        said = []
        for line in process.stdout:  # the address is printed once the app answers
            said.append(line)
            address = next((w.rstrip(".") for w in line.split() if w.startswith("http://127.0.0.1:")), None)
            if address:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=60) as answer:
                    assert answer.status == 200
                return address
        raise AssertionError(f"the app said no address: {''.join(said)}")

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout:
            process.stdout.close()
