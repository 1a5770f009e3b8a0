"""Browse and Tag in Chromium: what only a browser can show. Keys, clicks, history, and that data never runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from crlft.conversation import Conversation, Turn
from tests.ui.conftest import write_rows
from workbench.curate.text import content_uid
from workbench.domain.record import Record
from workbench.services import browsing, curation
from workbench.services.importing import import_files
from workbench.services.maptexts import MAP_SETTING
from workbench.services.project import Project, create_project
from workbench.store.conversations import insert_records
from workbench.store.settings import set_setting as set_value
from workbench.store.vectors import Cluster, replace_map
from workbench.ui.launch import free_port, streamlit_arguments
from workbench.ui.state import PROJECT_VARIABLE

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("WORKBENCH_CHROMIUM") or shutil.which("chromium") or ""
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script> :red[x]"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, str]]:
    """A small project with a hostile conversation on top, and the address where the app serves it."""
    folder = tmp_path_factory.mktemp("browser")
    made = create_project(folder / "project", "Shop")
    write_rows(folder / "talk.jsonl")
    table = {"senior": "expert", "crowd": "sub"}
    import_files(made, [folder / "talk.jsonl"], actor="importer", class_field="generator", class_map=table)
    answer = Turn("assistant", HOSTILE, reasoning=HOSTILE)
    conversation = Conversation((Turn("system", "Be **bold**."), Turn("user", HOSTILE), answer))
    with made.database.write() as connection:
        insert_records(connection, [Record(0, content_uid(conversation), conversation, n_turns=2)])
    with made.database.write() as connection:
        seqs = browsing.matching_seqs(made, "")
        places = [(seq, float(seq % 5), float(seq % 3), seq % 2) for seq in seqs]
        regions = [Cluster(0, "grams · kilo", 12, 2, 1), Cluster(1, "monday · day", 13, 2, 1)]
        replace_map(connection, places, regions)
        set_value(connection, MAP_SETTING, {"job_id": "map-1", "embedder": "offline", "created_at": ""})
    port = free_port(8800)
    process = subprocess.Popen(
        [sys.executable, "-m", *streamlit_arguments(port)],
        stdout=subprocess.DEVNULL,
        env={**os.environ, PROJECT_VARIABLE: str(made.root)},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _await(process, url)
        yield made, url
    finally:
        process.terminate()
        process.wait(timeout=30)
        made.close()


@pytest.fixture
def project(served: tuple[Project, str]) -> Iterator[Project]:
    """The served project; what a test decided is undone after it."""
    made = served[0]
    start = curation.log(made, limit=1)[0].id
    yield made
    for action in curation.log(made, limit=100):
        if action.id > start and action.undoable and action.undone_by is None and action.undoes is None:
            curation.undo(made, action.id, actor="test")


@pytest.fixture
def address(served: tuple[Project, str], project: Project) -> str:
    """Where the app is."""
    return served[1]


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(600):
        assert process.poll() is None, "the app ended while starting"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError("the app did not come up")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine; WORKBENCH_CHROMIUM names one")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page."""
    context = browser.new_context(viewport={"width": 1440, "height": 950})
    context.set_default_timeout(60_000)
    expect.set_options(timeout=15_000)
    yield context.new_page()
    context.close()


def selected(page: Page):
    return page.locator(".row.on")


def row(page: Page, n: int):
    return page.locator(".list .row").nth(n)


def settled(page: Page) -> None:
    """Wait until the page's script has run: a key that comes earlier finds no button."""
    app = page.locator('[data-testid="stApp"]')
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(1000)  # the browser tells the curator's name, and the page runs once more
    expect(app).to_have_attribute("data-test-script-state", "notRunning")


def in_store(page: Page, project: Project, seq: int, status: str) -> None:
    """Wait until the store has a decision: the browser paints it before that."""
    for _ in range(100):
        if browsing.get_record(project, seq).status == status:
            return
        page.wait_for_timeout(100)
    assert browsing.get_record(project, seq).status == status


def at_row(page: Page, n: int) -> None:
    """Wait until row n is lit and the reader shows it."""
    seq = row(page, n).get_attribute("data-seq")
    expect(selected(page)).to_have_attribute("data-seq", str(seq))
    for role, part in (("user", ".prompt"), ("assistant", ".answer")):
        expect(page.locator(f".wb-{role} > .wb-text").first).to_have_text(row(page, n).locator(part).inner_text())


