"""Browse and Tag in Chromium: what only a browser can show. Keys, clicks, history, and that data never runs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import settled
from tests.ui import shop
from tests.ui.shop import HOSTILE, in_store
from workbench.services import browsing, curation

pytestmark = pytest.mark.browser
served, project, address = shop.served, shop.project, shop.address


def selected(page: Page):
    return page.locator(".row.on")


def row(page: Page, n: int):
    return page.locator(".list .row").nth(n)


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
