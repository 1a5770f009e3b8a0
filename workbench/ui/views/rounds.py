"""Rounds: what every turn of the loop used, made and reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from workbench.domain.run import Job
from workbench.services import jobs
from workbench.services import rounds as service
from workbench.services.comparing import run_label
from workbench.services.probes import probes, start_probe
from workbench.services.project import Project, project_overview
from workbench.services.roundchanges import round_changes
from workbench.services.rounds import RoundRow
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import goto
from workbench.ui.views.judge_tags import draw_judging
from workbench.ui.views.rounds_checks import draw_checks
from workbench.ui.views.shares import draw_shares
from workbench.ui.views.train_watch import REFRESH_SECONDS
from workbench.ui.views.working import address_tabs
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.click_table import click_table
from workbench.ui.widgets.compare_grid import percent
from workbench.ui.widgets.errors import fault_words, guarded
from workbench.ui.widgets.layout import empty_state, metric_row, page_header, progress_line, section
from workbench.ui.widgets.loop_charts import CHART_CONFIG, round_line, rounds_figure
from workbench.ui.widgets.loop_styles import loop_styles

_TABS = ("Rounds", "The model judges the tags", "Checks")


def draw(project: Project) -> None:
    """Draw the Rounds page."""
    loop_styles()
    page_header(t("Rounds"), t("Each turn of the loop: the data it had, the run it made, how good it was."))
    if not project_overview(project).conversations:
        empty_state(
            t("No data yet"),
            t("Import conversations to begin round 1: a snapshot, a run, a comparison, and what comes back."),
            button=t("Go to Import"),
            page="import_",
        )
        return
    tabs = address_tabs("panel", _TABS)
    if tabs[0].open:
        with tabs[0]:
            _rounds(project)
    if tabs[1].open:
        with tabs[1]:
            draw_judging(project)
    if tabs[2].open:
        with tabs[2]:
            draw_checks(project)


def _rounds(project: Project) -> None:
    rows = service.rounds(project)
    current = service.current_round(project)
    _now(rows, current)
    draw_shares(project)
    section(t("All rounds"), t("newest first; click a row to choose it"))
    bar = st.column_config.ProgressColumn(format="percent", max_value=1.0)
    picked = click_table(rounds_table(rows), "round-list", column_config={t("made by the model"): bar})
    chosen = rows[-1 - picked] if picked is not None else rows[-1]
    st.caption(
        t(
            "Swap test: nats per token by which the wrong class makes held-out answers less likely; above 0, the "
            "model has learnt what the classes mean. Held-out loss: of the best class, nats per token. Forgotten: "
            "by how many nats per token the run knows plain text worse than its base."
        )
    )
    _open(chosen)
    _probe(project, chosen)
    _changes(project, chosen)
    _quality(rows)
    _curves(rows)
    _next(project, current)


def _now(rows: Sequence[RoundRow], current: int) -> None:
    row = next((r for r in rows if r.round == current), rows[-1])
    before = next((r for r in rows if r.round == current - 1), None)
    metric_row(
        [
            (t("Current round"), current, ""),
            (t("Arrived in it"), sum(row.arrived.values()), t("{n} made by the model", n=row.model_made)),
            (t("Trained on"), row.conversations, row.snapshot or t("no snapshot yet")),
            (
                t("Correct"),
                percent(row.correct_rate),
                _against(row.correct_rate, before.correct_rate if before else None),
            ),
            (
                t("Full quality"),
                percent(row.full_rate),
                _against(row.full_rate, before.full_rate if before else None),
            ),
        ]
    )


def _against(now: float | None, before: float | None) -> str:
    if now is None:
        return t("no comparison yet")
    return (
        ""
        if before is None
        else t("{points} points against the round before", points=f"{100 * (now - before):+.1f}")
    )


def rounds_table(rows: Sequence[RoundRow]) -> dict[str, list[object]]:
    """Return the rounds as columns, newest first."""
    rows = list(reversed(rows))
    return {
        t("round"): [r.round for r in rows],
        t("arrived"): [sum(r.arrived.values()) for r in rows],
        t("made by the model"): [_share(r) for r in rows],
        t("snapshot"): [r.snapshot or "–" for r in rows],
        t("trained on"): [_classes(r) for r in rows],
        t("method"): [r.method or "–" for r in rows],
        t("run"): [f"{run_label(r.run, r.method)} ({t(r.run_status)})" if r.run else "–" for r in rows],
        t("correct"): [percent(r.correct_rate) + _between(r.correct_interval) for r in rows],
        t("full quality"): [percent(r.full_rate) + _between(r.full_interval) for r in rows],
        t("asked as"): [r.condition or "–" for r in rows],
        t("swap test"): ["–" if r.swap is None else f"{r.swap:+.3f}" for r in rows],
        t("held-out loss"): ["–" if r.held_out_loss is None else f"{r.held_out_loss:.3f}" for r in rows],
        t("forgotten"): ["–" if r.forgotten is None else f"{r.forgotten:+.3f}" for r in rows],
        **_questions(rows),
        t("votes"): [_votes(r) for r in rows],
        t("brought back"): [r.brought_back for r in rows],
    }


def _questions(rows: Sequence[RoundRow]) -> dict[str, list[object]]:
    """Return the column of probe questions, where any were asked: right answers of the run, and of its base."""
    if not any(r.probed and r.probed.asked for r in rows):
        return {}
    told: list[object] = [
        t(
            "{right} of {n} (base {base})",
            right=r.probed.right,
            n=r.probed.asked,
            base=r.probed.base_right,
        )
        if r.probed and r.probed.asked
        else "–"
        for r in rows
    ]
    return {t("probe questions"): told}


def _share(row: RoundRow) -> float:
    arrived = sum(row.arrived.values())
    return row.model_made / arrived if arrived else 0.0


def _votes(row: RoundRow) -> str:
    return str(row.votes) if row.votes_won is None else f"{row.votes} ({100 * row.votes_won:.0f} % {t('won')})"


def _classes(row: RoundRow) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in row.classes.items()) or "–"


def _between(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})"


def _quality(rows: Sequence[RoundRow]) -> None:
    judged = [r for r in rows if r.correct_rate is not None]
    if not judged:
        st.caption(t("The curve begins with the first comparison on prompts that a program can check."))
        return
    section(
        t("Quality over rounds"), t("on the checked prompts, asked as the best class; bars are 95 % intervals")
    )
    figure = rounds_figure(
        [r.round for r in judged],
        {
            t("correct"): [(r.correct_rate, r.correct_interval) for r in judged],
            t("full quality"): [(r.full_rate, r.full_interval) for r in judged],
        },
    )
    st.plotly_chart(figure, key="rounds-quality", config=CHART_CONFIG)


def _curves(rows: Sequence[RoundRow]) -> None:
    """Draw what else moves from round to round, each on a scale of its own; what no round has is left out."""
    lines: list[tuple[str, list[float | None], bool]] = [
        (t("Swap test, nats per token"), [r.swap for r in rows], True),
        (t("Held-out loss of the best class"), [r.held_out_loss for r in rows], False),
        (t("Forgotten plain text, nats per token"), [r.forgotten for r in rows], True),
        (t("Votes won by the best condition, percent"), [_percent(r.votes_won) for r in rows], False),
        (t("Written by the model, percent of what arrived"), [100 * _share(r) for r in rows], False),
        (t("Trained on, conversations"), [float(r.conversations) if r.snapshot else None for r in rows], False),
    ]
    known = [line for line in lines if any(v is not None for v in line[1])]
    if len(rows) < 2 or not known:
        return
    section(t("More over rounds"), t("a gap where a round has no figure yet"))
    for start in range(0, len(known), 3):
        for column, (title, values, zero) in zip(st.columns(3), known[start : start + 3], strict=False):
            column.caption(title)
            figure = round_line([r.round for r in rows], values, zero=zero)
            column.plotly_chart(figure, key=f"rounds-line-{title}", config=CHART_CONFIG)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _open(row: RoundRow) -> None:
    """Lead from a round to its conversations, its run and its comparison."""
    with st.container(horizontal=True, vertical_alignment="center", key="wl-round-links"):
        st.markdown(t("Open round {n}:", n=row.round), width="content")
        if st.button(t("Conversations"), icon=":material/forum:"):
            goto("browse", q=f"round:{row.round}")
        if row.run and st.button(t("Run"), icon=":material/model_training:"):
            goto("train", run=row.run)
        if row.comparison and st.button(t("Comparison"), icon=":material/compare:"):
            goto("compare", comparison=str(row.comparison))


@guarded
def _probe(project: Project, row: RoundRow) -> None:
    """Offer to measure what the round's run has forgotten, and follow it while it is measured."""
    if row.probed and row.probed.asked:
        section(t("Probe questions"), t("right answers, by topic"))
        table(
            [t("topic"), t("questions"), t("the run"), t("its base")],
            [[name or "–", n, right, base] for name, (right, base, n) in sorted(row.probed.topics.items())],
            numeric=range(1, 4),
        )
    if not row.run or row.run_status != "done":
        return
    job = probes(project).get(row.run)
    if isinstance(job, Job) and job.live:
        st.fragment(_probing, run_every=REFRESH_SECONDS)(project, job.id)
        return
    if isinstance(job, Job) and job.status in ("failed", "killed"):
        st.error(fault_words(job.error, job.remedy), icon=":material/error:")
    told = t("Plain text, and the probe questions under Checks.")
    measured = row.forgotten is not None
    label = t("Measure again") if measured else t("Measure what it has forgotten")
    kind: Literal["tertiary", "secondary"] = "tertiary" if measured else "secondary"
    if st.button(label, icon=":material/psychology_alt:", key="round-probe", help=told, type=kind):
        start_probe(project, row.run)
        st.rerun()