def test_a_deep_link_right_after_the_start_has_the_app_around_it(page, address):
    page.goto(f"{address}/tag?tab=rewards")
    expect(page.get_by_role("link", name="Rounds")).to_be_visible()
    expect(page.get_by_role("button", name="Save rewards")).to_be_visible()


def test_keys_walk_decide_and_undo_and_typing_does_neither(page, address, project):
    page.goto(f"{address}/browse?q=class:sub&order=oldest")
    at_row(page, 0)
    seqs = [r.seq for r in browsing.search(project, "class:sub", order="oldest").items]
    for key, where in (("j", 1), ("ArrowDown", 2), ("ArrowRight", 3), ("k", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        at_row(page, where)
    page.keyboard.press("x")
    at_row(page, 2)
    in_store(page, project, seqs[1], "dropped")
    page.keyboard.press("u")
    expect(page.get_by_text("Undone: drop 1 conversation")).to_be_visible()
    assert browsing.get_record(project, seqs[1]).status == "pending"

    last = curation.log(project, limit=1)[0].id
    box = page.locator('[class*="st-key-browse-q-"] input >> visible=true')
    box.fill("")
    box.press_sequentially("ax1ju")
    box.press("Enter")
    expect(page.get_by_text("No conversation matches")).to_be_visible()
    assert curation.log(project, limit=1)[0].id == last


def test_a_click_opens_and_the_address_keeps_up_without_filling_the_history(page, address):
    page.goto(f"{address}/browse")
    at_row(page, 0)
    steps = page.evaluate("history.length")
    row(page, 3).click()
    at_row(page, 3)
    page.keyboard.press("j")  # also with the list in focus
    at_row(page, 4)
    uid = page.evaluate("new URL(location.href).searchParams.get('id')")
    assert page.evaluate("history.length") == steps
    text = page.locator(".wb-assistant .wb-text").first.inner_text()
    page.goto(f"{address}/browse?id={uid}")
    at_row(page, 4)
    expect(page.locator(".wb-assistant .wb-text").first).to_have_text(text)


def test_a_burst_of_keys_ends_where_it_should(page, address):
    page.goto(f"{address}/browse?q=class:sub")
    at_row(page, 0)
    for key in ("j", "j", "ArrowRight", "k", "j", "ArrowDown", "ArrowLeft", "j"):
        page.keyboard.press(key)
    at_row(page, 4)


def test_facets_narrow_exclude_and_the_back_key_returns(page, address):
    page.goto(f"{address}/browse")
    at_row(page, 0)
    box = page.locator('[class*="st-key-browse-q-"] input >> visible=true')
    page.locator(".facet .value", has_text="expert").click()
    expect(box).to_have_value("class:expert")
    expect(page.get_by_text("8 conversations")).to_be_visible()
    page.locator(".facet .value", has_text="sub").click(modifiers=["Shift"])
    expect(box).to_have_value("class:expert -class:sub")
    page.go_back()
    expect(box).to_have_value("class:expert")
    page.go_back()
    expect(box).to_have_value("")
    expect(page.get_by_text("25 conversations")).to_be_visible()


def test_text_from_data_is_text(page, address):
    page.goto(f"{address}/browse")
    at_row(page, 0)
    expect(page.locator(".wb-user .wb-text").first).to_have_text(HOSTILE)
    for tab in ("Edit", "History", "Details", "Conversation"):
        page.get_by_role("radio", name=tab).click()
        expect(page.get_by_role("radio", name=tab)).to_be_checked()
    at_row(page, 0)
    assert page.locator(".wb-chat img, .wb-chat script, .list img, .wb-user strong").count() == 0
    assert "owned" not in page.title()


def test_a_bulk_act_is_planned_applied_by_enter_and_undone(page, address, project):
    page.goto(f"{address}/browse?q=class:none")
    page.get_by_role("button", name="Act on all 9").click()
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_text("Tag 9 conversations as expert")).to_be_visible()
    page.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")  # the button in focus, not the plan's own
    expect(page.get_by_text("Tag 9 conversations as expert")).to_be_hidden()
    assert browsing.search(project, "class:expert").total == 8
    page.get_by_role("button", name="Act on all 9").click()
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_role("button", name="Apply to 9 conversations")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Done: tag 9 conversations as expert")).to_be_visible()
    assert browsing.search(project, "class:expert").total == 17
    page.locator(".st-key-notice-undo button").click()
    expect(page.get_by_text("Undone: tag 9 conversations as expert")).to_be_visible()
    assert browsing.search(project, "class:expert").total == 8


def test_a_click_at_once_after_a_link_was_opened_keeps_its_search(page, address):
    slow = page.context.new_cdp_session(page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 8})
    page.goto(f"{address}/browse?q=class:none&order=oldest")
    page.get_by_role("button", name="Act on all 9").click()
    expect(page.get_by_role("button", name="Show the plan")).to_be_visible()
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_role("button", name="Apply to 9 conversations")).to_be_visible()
    assert "q=class%3Anone" in page.url or "q=class:none" in page.url
    assert "order=oldest" in page.url


