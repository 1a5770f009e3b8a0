"""Duplicates: search, question the threshold, look at groups, then plan, apply, undo."""

from __future__ import annotations

import streamlit as st

from workbench.domain.errors import NotFound
from workbench.services import curation, duplicates
from workbench.services.duplicates import KEEP, DuplicateResult
from workbench.services.project import Project, project_overview
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto, param, set_params
from workbench.ui.views import acting, leaks
from workbench.ui.views.duplicates_hand import ByHand
from workbench.ui.views.duplicates_review import draw_contrasts, draw_groups, draw_pairs
from workbench.ui.views.duplicates_search import draw_search, told
from workbench.ui.views.working import address_tabs
from workbench.ui.widgets.errors import plain
from workbench.ui.widgets.layout import empty_state, metric_row, page_header
from workbench.ui.widgets.loop_charts import CHART_CONFIG, similarity_histogram
from workbench.ui.widgets.loop_styles import loop_styles

QUEUED = 200
"""Groups that an address can name; the next ones follow when these are decided."""
_TABS = ("Groups", "Borderline pairs", "Contrasts")
_VIEWS = ("Copies", "Leaked evaluation prompts")


def draw(project: Project) -> None:
    """Draw the Duplicates page."""
    loop_styles()
    page_header(t("Duplicates"), t("Find conversations that say the same, see them whole, keep the best copy."))
    if not project_overview(project).conversations:
        empty_state(
            t("Nothing to compare yet"),
            t("Import conversations first. Then copies and near-copies are found here in seconds."),
            button=t("Go to Import"),
            page="import_",
        )
        return
    views = address_tabs("view", _VIEWS)
    if views[1].open:
        with views[1]:
            leaks.draw(project)
    if views[0].open:
        with views[0]:
            _duplicates(project)


def _duplicates(project: Project) -> None:
    if draw_search(project):
        return  # an older search must not be acted on while a newer one runs
    result = _result(project)
    if result is None:
        st.caption(
            t(
                "Near finds copies with small differences, exact only equal ones, by meaning the same said in "
                "other words. Nothing is changed by searching."
            )
        )
        return
    _found(project, result)


def _result(project: Project) -> DuplicateResult | None:
    """Return the search that the address names, else the newest; read again only when something has changed."""
    named = param("result")
    last = curation.log(project, limit=1)
    token = (named, last[0].id if last else 0)
    kept = st.session_state.get("dup-result")
    if kept is not None and kept[0] == token:
        return kept[1]  # type: ignore[no-any-return]
    try:
        result = (
            duplicates.load_duplicates(project, int(named))
            if named.isdecimal()
            else duplicates.latest_duplicates(project)
        )
    except NotFound:
        set_params(result=None)
        result = duplicates.latest_duplicates(project)
    st.session_state["dup-result"] = (token, result)
    return result


def by_hand(result: DuplicateResult) -> ByHand:
    """Return this browser session's single decisions about a search."""
    kept: dict[int, ByHand] = st.session_state.setdefault("dup-by-hand", {})
    return kept.setdefault(result.id, ByHand())


def _found(project: Project, result: DuplicateResult) -> None:
    st.caption(plain(told(result)))
    left, right = st.columns([3, 2], gap="large")
    with right:
        result = _threshold(result)
        keep = _policy()
    with left:
        if result.method != "exact":
            st.plotly_chart(
                similarity_histogram(result.histogram(), result.threshold),
                key="dup-histogram",
                config=CHART_CONFIG,
            )
        metric_row(
            [
                (t("Groups"), len(result.groups), t("of {n} conversations", n=result.considered)),
                (t("Copies"), result.duplicates, t("if one of each group stays")),
                (t("Tagging conflicts"), len(result.conflicts), t("alike, but tagged differently")),
                (t("Contrasts"), len(result.contrasts), t("one prompt, several classes: always kept")),
            ]
        )
    with right:
        _apply(project, result, keep)
    if not result.groups and not result.contrasts:
        st.success(t("No duplicates at this threshold."), icon=":material/check:")
        return
    colours = {row.name: row.colour for row in curation.class_table(project)}
    tabs = address_tabs("look", _TABS)
    if tabs[0].open:
        with tabs[0]:
            draw_groups(project, result, keep, by_hand(result), colours)
    if tabs[1].open:
        with tabs[1]:
            draw_pairs(project, result, colours)
    if tabs[2].open:
        with tabs[2]:
            draw_contrasts(project, result, colours)


def _threshold(result: DuplicateResult) -> DuplicateResult:
    """Let the reader move the threshold; the groups follow at once, nothing is searched again."""
    if result.method == "exact":
        return result
    floor = float(result.floor)
    chosen = st.slider(
        t("Similarity from which two count as the same"),
        min_value=floor,
        max_value=1.0,
        value=_named_threshold(result),
        step=0.01,
        key=f"similarity-{result.id}",
        persist_state="session",
    )
    chosen = min(1.0, max(floor, float(chosen)))
    set_params(similarity=None if chosen == result.threshold else f"{chosen:g}")
    return result.rethreshold(chosen)


def _named_threshold(result: DuplicateResult) -> float:
    """Return the threshold that the address names, else the search's own."""
    try:
        named = float(param("similarity"))
    except ValueError:
        return float(result.threshold)
    return min(1.0, max(float(result.floor), named))


def _policy() -> str:
    policies = list(KEEP)
    named = param("keep")
    keep = st.selectbox(
        t("Which copy stays"),
        policies,
        index=policies.index(named) if named in policies else 0,
        format_func=lambda k: t(KEEP[k][0]).capitalize(),
        key="dup-policy",
        persist_state="session",
    )
    set_params(keep=None if keep == policies[0] else keep)
    return keep or policies[0]


def _apply(project: Project, result: DuplicateResult, keep: str) -> None:
    hand = by_hand(result)
    hand.changed = False  # what follows shows it
    careful = st.checkbox(
        t("Leave groups with tagging conflicts alone"),
        value=bool(result.conflicts),
        key=f"dup-careful-{result.id}",
    )
    if result.conflicts and st.button(
        tn(len(result.conflicts), "Review {n} tagging conflict", "Review {n} tagging conflicts"),
        icon=":material/rule:",
        key="dup-conflicts",
        help=t("One by one on the Tag page: the same text cannot be of two qualities."),
    ):
        duplicates.set_threshold(project, result)
        named = ",".join(map(str, result.conflicts[:QUEUED]))
        goto("tag", tab="queue", q=f"dup:{named} -status:dropped")
    notes = []
    if hand.keep:
        notes.append(tn(len(hand.keep), "{n} chosen by hand", "{n} chosen by hand"))
    if hand.policy:
        notes.append(tn(len(hand.policy), "{n} group by a rule of its own", "{n} groups by a rule of their own"))
    if hand.skip:
        notes.append(tn(len(hand.skip), "{n} group left alone", "{n} groups left alone"))
    with st.container(horizontal=True, vertical_alignment="center"):
        clicked = st.button(
            t("Review and drop the copies"),
            type="primary",
            icon=":material/content_copy:",
            disabled=not result.groups,
            shortcut="D",
        )
        if notes:
            st.caption(plain(", ".join(notes)))
    if clicked or hand.take_asked():
        groups = {g.id for g in result.groups} - hand.skip
        overrides = {g: seq for g, seq in hand.keep.items() if g in groups}
        plan = duplicates.plan_dedupe(
            project,
            result,
            keep=keep,
            policies={g: policy for g, policy in hand.policy.items() if g in groups},
            overrides=overrides,
            groups=groups,
            skip_conflicts=careful,
        )
        acting.review(plan)
