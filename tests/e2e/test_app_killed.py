"""The app is killed ten times over, each time a random moment after a decision was pressed."""

from __future__ import annotations

import random
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import run_workbench

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def untagged(project: Path) -> int:
    code, found = run_workbench(project, "search", "class:none -status:dropped")
    assert code == 0, found
    return int(found["total"])


def kill_app(address: str) -> None:
    flag = f"--server.port={address.rsplit(':', 1)[1]}"
    servers = [p for p in psutil.process_iter(["cmdline"]) if flag in (p.info["cmdline"] or [])]
    assert servers, "no server to kill"
    for server in servers:
        server.send_signal(signal.SIGKILL)
        server.wait()


@pytest.mark.timeout(900)
def test_a_decision_is_whole_or_absent_whenever_the_app_dies(
    page: Page, serve: Callable[[Path], str], project_copy: Path
) -> None:
    chance = random.Random(5)
    before = waiting = untagged(project_copy)
    for _ in range(10):
        address = serve(project_copy)
        page.goto(f"{address}/tag")
        expect(page.get_by_text(f"{waiting} left", exact=False).first).to_be_visible()
        page.keyboard.press("2")
        page.wait_for_timeout(chance.uniform(0, 250))
        kill_app(address)
        with closing(sqlite3.connect(project_copy / "workbench.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("PRAGMA foreign_key_check").fetchone() is None
        left = untagged(project_copy)
        code, log = run_workbench(project_copy, "log", "--limit", "200")
        assert code == 0
        tags = [a for a in log["actions"] if a["kind"] == "tag"]
        assert left in (waiting, waiting - 1)
        assert len(tags) == before - left, "every tag has its entry in the log, and no entry is without its tag"
        waiting = left
