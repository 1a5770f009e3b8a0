"""Where a conversation comes from, step by step, each step a way to what it names; and whether it is held out."""

from __future__ import annotations

import streamlit as st

from workbench.domain.record import Record
from workbench.services.heldout import Held, held_out_of
from workbench.services.lineage import Step, lineage
from workbench.services.project import Project
from workbench.ui.i18n import said, t
from workbench.ui.nav import goto
from workbench.ui.views.heldout import way_names
from workbench.ui.views.reader import local_time
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import plain

_ICONS = {"compare": "compare_arrows", "train": "model_training", "snapshots": "inventory_2", "browse": "search"}


def draw_origin(project: Project, record: Record, *, decisions: bool = False) -> None:
    """Draw the way back to the file, or to the run and the data that wrote it.

    Args:
        project: The open project.
        record: The conversation.
        decisions: Whether what was decided about it stands in front.
    """
    steps = [step for step in lineage(project, record.seq) if decisions or step.kind != "decision"]
    table(
        [t("step"), t("what"), t("when")],
        [[t(s.kind), said(s.text), local_time(s.at) if s.at else ""] for s in steps],
    )
    _ways(steps, record)
    held = held_out_of(project, record.seq)
    if held is not None:
        found, out = held
        st.info(_held_out(found, way_names()[found.way], out=out), icon=":material/shield:")


def _held_out(found: Held, how: str, *, out: bool) -> str:
    score = f"{found.similarity:.2f}"
    if out:
        return t(
            "It asks the held-out prompt {id} ({how}, alike {score}) and stays out of snapshots.",
            id=plain(found.prompt_id),
            how=how,
            score=score,
        )
    return t(
        "It nearly asks the held-out prompt {id} ({how}, alike {score}).",
        id=plain(found.prompt_id),
        how=how,
        score=score,
    )


def _ways(steps: list[Step], record: Record) -> None:
    """Draw a button for each step that has a page of its own."""
    names = {
        "compare": t("To the comparison"),
        "train": t("To the run"),
        "snapshots": t("To the snapshot"),
        "browse": t("To the conversation that asks it"),
    }
    ways = [step for step in steps if step.page]
    if ways:
        with st.container(horizontal=True):
            for step in ways:
                if st.button(
                    names[step.page],
                    icon=f":material/{_ICONS[step.page]}:",
                    type="tertiary",
                    key=f"origin-{record.seq}-{step.page}",
                ):
                    goto(step.page, **step.where)