@guarded
def _probing(project: Project, job_id: str) -> None:
    job = jobs.get_job(project, job_id)
    if not job.live:
        st.rerun()
    progress_line(job.step, job.total or 2, label=t("plain text, the run and its base"))


def _changes(project: Project, row: RoundRow) -> None:
    """Say what the round's data changed against the round before, and by whose decisions."""
    found = round_changes(project, row.round)
    if found is None:
        return
    section(
        t("What changed in round {n}", n=row.round),
        t("snapshot {after} against {before}", after=found.after, before=found.before),
    )
    why = t("dropped or untagged since")
    if found.held_out:
        why = t("{n} of them held out since, others dropped or untagged", n=found.held_out)
    metric_row(
        [
            (t("Added"), found.added, t("conversations")),
            (t("Left out"), found.dropped, why),
            (t("Retagged"), found.retagged, t("another class than before")),
        ]
    )
    if found.decisions:
        table(
            [t("by whom"), t("what"), t("conversations")],
            [[who, t(what), f"{n:,}"] for who, what, n in found.decisions],
            numeric=range(2, 3),
        )


def _next(project: Project, current: int) -> None:
    section(
        t("Start round {n}", n=current + 1),
        t("what arrives from then on belongs to it; nothing is closed or lost"),
    )
    if st.button(t("Start round {n}", n=current + 1), icon=":material/cycle:"):
        service.start_next_round(project, actor=state.curator())
        state.say(t("Round {n} has begun", n=current + 1))
        st.rerun()
