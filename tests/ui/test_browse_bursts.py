"""Keys of Browse in the same instant end where slow presses do: the same decisions and undos, in their order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import app_on, settled
from workbench.domain.errors import PlanError
from workbench.services import browsing, curation
from workbench.services.importing import import_files
from workbench.services.project import Project, create_project
from workbench.ui.views import browse_workspace

pytestmark = pytest.mark.browser

KEYS = {"1": "expert", "2": "sub"}
STRIKE = """(keys) => keys.forEach((key) => document.body.dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true })))"""
ROWS = 60
"""Conversations, more than a page of the list."""


def shop(folder: Path) -> Project:
    made = create_project(folder / "project", "Shop")
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"Where do I find shelf {n}?"},
                {"role": "assistant", "content": f"Behind shelf {n + 1}."},
            ],
            "generator": ("senior", "crowd", "nobody")[n % 3],
        }
        for n in range(ROWS)
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    table = {"senior": "expert", "crowd": "sub"}
    import_files(made, [folder / "rows.jsonl"], actor="importer", class_field="generator", class_map=table)
    return made


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[tuple[Project, Project, str]]:
    """Two equal projects, and where the app serves the first."""
    for name in ("served", "twin"):
        (tmp_path / name).mkdir()
    with closing(shop(tmp_path / "served")) as served, closing(shop(tmp_path / "twin")) as twin:
        with app_on(served.root) as address:
            yield served, twin, address


def slowly(twin: Project, keys: list[str], seqs: list[int], at: int, who: str) -> int:
    """Do through the services what the keys mean, one after the other; return the row that is open then."""
    for key in keys:
        if key == "u":
            try:
                curation.undo(twin, actor=who)
            except PlanError:
                pass  # nothing to undo
            continue
        if key != "j":
            plan = (
                curation.plan_tag(twin, KEYS[key], seqs=[seqs[at]])
                if key in KEYS
                else curation.plan_status(twin, "dropped", "dropped by hand", seqs=[seqs[at]])
            )
            if plan.affected:
                curation.apply_plan(twin, plan, actor=who)
        at = min(at + 1, len(seqs) - 1)
    return at


def decided(project: Project, who: str) -> list[tuple[str, str, bool]]:
    """What was decided, and whether it stands."""
    found = [a for a in reversed(curation.log(project, limit=500)) if a.actor == who]
    return [(a.kind, a.title, a.undone_by is None) for a in found]


def standing(project: Project) -> list[tuple[str | None, str]]:
    items = browsing.search(project, "", order="oldest", limit=500).items
    return [(row.class_name, row.status) for row in items]


def test_bursts_of_decisions_undos_and_steps_end_as_slow_presses_do(
    page: Page, twins: tuple[Project, Project, str]
) -> None:
    served, twin, address = twins
    seqs = [row.seq for row in browsing.search(twin, "", order="oldest", limit=500).items]
    assert len(seqs) > browse_workspace.PAGE_SIZE
    page.goto(f"{address}/browse?order=oldest")
    expect(page.locator(".row.on")).to_have_attribute("data-seq", str(seqs[0]))
    who = page.get_by_role("textbox", name="Your name").input_value()
    settled(page)
    drawn, at = random.Random(20261125), 0
    onward = list("1jx2jj1xjj") * 4  # over the page's end, too
    for burst in (["x", "u"], ["2", "x", "u", "u"], *(drawn.choices("12xuuj", k=8) for _ in range(3)), onward):
        page.evaluate(STRIKE, burst)
        at = slowly(twin, burst, seqs, at, who)
    expect(page.locator(".row.on")).to_have_attribute("data-seq", str(seqs[at]))
    for _ in range(300):
        if decided(served, who) == decided(twin, who):
            break
        page.wait_for_timeout(200)
    assert decided(served, who) == decided(twin, who)
    assert standing(served) == standing(twin)
    page.wait_for_function("!window.__wbOutbox.waiting().length")
