"""The focus queue in Chromium: keys alone, bursts, a tab closed too early, two curators in one queue."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import new_context
from tests.ui import shop
from workbench.services import browsing, curation, panels
from workbench.services.project import Project

pytestmark = pytest.mark.browser
served, project, address = shop.served, shop.project, shop.address
QUEUE = "class:none -status:dropped"


def open_queue(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/tag{query}")
    expect(page.locator(".focus .turn").first).to_be_visible()


def shown(page: Page) -> int:
    return int(page.locator(".focus").get_attribute("data-seq") or 0)


def all_saved(page: Page) -> None:
    expect(page.get_by_text("All saved")).to_be_visible()


def test_the_queue_is_worked_by_keys_alone(page: Page, address: str, project: Project) -> None:
    open_queue(page, address)
    seqs = [r.seq for r in browsing.search(project, QUEUE, order="oldest").items]
    for key in ("1", "2", "x", "s", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    assert shown(page) == seqs[4]
    page.keyboard.press("c")
    page.keyboard.type("x2 a remark")  # keys that decide elsewhere are letters here
    page.keyboard.press("Enter")
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.type("a better answer")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("o")
    page.keyboard.press("?")
    expect(page.get_by_text("accept the suggestion")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_text("3 decided in this sitting")).to_be_visible()
    all_saved(page)
    records = browsing.get_records(project, seqs[:5])
    assert [r.conversation.class_name for r in records] == ["expert", "sub", None, None, None]
    assert (records[2].status, records[3].status) == ("dropped", "pending")
    assert (records[4].comment, records[4].conversation.answer) == ("x2 a remark", "a better answer")
    assert records[4].conversation.turns[-1].excluded
    for _ in range(5):  # exclusion, edit, comment, skip, drop
        page.keyboard.press("u")
    assert shown(page) == seqs[2]
    expect(page.get_by_text("2 decided in this sitting")).to_be_visible()
    all_saved(page)
    after = browsing.get_records(project, seqs[:5])
    assert [r.status for r in after] == ["pending"] * 5
    assert (after[4].comment, after[4].conversation.turns[-1].excluded) == ("", False)
    assert after[4].conversation.answer != "a better answer"


def test_a_burst_loses_nothing(page: Page, address: str, project: Project) -> None:
    open_queue(page, address, "?q=class:sub&order=oldest")
    seqs = [r.seq for r in browsing.search(project, "class:sub", order="oldest").items]
    for _ in seqs:
        page.keyboard.press("1")
    all_saved(page)
    assert {r.conversation.class_name for r in browsing.get_records(project, seqs)} == {"expert"}
    assert len([a for a in curation.log(project, 50) if a.kind == "tag"]) >= len(seqs)


def test_what_a_closed_tab_did_not_send_is_sent_by_the_next(
    browser: Browser, address: str, project: Project
) -> None:
    context = new_context(browser)
    page = context.new_page()
    open_queue(page, address)
    first = shown(page)
    page.wait_for_function("!!window.__wbOutbox?.send")
    page.evaluate("window.__wbOutbox.send = () => {}")  # the line is dead
    page.keyboard.press("2")
    page.close()
    assert browsing.get_record(project, first).conversation.class_name is None
    page = context.new_page()
    open_queue(page, address, "?order=newest")
    all_saved(page)
    expect(page.locator(".focus")).to_be_visible()
    page.wait_for_function("Object.keys(localStorage).filter((k) => k.startsWith('wb-outbox:')).length === 0")
    assert browsing.get_record(project, first).conversation.class_name == "sub"
    context.close()


def test_what_is_decided_before_the_outbox_is_there_waits_for_it(
    page: Page, address: str, project: Project
) -> None:
    page.add_init_script(
        "addEventListener('wb-decide', (e) => { if (window.__deaf) e.stopImmediatePropagation(); }, true)"
    )
    open_queue(page, address)
    seqs = [r.seq for r in browsing.search(project, QUEUE, order="oldest").items][:3]
    page.wait_for_function("!!window.__wbOutbox?.send")
    page.evaluate("window.__deaf = true; window.__held = window.__wbOutbox; window.__wbOutbox = undefined")
    page.keyboard.press("1")
    page.keyboard.press("2")
    assert [r.conversation.class_name for r in browsing.get_records(project, seqs)] == [None] * 3
    page.evaluate("window.__deaf = false; window.__wbOutbox = window.__held")
    page.keyboard.press("1")  # its answer draws the outbox anew
    expect(page.get_by_text("3 decided in this sitting")).to_be_visible()
    page.wait_for_function("!window.__wbEarly.length && !window.__wbOutbox.waiting().length")
    named = [r.conversation.class_name for r in browsing.get_records(project, seqs)]
    assert named == ["expert", "sub", "expert"]


def test_two_curators_in_one_queue_overwrite_nothing_in_silence(
    browser: Browser, address: str, project: Project
) -> None:
    contexts = [new_context(browser) for _ in range(2)]
    ann, ben = (c.new_page() for c in contexts)
    for name, page in (("ann", ann), ("ben", ben)):
        open_queue(page, address)
        page.get_by_role("textbox", name="Your name").fill(name)
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.locator(".focus .progress").click()
        page.wait_for_timeout(500)
    first, second = [r.seq for r in browsing.search(project, QUEUE, order="oldest").items][:2]
    ann.keyboard.press("1")
    ann.keyboard.press("1")
    all_saved(ann)
    assert browsing.get_record(project, second).tagged_by == "ann"
    ben.keyboard.press("2")
    expect(ben.get_by_text("ann was faster: tag 1 conversation as expert")).to_be_visible()
    expect(ben.get_by_text("1 left out: ann decided them meanwhile")).to_be_visible()  # the second one
    assert browsing.get_record(project, first).conversation.class_name == "expert"
    ben.get_by_role("button", name="Look at it").click()
    assert shown(ben) == first
    ben.keyboard.press("2")  # now ben has seen it, and means it
    all_saved(ben)
    assert browsing.get_record(project, first).tagged_by == "ben"
    for context in contexts:
        context.close()


def test_two_judge_blind_and_a_third_decides_by_keys(browser: Browser, address: str, project: Project) -> None:
    panel = panels.make_panel(project, "first", "class:none", sample=3, actor="ann").id
    seqs = panels.to_judge(project, panel, "ann")
    for who, keys in (("ann", "111"), ("ben", "121")):
        context = new_context(browser)
        page = context.new_page()
        page.goto(f"{address}/tag?tab=together")
        page.get_by_role("textbox", name="Your name").fill(who)
        page.keyboard.press("Enter")
        page.wait_for_function(f"document.cookie.includes('={who}')")
        open_queue(page, address, f"?panel={panel}")  # another session of the same browser knows who sits here
        expect(page.get_by_text(f"you judge as {who}, blind to the others")).to_be_visible()
        page.keyboard.press("x")  # changes nothing here
        for key in keys:
            page.keyboard.press(key)
        all_saved(page)
        context.close()
    assert [r.conversation.class_name for r in browsing.get_records(project, seqs)] == [None] * 3
    context = new_context(browser)
    page = context.new_page()
    open_queue(page, address, f"?panel={panel}&part=disputed")
    assert shown(page) == seqs[1]
    expect(page.get_by_text("ann: expert")).to_be_visible()
    expect(page.get_by_text("ben: sub")).to_be_visible()
    page.keyboard.press("2")
    all_saved(page)
    record = browsing.get_record(project, seqs[1])
    assert record.conversation.class_name == "sub"
    assert record.tagged_by.endswith("(adjudicated)")
    page.keyboard.press("u")
    all_saved(page)
    assert [i.seq for i in panels.disputed(project, panel)] == [seqs[1]]
    context.close()


def test_a_reward_is_given_by_key_with_its_reason(page: Page, address: str, project: Project) -> None:
    open_queue(page, address)
    seq = shown(page)
    for typed in ("much", "0.25 half right"):
        page.keyboard.press("r")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
    expect(page.get_by_text("“much” does not begin with a number.")).to_be_visible()
    expect(page.get_by_text("reward 0.25").first).to_be_visible()
    all_saved(page)
    record = browsing.get_record(project, seq)
    assert 0.25 in (record.conversation.coarse_reward, record.conversation.turns[-1].reward)
    assert curation.log(project, 1)[0].reason == "half right"
    page.keyboard.press("u")
    all_saved(page)
    assert browsing.get_record(project, seq).conversation.coarse_reward is None


def test_a_click_on_a_source_takes_it_into_the_query(page: Page, address: str, project: Project) -> None:
    page.goto(f"{address}/tag?tab=bulk")
    rows = page.locator("[data-testid=stDataFrame]").first
    expect(rows.locator("canvas").first).to_be_visible()
    rows.click(position={"x": 60, "y": 52})
    page.wait_for_function("location.search.includes('source')")
    field = page.get_by_role("textbox", name="Query", exact=True)
    expect(field).to_have_value("class:none source:" + browsing.facets(project, "")["source"][0][0])
