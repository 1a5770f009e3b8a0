"""Rounds 1 and 2 in Chromium: the model judges the tags, its queue is decided, and round 2 is made of what stands.

Whether the second round is the better one takes minutes of training: `scripts/two_rounds.py` and docs/rounds.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.unit.loop_project import until
from workbench.jobs.handover import WARM
from workbench.jobs.stay import STAY_VARIABLE
from workbench.services import browsing, comparing, curation, judging, rounds, snapshots, training
from workbench.services.importing import import_files
from workbench.services.project import Project, create_project
from workbench.services.roundchanges import round_changes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECOND = 1_000
SMALL = {"steps": 8, "step_tokens": 256, "threads": 1, "device": "cpu", "sample_count": 0}
PROMPTS, DECIDED = 6, 10


@pytest.fixture
def project(tmp_path: Path, sample_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Some of the sample data, ten crowd answers of it credited to the expert; round 1 trained and compared.

    The worker of the comparison stays, as it does for users, and answers in round 2.
    """
    monkeypatch.setenv(STAY_VARIABLE, "300")
    made = create_project(tmp_path / "project")
    rows = [json.loads(line) for line in (sample_data / "messages.jsonl").read_text(encoding="utf-8").splitlines()
            if line.startswith("{") and line.endswith("}")]  # fmt: skip
    expert = [r for r in rows if r.get("generator") == "senior-clerk"][:60]
    crowd = [r for r in rows if r.get("generator") in ("crowd-a", "crowd-b")][:120]
    assert len(expert) + len(crowd) > 120
    for row in crowd[:DECIDED]:
        row["generator"] = "senior-clerk"
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in expert + crowd), encoding="utf-8")
    table = {"senior-clerk": "expert", "crowd-a": "sub", "crowd-b": "sub"}
    import_files(made, [file], actor="test", class_field="generator", class_map=table)
    held_out = comparing.read_prompts(sample_data / "held_out.jsonl")[:PROMPTS]
    comparing.set_held_out(made, held_out, actor="test")
    snapshots.make_snapshot(made, "round-1", actor="test")
    request = training.TrainRequest(snapshot="round-1", overrides=SMALL)
    run = training.wait_for(made, training.start_training(made, request, actor="test").id)
    assert run.status == "done", run.error
    compared = comparing.start_comparison(
        made, runs=[run.id], include_base=False, conditions=None, prompts=held_out,
        sampling={"max_new_tokens": 8}, actor="test",
    )  # fmt: skip
    comparing.wait_for_comparison(made, compared.id)
    yield made
    for offer in (made.runs / WARM).glob("*.json"):  # a worker whose offer is gone goes
        offer.unlink(missing_ok=True)
    made.close()


def judge_and_decide(page: Page, address: str, project: Project) -> dict[int, str]:
    """Let the model judge in the page, take the queue's first proposals, return what they are."""
    page.goto(f"{address}/rounds?panel=The%20model%20judges%20the%20tags")
    for label, value in (("Folds", "2"), ("Steps of each", "8")):
        field = page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Enter")
    page.get_by_role("button", name=re.compile("Judge$")).click()
    expect(page.get_by_text("What to look at").first).to_be_visible(timeout=180 * SECOND)
    expect(page.get_by_text("a classifier of sentence embeddings").first).to_be_visible()
    queue = judging.review_queue(project, limit=DECIDED)
    first = page.get_by_label("The first", exact=True)
    first.fill(str(DECIDED))
    first.press("Enter")
    page.get_by_role("button", name=re.compile(f"Tag {DECIDED} as proposed")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("^Apply")).click()
    expect(dialog).to_have_count(0)
    return {j.seq: j.proposal for j in queue if j.proposal != j.tag}


def begin_round_2(page: Page, address: str) -> None:
    page.goto(f"{address}/rounds")
    page.get_by_role("button", name=re.compile("Start round 2")).click()
    expect(page.get_by_role("button", name=re.compile("Start round 3"))).to_be_visible()


def train(page: Page, address: str) -> None:
    page.goto(f"{address}/train")
    page.locator("summary", has_text="Advanced").click()
    for tab, fields in (("Budget", {"Steps": "8", "Step tokens": "256"}), ("Samples", {"Sample count": "0"})):
        page.get_by_role("tab", name=tab).click()
        for label, value in fields.items():
            field = page.get_by_label(label, exact=True)
            field.fill(value)
            field.press("Enter")
    page.get_by_role("button", name="Start training").click()
    done = page.get_by_role("button", name="Compare its answers")
    expect(done).to_be_visible(timeout=180 * SECOND)
    done.click()


def compare(page: Page) -> None:
    page.locator("summary", has_text="Sampling").click()
    longest = page.get_by_label("Longest answer, tokens", exact=True)
    longest.fill("8")
    longest.press("Enter")
    generate = page.get_by_role("button", name=re.compile(f"Generate {3 * PROMPTS} answers"))
    expect(generate).to_be_enabled()
    generate.click()
    expect(page.get_by_role("tab", name="Bring back")).to_be_visible()


@pytest.mark.timeout(600)
def test_round_2_is_made_of_what_the_queue_decided(
    page: Page, serve: Callable[[Path], str], project: Project
) -> None:
    before = {r.seq: r.conversation.class_name for r in browsing.iterate_records(project)}
    address = serve(project.root)
    proposed = judge_and_decide(page, address, project)
    after = {r.seq: r.conversation.class_name for r in browsing.iterate_records(project)}
    changed = {seq: name for seq, name in after.items() if before[seq] != name}
    assert changed == proposed
    assert len(proposed) > DECIDED // 2
    action = next(a for a in curation.log(project) if a.kind == "tag")
    assert action.affected == len(proposed)

    begin_round_2(page, address)
    train(page, address)
    compare(page)
    until(lambda: rounds.rounds(project)[-1].checked == PROMPTS)
    expect(page.get_by_text("not generated yet")).to_have_count(0)  # the grid has followed
    page.goto(f"{address}/rounds")
    expect(page.get_by_text("What changed in round 2").first).to_be_visible()
    expect(page.get_by_text("Quality over rounds").first).to_be_visible()
    first, second = rounds.rounds(project)
    assert first.run != second.run
    assert (first.checked, second.checked) == (PROMPTS, PROMPTS)
    assert second.correct_interval is not None
    found = round_changes(project, 2)
    assert found is not None
    assert (found.retagged, found.added, found.dropped) == (len(proposed), 0, 0)