def test_markdown_is_set_raw_at_a_key_and_the_box_completes(page, address):
    page.goto(f"{address}/browse?order=newest")
    expect(page.locator(".wb-system .wb-md strong")).to_have_text("bold")
    settled(page)
    page.keyboard.press("m")
    expect(page.locator(".wb-system .wb-text").first).to_have_text("Be **bold**.")
    box = page.locator('[class*="st-key-browse-q-"] input >> visible=true')
    box.press_sequentially("-sta")
    option = page.locator("#wb-completion option").first
    expect(option).to_have_attribute("value", "-status:")
    box.fill("class:none status:k")
    expect(option).to_have_attribute("value", "class:none status:kept")
    assert page.title() != "owned"


def test_health_bars_and_a_saved_view(page, address):
    page.goto(f"{address}/browse?view=health&q=class:sub")
    expect(page.get_by_text("What would be learnt")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(6)
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name", exact=True).fill("the crowd")
    page.get_by_label("Name", exact=True).press("Tab")
    page.get_by_role("button", name="Save this view").click()
    expect(page.get_by_text("Saved as “the crowd”")).to_be_visible()
    page.goto(f"{address}/browse")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="the crowd").click()
    expect(page.locator('[class*="st-key-browse-q-"] input >> visible=true')).to_have_value("class:sub")


def test_likeness_without_a_map_says_what_to_do(page, address):
    page.goto(f'{address}/browse?q=like:"a+poem"')
    expect(page.get_by_text("there are no embeddings to search by yet")).to_be_visible()
    expect(page.get_by_text("choose Map and make it")).to_be_visible()


def test_a_lasso_is_listed_and_acted_on_and_a_topic_narrows(page, address, project):
    page.goto(f"{address}/browse?view=map&colour=reward")
    expect(page.locator(".js-plotly-plot .gl-canvas").first).to_be_attached()
    settled(page)
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    left, top = box["x"] + 3, box["y"] + 3
    right, bottom = box["x"] + box["width"] - 3, box["y"] + box["height"] - 3
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 4)):
        page.mouse.move(x, y, steps=6)
    page.mouse.up()
    expect(page.locator(".st-key-wb-bulk-browse")).to_contain_text("25 conversations")
    at_row(page, 0)
    page.get_by_role("button", name="Act on all 25").click()
    page.get_by_role("button", name="Show the plan").click()
    page.get_by_role("button", name="Apply to 17 conversations").click()
    expect(page.get_by_text("Done: tag 17 conversations as expert")).to_be_visible()
    assert browsing.search(project, "class:expert").total == 25
    page.locator(".facet .value", has_text="grams · kilo").click()
    expect(page.locator('[class*="st-key-browse-q-"] input >> visible=true')).to_have_value("cluster:0")


def test_a_minus_at_a_bar_excludes(page, address):
    page.goto(f"{address}/browse")
    at_row(page, 0)
    line = page.locator(".facet .line", has_text="sub")
    line.hover()
    line.locator(".not").click()
    expect(page.locator('[class*="st-key-browse-q-"] input >> visible=true')).to_have_value("-class:sub")
    expect(page.get_by_text("17 conversations")).to_be_visible()


def test_the_next_conversation_is_there_before_the_server_answers(page, address):
    page.goto(f"{address}/browse?q=class:sub")
    at_row(page, 0)
    settled(page)
    page.context.set_offline(True)
    for n in (1, 2):
        page.keyboard.press("j")
        answer = row(page, n).locator(".answer").inner_text()
        expect(page.locator(".wb-assistant > .wb-text").first).to_have_text(answer)


def test_rivals_are_ranked_side_by_side_in_one_step(page, address, project):
    page.goto(f"{address}/browse?q=class:none&order=oldest")
    at_row(page, 0)
    page.get_by_role("radio", name="Same prompt").click()
    page.get_by_role("button", name="The open one is the best").click()
    expect(page.get_by_text("7 conversations")).to_be_visible()
    assert curation.log(project, limit=1)[0].title.startswith("rank one answer above 5")
    page.keyboard.press("u")
    expect(page.get_by_text("Undone: rank one answer")).to_be_visible()
