"""Snapshots: what one would hold, make it, look at those that are there, take them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from workbench.services import curation, snapshots
from workbench.services.project import Project, project_overview
from workbench.services.snapshots import Snapshot, SnapshotPlan
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import goto, param, set_params
from workbench.ui.views.heldout import compared, draw_left_out
from workbench.ui.views.reader import local_time
from workbench.ui.views.snapshot_details import draw_snapshot
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.click_table import click_table
from workbench.ui.widgets.errors import fault_words, guarded
from workbench.ui.widgets.layout import empty_state, metric_row, page_header, section
from workbench.ui.widgets.loop_charts import CHART_CONFIG, mass_figure
from workbench.ui.widgets.loop_styles import loop_styles


def draw(project: Project) -> None:
    """Draw the Snapshots page."""
    loop_styles()
    page_header(t("Snapshots"), t("Freeze the data as it is now, so that a run can be repeated and compared."))
    colours = {row.name: row.colour for row in curation.class_table(project)}
    made = snapshots.list_snapshots(project)
    named = param("snapshot")
    if named:
        draw_snapshot(project, snapshots.get_snapshot(project, named), made, colours)
        return
    if not made and not project_overview(project).conversations:
        empty_state(
            t("Nothing to freeze yet"),
            t("Import conversations and tag them. A snapshot then holds all that are tagged and not dropped."),
            button=t("Go to Import"),
            page="import_",
        )
        return
    _new(project, colours, {s.name for s in made})
    if made:
        _list(made)


def next_name(taken: set[str], round_: int) -> str:
    """Return the first free name `round-2`, `round-2b`, … in order."""
    first = f"round-{round_}"
    others = (f"{first}{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")
    return next((name for name in (first, *others) if name not in taken), "")


@st.fragment
@guarded
def _new(project: Project, colours: Mapping[str, str], taken: set[str]) -> None:
    section(t("New snapshot"), t("all that are tagged, not dropped and not held out"))
    left, right = st.columns([2, 3], gap="large")
    with left:
        query = st.text_input(
            t("Only where"), key="snapshot-query", placeholder=t("a query such as status:kept; empty is all")
        )
        if not compared(project):
            return
        plan = snapshots.plan_snapshot(project, query or "")
        name = st.text_input(
            t("Name"), value=next_name(taken, project_overview(project).round), key=f"snapshot-name-{len(taken)}"
        )
        for fault in plan.faults:
            st.error(fault_words(fault), icon=":material/error:")
        for warning in plan.warnings:
            st.warning(fault_words(warning), icon=":material/warning:")
        if st.button(
            t("Make snapshot"),
            type="primary",
            icon=":material/inventory_2:",
            disabled=bool(plan.faults) or not name,
        ):
            _make(project, name or "", query or "")
        if plan.left_out_untagged and st.button(
            t("Tag the {n} that have no class", n=plan.left_out_untagged), type="tertiary", icon=":material/sell:"
        ):
            goto("tag")
    with right:
        plan_figures(plan, colours)
        draw_left_out(plan.held_out, plan.query)


def _make(project: Project, name: str, query: str) -> None:
    bar = st.progress(0.0, text=t("Writing…"))

    def on_progress(done: int, total: int | None) -> None:
        text = t("{n} of {total} written", n=done, total=total or 0)
        bar.progress(min(1.0, done / total) if total else 0.0, text=text)

    made = snapshots.make_snapshot(project, name, query=query, actor=state.curator(), on_progress=on_progress)
    state.say(t("Snapshot {name} holds {n} conversations", name=made.name, n=made.conversations))
    set_params(snapshot=made.name)
    st.rerun(scope="app")


def plan_figures(plan: SnapshotPlan, colours: Mapping[str, str]) -> None:
    """Draw what a snapshot would hold, by class, and what stays out."""
    metric_row(
        [
            (t("Conversations"), plan.conversations, ""),
            (t("Answer tokens"), plan.supervised_tokens, ""),
            (t("Left out: no class"), plan.left_out_untagged, ""),
            (t("Left out: dropped"), plan.left_out_dropped, t("{n} more held out", n=plan.held_out.out)),
        ]
    )
    shares = [(c.name, c.mass_share) for c in plan.classes]
    st.plotly_chart(mass_figure(shares, colours), key="snapshot-mass", config=CHART_CONFIG)
    table(
        [t("Class"), t("Condition"), t("Reward"), t("Weight"), t("Conversations"), t("Answer tokens"), t("Share")],
        [
            (
                c.name,
                c.condition,
                f"{c.reward:g}",
                f"{c.loss_weight:.3g}",
                c.conversations,
                c.supervised_tokens,
                f"{c.mass_share:.1%}",
            )
            for c in plan.classes
        ],
        numeric=range(2, 7),
    )


def _list(made: Sequence[Snapshot]) -> None:
    section(t("Snapshots"), t("newest first; click a row to open it"))
    picked = click_table(
        {
            t("name"): [s.name for s in made],
            t("conversations"): [s.conversations for s in made],
            t("classes"): [", ".join(f"{k} {n:,}" for k, n in s.classes.items()) for s in made],
            t("answer tokens"): [s.supervised_tokens for s in made],
            t("round"): [s.round for s in made],
            t("made"): [local_time(s.created_at) for s in made],
            t("by"): [s.actor for s in made],
            t("hash"): [s.hash[:12] for s in made],
        },
        "snapshot-list",
    )
    if picked is not None:
        set_params(snapshot=made[picked].name)
        st.rerun()
