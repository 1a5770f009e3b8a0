"""Together: who decided what, and panels: the same conversations judged by several people, blind, then settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from crlft.errors import CrlftError
from workbench.curate.agreement import RELIABLE, TENTATIVE, Agreement
from workbench.services import deciders, panels
from workbench.services.curation import ClassRow
from workbench.services.panels import PanelReport
from workbench.services.project import Project
from workbench.store.panels import Panel
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto, param, set_params
from workbench.ui.views import acting
from workbench.ui.views.querytext import term
from workbench.ui.views.reader import local_time
from workbench.ui.widgets.chips import chip, safe_colour, table
from workbench.ui.widgets.click_table import click_table
from workbench.ui.widgets.errors import error_box, guarded, plain
from workbench.ui.widgets.layout import metric_row, section

DECIDED = {
    "tag": "tagged",
    "accept": "accepted",
    "drop": "dropped",
    "keep": "kept",
    "edit": "edited",
    "reward": "rewarded",
    "opinion": "opinions",
    "adjudicate": "adjudicated",
}
"""Kind of action → the head of its column."""


def draw(project: Project, classes: Sequence[ClassRow]) -> None:
    """Draw the panels, and who decided what."""
    known = panels.list_panels(project)
    left, right = st.columns([3, 2], gap="large")
    with left:
        section(
            t("Panels"), t("several people judge the same conversations, without seeing each other's opinions")
        )
        if known:
            _chosen(project, known, classes)
        else:
            st.caption(
                t("Let two people judge the same hundred conversations: it shows how clear your classes are.")
            )
    with right:
        section(t("A new panel"))
        _new(project)
    section(t("Who decided what"), t("what is in force; click a name to see what it tagged"))
    _deciders(project)


def _chosen(project: Project, known: Sequence[Panel], classes: Sequence[ClassRow]) -> None:
    names = {p.id: p.name for p in known}
    asked = int(param("panel")) if param("panel").isdigit() and int(param("panel")) in names else known[0].id
    if len(known) > 1:
        asked = st.selectbox(
            t("Panel"), list(names), index=list(names).index(asked), format_func=lambda i: f"{i} · {names[i]}"
        )
        set_params(panel=asked)
    else:
        st.markdown(f"**{plain(names[asked])}**")
    report = panels.panel_report(project, asked)
    _standing(project, report)
    _agreement(report.agreement, {row.name: row.colour for row in classes})


def _standing(project: Project, report: PanelReport) -> None:
    panel, n = report.panel, len(report.items)
    metric_row(
        [
            (t("Judged by all"), f"{report.complete:,} / {n:,}", t("{k} people each", k=panel.people)),
            (t("Agreed"), len(report.agreed), t("not tagged yet")),
            (t("Disputed"), len(report.disputed), t("not decided yet")),
            (t("Settled"), report.settled, t("have their class")),
        ]
    )
    mine = len(panels.to_judge(project, panel.id, state.curator()))
    with st.container(horizontal=True):
        label = tn(mine, "Judge your {n}", "Judge your {n}") if mine else t("Nothing for you to judge")
        if st.button(label, type="primary", disabled=not mine, icon=":material/keyboard:", key="panel-judge"):
            goto("tag", panel=str(panel.id))
        label = tn(len(report.disputed), "Decide {n} disagreement", "Decide {n} disagreements")
        if st.button(label, disabled=not report.disputed, icon=":material/balance:", key="panel-dispute"):
            goto("tag", panel=str(panel.id), part="disputed")
        label = tn(len(report.agreed), "Tag {n} as agreed", "Tag {n} as agreed")
        if st.button(label, disabled=not report.agreed, icon=":material/done_all:", key="panel-agreed"):
            acting.review(panels.plan_agreed(project, panel.id))
    judged = ", ".join(f"{who} {count:,}" for who, count in report.by_curator.items())
    where = t("From “{query}”.", query=panel.query) if panel.query else t("From all conversations.")
    st.caption(plain(" ".join([where, t("Judged so far: {who}.", who=judged) if judged else ""])))


def _agreement(found: Agreement, colours: Mapping[str, str]) -> None:
    if not found.compared:
        st.caption(t("Agreement shows once two people have judged the same conversation."))
        return
    st.markdown(f"**{t('Agreement')}**")
    if found.alpha is None:
        st.caption(t("All opinions name one class: there is nothing to measure yet."))
    else:
        interval = f"{found.low:.2f} – {found.high:.2f}"
        rows = [
            (t("Krippendorff's α"), f"{found.alpha:.2f}", t("95 % interval {interval}", interval=interval)),
            (t("Same class"), f"{found.same:.0%}", tn(found.compared, "{n} conversation", "{n} conversations")),
        ]
        if found.graded is not None:
            rows.insert(1, (t("α by grade"), f"{found.graded:.2f}", t("a neighbouring class is a smaller error")))
        metric_row(rows)
        st.caption(_advice(found.alpha))
    left, right = st.columns(2, gap="large")
    with left:
        table(
            [t("Two people"), t("Both judged"), t("Same class"), "α"],
            [(f"{p.first} · {p.second}", p.both, f"{p.same / p.both:.0%}", _alpha(p.alpha)) for p in found.pairs],
            numeric=[1, 2, 3],
        )
    with right:
        table(
            [t("Class"), t("Opinions"), "α"],
            [(c.name, c.opinions, _alpha(c.alpha)) for c in found.classes if c.opinions],
            numeric=[1, 2],
        )
        if found.confused:
            pieces = [
                f"{chip(a, safe_colour(colours.get(a)), solid=True)} ↔ "
                f"{chip(b, safe_colour(colours.get(b)), solid=True)} {n:,}×"
                for a, b, n in found.confused[:4]
            ]
            st.html(f'<div class="wb-chips">{" &nbsp; ".join(pieces)}</div>')


def _alpha(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _advice(alpha: float) -> str:
    if alpha >= RELIABLE:
        return t("From 0.80 on the classes are clear: what one person tags, others would tag alike.")
    if alpha >= TENTATIVE:
        return t("From 0.67 to 0.80: usable with caution; look at what people differ on.")
    return t(
        "Below 0.67 people mean different things by the classes: say in words what each one is, then judge anew."
    )


def _new(project: Project) -> None:
    with st.form("panel-new"):
        name = st.text_input(t("Name"), placeholder=t("calibration"), key="panel-name")
        query = st.text_input(t("Which conversations"), "class:none -status:dropped", key="panel-query")
        a, b = st.columns(2)
        people = a.number_input(t("People for each"), 2, panels.MOST_PEOPLE, 2, key="panel-people")
        sample = b.number_input(t("Conversations"), 1, panels.MOST_CONVERSATIONS, 100, key="panel-sample")
        curators = st.text_input(
            t("Names (empty: whoever comes)"),
            placeholder="ann, ben",
            key="panel-curators",
            help=t("Each conversation goes to as many of them as you ask for, evenly."),
        )
        if not st.form_submit_button(t("Make the panel"), type="primary"):
            return
    try:
        made = panels.make_panel(
            project,
            name,
            query,
            people=int(people),
            sample=int(sample),
            curators=curators.split(","),
            actor=state.curator(),
        )
    except CrlftError as error:
        error_box(error)
        return
    set_params(panel=made.id)
    state.say(t("Panel “{name}” is there; send the address of this page to the others.", name=plain(made.name)))
    st.rerun()


@st.fragment
@guarded
def _deciders(project: Project) -> None:
    found = deciders.deciders(project)
    if not found:
        st.caption(t("Nobody has decided anything yet."))
        return
    kinds = [k for k in DECIDED if any(k in d.by_kind for d in found)]
    columns: dict[str, list[object]] = {
        t("Who"): [d.name for d in found],
        t("Decisions"): [d.decisions for d in found],
        **{t(DECIDED[k]): [d.by_kind.get(k) for d in found] for k in kinds},
        t("Last"): [local_time(d.last) for d in found],
    }
    row = click_table(columns, "deciders")
    if row is not None:
        goto("browse", q=term("by", f"{found[row].name}*"))
