"""The mass that the page shows is that of a snapshot made at once; what is held out is in neither."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crlft.conversation import Conversation, Turn
from crlft.snapshot import read_snapshot
from tests.contract.store_world import make_project, make_record
from workbench.domain.comparison import Prompt
from workbench.domain.errors import WorkbenchError
from workbench.services import curation, heldout, rewardmass
from workbench.services.arrivals import make_records
from workbench.services.project import Project
from workbench.services.prompts import set_held_out
from workbench.services.snapshots import make_snapshot

LONG = "Please tell me in a few words how far the harbour lies from the old market place of the town"
ASKED = (LONG, f"{LONG}, thank you", "What is 7 plus 4?", "What is 7 plus 5?", "Write a poem about the sea")
HELD = (LONG, "What is 7 plus 4?")

talks = st.tuples(
    st.sampled_from(ASKED),
    st.sampled_from(["expert", "sub", None]),
    st.sampled_from(["pending", "kept", "dropped"]),
    st.sampled_from(["", "crowd", "gpt4"]),
    st.sampled_from([None, None, 0.5, 1.5]),  # the conversation's own reward
    st.sampled_from([None, None, 0.3]),  # its second answer's
    st.booleans(),  # whether its first answer is learnt from
)


def project_of(folder: Path, rows: list[tuple[Any, ...]]) -> Project:
    said = []
    for n, (asked, name, _, source, reward, own, learnt) in enumerate(rows):
        turns = (
            Turn("user", "Good morning"),
            Turn("assistant", f"Good morning, {n}.", excluded=not learnt),
            Turn("user", asked),
            Turn("assistant", "A mile, or " + "two " * (n % 4), reward=own),
        )
        said.append(Conversation(turns, class_name=name, source=source, coarse_reward=reward))
    records = make_records(said, [str(n) for n in range(len(said))], [{}] * len(said), round_number=1)
    records = [replace(record, status=row[2]) for record, row in zip(records, rows, strict=True)]
    return make_project(folder / "project", records)


def learnt_in(project: Project) -> tuple[dict[str, float], dict[str, float], int, float]:
    """Return a new snapshot's mass by class and by source, its conversations and its effective size."""
    scheme, conversations = read_snapshot(make_snapshot(project, "now", actor="ann").path)
    by_class: dict[str, float] = defaultdict(float)
    by_source: dict[str, float] = defaultdict(float)
    weights = []
    for talk in conversations:
        own = scheme.turn_weights(talk)
        for n, turn in enumerate(talk.turns):
            if turn.role == "assistant":
                alone = make_record("", "", turns=(Turn("user", "x"), turn)).supervised_tokens
                by_class[str(talk.class_name)] += alone * own[n]
                by_source[talk.source] += alone * own[n]
        weights.append(scheme.loss_weight(str(talk.class_name), talk.coarse_reward))
    return by_class, by_source, len(weights), sum(weights) ** 2 / sum(w * w for w in weights)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(talks, min_size=1, max_size=12), st.sampled_from(["copy", "near", "reworded", "nothing held out"]))
def test_the_page_shows_the_mass_of_a_snapshot_made_at_once(rows: list[tuple[Any, ...]], up_to: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = project_of(Path(folder), rows)
        before = rewardmass.mass_material(project)
        assert before.held_out.out == 0
        if up_to != "nothing held out":
            prompts = [Prompt(f"h{n}", ({"role": "user", "content": text},)) for n, text in enumerate(HELD)]
            set_held_out(project, prompts, actor="ann")
            if up_to != "near":
                heldout.leave_out(project, up_to, actor="ann")
        material = rewardmass.mass_material(project)
        report = rewardmass.preview_mass(project, material)
        if not report.conversations:
            with pytest.raises(WorkbenchError, match="nothing to hold"):
                make_snapshot(project, "now", actor="ann")
            assert report.leading is None
        else:
            by_class, by_source, n, effective = learnt_in(project)
            assert report.conversations == sum(c.conversations for c in report.classes) == n
            assert report.effective == pytest.approx(effective)
            total = sum(by_class.values()) or 1.0
            shown = {c.name: c.mass_share for c in report.classes if c.mass_share}
            assert shown == pytest.approx({k: v / total for k, v in by_class.items() if v})
            places = {p.name: p.mass_share for p in report.parts["source"] if p.mass_share}
            assert places == pytest.approx({k: v / total for k, v in by_source.items() if v})
        tagged = sum(c.conversations for c in curation.class_table(project))
        assert tagged - report.conversations == material.held_out.out
        project.close()
