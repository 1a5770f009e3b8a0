"""The Duplicates page in Chromium, by keys alone: walk, choose, leave alone, drop, undo; leaks in their place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import app_on, settled
from workbench.domain.comparison import Prompt
from workbench.services import browsing, comparing, duplicates
from workbench.services.importing import import_files
from workbench.services.project import Project, create_project

pytestmark = pytest.mark.browser

PLACES = ("harbour", "station", "market")
ASKED = "please tell me in which aisle near the {} I find the pears and the plums today"
SAID = "you find them in aisle four right behind the bakery <b>and</b> next to the milk"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, str]]:
    """Three groups of three, answered by two classes, and the address where the app serves them."""
    folder = tmp_path_factory.mktemp("duplicates")
    made = create_project(folder / "project", "Shop")
    rows = [
        {
            "messages": [
                {"role": "user", "content": ASKED.format(place)},
                {"role": "assistant", "content": SAID + tail},
            ],
            "generator": hand,
        }
        for place in PLACES
        for tail, hand in ((" there", "crowd"), (" there now", "senior"), (" there now sir", "crowd"))
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    table = {"senior": "expert", "crowd": "sub"}
    import_files(made, [folder / "rows.jsonl"], actor="t", class_field="generator", class_map=table)
    duplicates.find_duplicates(made)
    held_out = [Prompt("pears", ({"role": "user", "content": SAID},))]
    comparing.set_held_out(made, held_out, actor="t")
    with closing(made), app_on(made.root) as address:
        yield made, address


def dropped(project: Project) -> list[int]:
    return browsing.matching_seqs(project, "status:dropped")


def test_groups_are_walked_decided_dropped_and_undone_by_keys_alone(
    page: Page, served: tuple[Project, str]
) -> None:
    project, address = served
    page.goto(f"{address}/duplicates")
    expect(page.get_by_text("Group 1 of 3")).to_be_visible()
    expect(page.get_by_text("Stays: best class, then the longest answer")).to_be_visible()
    expect(page.locator(".wl-pane ins, .wl-pane del").first).to_be_visible()
    expect(page.locator(".wl-pane").first.get_by_text("reward 1")).to_be_visible()
    settled(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Group 2 of 3")).to_be_visible()
    page.keyboard.press("l")
    expect(page.get_by_text("Left as it is: nothing in this group goes.")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Group 3 of 3")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_text("Stays: the longest answer, then the best class")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Group 2 of 3")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("Group 1 of 3")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_text("Stays: chosen by hand")).to_be_visible()
    page.locator('[data-testid="stCheckbox"] input').first.focus()
    page.keyboard.press("Space")  # conflicts are decided here, too
    expect(page.get_by_role("checkbox", name="Leave groups with tagging conflicts alone")).not_to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("d")
    expect(page.get_by_role("button", name="Apply to 4 conversations")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Done: drop 4 duplicates in 2 groups")).to_be_visible()
    gone = dropped(project)
    assert len(gone) == 4
    assert not {4, 5, 6} & set(gone)
    page.keyboard.press("u")
    expect(page.get_by_text("Group 1 of 3")).to_be_visible()
    page.wait_for_timeout(500)
    assert dropped(project) == []


def test_a_leak_is_shown_with_its_place(page: Page, served: tuple[Project, str]) -> None:
    project, address = served
    page.goto(f"{address}/duplicates?view=Leaked+evaluation+prompts")
    page.get_by_text("By meaning, too").click()
    page.get_by_role("button", name="Look for leaks").click()
    expect(page.get_by_text("Leak 1 of 9, least alike first")).to_be_visible()
    expect(page.locator(".wl-marked mark")).to_have_text(SAID)
    page.keyboard.press("l")
    expect(page.get_by_text("1 left in by hand")).to_be_visible()
    page.keyboard.press("d")
    expect(page.get_by_text("Drop 8 conversations that leak evaluation prompts")).to_be_visible()
    page.keyboard.press("Escape")
    assert dropped(project) == []
