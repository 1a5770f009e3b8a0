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


def press(page: Page, *keys: str) -> None:
    """Press keys at once, one after the other: nothing waits for what they do."""
    for key in keys:
        page.keyboard.press(key)


def shows(page: Page, *texts: str) -> None:
    """Wait until the page says all of it."""
    for text in texts:
        expect(page.get_by_text(text)).to_be_visible()


def test_groups_are_walked_decided_dropped_and_undone_by_keys_alone(
    page: Page, served: tuple[Project, str]
) -> None:
    project, address = served
    page.goto(f"{address}/duplicates")
    shows(page, "Group 1 of 3", "Stays: best class, then the longest answer")
    expect(page.locator(".wl-pane ins, .wl-pane del").first).to_be_visible()
    expect(page.locator(".wl-pane").first.get_by_text("reward 1")).to_be_visible()
    settled(page)
    press(page, "ArrowRight", "l")
    shows(page, "Group 2 of 3", "Left as it is: nothing in this group goes.", "1 group left alone")
    press(page, "ArrowRight", "p")
    shows(page, "Group 3 of 3", "Stays: the longest answer, then the best class")
    press(page, "ArrowLeft", "ArrowLeft", "1")
    shows(page, "Group 1 of 3", "Stays: chosen by hand")
    shows(page, "1 chosen by hand, 1 group by a rule of its own, 1 group left alone")
    careful = page.get_by_role("checkbox", name="Leave groups with tagging conflicts alone")
    page.locator('[data-testid="stCheckbox"] input').first.focus()
    press(page, "Space")  # conflicts are decided here, too
    expect(careful).not_to_be_checked()
    press(page, "Tab")
    settled(page)
    press(page, "d")
    expect(page.get_by_role("button", name="Apply to 4 conversations")).to_be_visible()
    press(page, "Enter")
    shows(page, "Done: drop 4 duplicates in 2 groups")
    gone = dropped(project)
    assert len(gone) == 4
    assert not {4, 5, 6} & set(gone)
    settled(page)
    press(page, "u")
    shows(page, "Undone: drop 4 duplicates in 2 groups", "Group 1 of 3")
    assert dropped(project) == []


def test_a_burst_of_keys_ends_where_slow_presses_do_and_typing_is_not_heard(
    page: Page, served: tuple[Project, str]
) -> None:
    project, address = served
    page.goto(f"{address}/duplicates")
    shows(page, "Group 1 of 3")
    page.get_by_text("Leave groups with tagging conflicts alone").click()
    settled(page)
    press(page, *"lplplp", "ArrowRight", "l", "ArrowRight", "ArrowRight", "ArrowLeft", "1")
    shows(page, "Group 2 of 3", "1 chosen by hand, 1 group by a rule of its own, 2 groups left alone")
    shows(page, "Left as it is: nothing in this group goes.")
    press(page, "l", "d", "ArrowRight", "l")  # what comes after the plan was asked for is not for the groups
    shows(page, "in 2 groups")
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    shows(page, "Group 2 of 3", "1 chosen by hand, 1 group by a rule of its own, 1 group left alone")
    page.get_by_role("textbox", name="Only where").focus()
    press(page, "l", "d", "ArrowLeft", "Tab")
    settled(page)
    shows(page, "Group 2 of 3", "1 chosen by hand, 1 group by a rule of its own, 1 group left alone")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert dropped(project) == []


def test_a_leak_is_shown_with_its_place(page: Page, served: tuple[Project, str]) -> None:
    project, address = served
    page.goto(f"{address}/duplicates?view=Leaked+evaluation+prompts")
    page.get_by_text("By meaning, too").click()
    page.get_by_role("button", name="Look for leaks").click()
    expect(page.get_by_text("Leak 1 of 9, least alike first")).to_be_visible()
    expect(page.locator(".wl-marked mark")).to_have_text(SAID)
    settled(page)
    press(page, "l", *["ArrowRight"] * 6, "l", "ArrowLeft", "l", "l")
    shows(page, "Leak 6 of 9, least alike first", "2 left in by hand")
    press(page, "d")
    shows(page, "Drop 7 conversations that leak evaluation prompts")
    press(page, "Escape")
    assert dropped(project) == []
