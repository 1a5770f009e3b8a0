"""Clean: rules with their counts, every change as a diff, single hits un-ticked, then plan, apply, undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from workbench.domain.curation import Action
from workbench.services import cleaning, curation, recipes
from workbench.services.cleaning import RULES, CleanScan
from workbench.services.project import Project, project_overview
from workbench.ui.i18n import t, tn
from workbench.ui.nav import param, set_params
from workbench.ui.views import acting, clean_rules, following
from workbench.ui.views.clean_hits import draw_hits, verdict_chip
from workbench.ui.views.working import own_key
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.layout import empty_state, page_header, section
from workbench.ui.widgets.loop_styles import loop_styles

TASK, _SCAN, _PLAN = "clean", "clean-scan", "clean-plan"
PLAN_AT_ONCE = 1_000
"""So many hit conversations are planned while the page waits; more in a process of their own."""
AT_ONCE = 1_000
"""A scan of no more conversations is over before a process of its own would have started."""


@dataclass(slots=True)
class Scanned:
    """A scan of this browser session and what a person made of it.

    Attributes:
        found: The scan.
        last_action: Id of the newest log entry when it ran; a newer one means that texts may have changed.
        verdicts: Rule to the verdict it ran with, where that is not the rule's own.
        params: Rule to the parameters it ran with, where they are not the rule's own.
        job_id: The job that scanned; empty where the app did.
        rules_off: Rules whose hits are all left alone.
        unticked: Single hits, (row number, rule), that are left alone.
    """

    found: CleanScan
    last_action: int
    verdicts: dict[str, str] = field(default_factory=dict)
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    job_id: str = ""
    rules_off: set[str] = field(default_factory=set)
    unticked: set[tuple[int, str]] = field(default_factory=set)

    @property
    def chosen(self) -> CleanScan:
        """The scan without the rules that are switched off."""
        return self.found.without(self.rules_off)


def draw(project: Project) -> None:
    """Draw the Clean page."""
    loop_styles()
    page_header(t("Clean"), t("Rules find troubles in the texts; you see every change before it is made."))
    if not project_overview(project).conversations:
        empty_state(
            t("Nothing to clean yet"),
            t("Import conversations first. Broken characters, web remnants and refusals show here then."),
            button=t("Go to Import"),
            page="import_",
        )
        return
    rules = _ask(project)
    taken, busy = following.take(
        project, "clean", key=own_key(TASK), label=t("conversations read"), mine=True, keep=True
    )
    if taken is not None:
        asked = taken.request
        st.session_state[_SCAN] = Scanned(
            taken.result, asked["newest"], dict(asked["verdicts"]), asked["params"], taken.job_id
        )
    planned, planning = following.take(project, "plan", key=_PLAN, label=t("conversations planned"), mine=True)
    if planned is not None:
        acting.review(planned.result, after=partial(_forget, project))
    if busy or planning or acting.applying(project):
        return  # what an older scan says must not be applied while a newer one runs
    scanned: Scanned | None = st.session_state.get(_SCAN)
    if scanned is None:
        _rules_at_rest(project, rules)
        return
    if not scanned.found.hits:
        text = t("{n} conversations looked at: no rule found anything.", n=scanned.found.considered)
        st.success(text, icon=":material/check:")
        return
    if _newest(project) != scanned.last_action:
        st.info(
            t("Something has changed since this scan; scan again to see what is left."), icon=":material/info:"
        )
    _review(project)


def _newest(project: Project) -> int:
    last = curation.log(project, limit=1)
    return last[0].id if last else 0


def _ask(project: Project) -> list[str]:
    """Draw what a scan is asked with and start one; returns the rules that will look."""
    with st.container(horizontal=True, vertical_alignment="bottom", border=True, key="wl-clean-ask"):
        query = st.text_input(
            t("Only where"), value=param("q"), key="clean-query", placeholder=t("a query; empty is all"), width=320
        )
        strict = st.toggle(t("One-word answers too"), key="clean-all", persist_state="session")
        go = st.button(t("Scan for troubles"), type="primary", icon=":material/search:")
    chosen = clean_rules.draw(project)
    rules = chosen["rules"] + (["one-word"] if strict and "one-word" not in chosen["rules"] else [])
    if go:
        set_params(q=query)
        _scan(project, query or "", chosen["verdicts"], rules, chosen["params"])
    return rules


def _scan(
    project: Project,
    query: str,
    verdicts: Mapping[str, str],
    rules: list[str],
    params: Mapping[str, Mapping[str, Any]],
) -> None:
    """Start a scan in the background; the page takes its result up when it is there."""
    ways = {"verdicts": dict(verdicts), "params": dict(params)}
    asked = {"rules": rules, "query": query, **ways, "newest": _newest(project)}
    small = project_overview(project).conversations <= AT_ONCE
    following.begin(project, "clean", asked, title="scan for troubles", small=small, key=own_key(TASK))
    st.rerun()


def _rules_at_rest(project: Project, names: Sequence[str]) -> None:
    own = {rule.name: rule for rule in recipes.own_rules(project)}
    st.caption(t("Scanning changes nothing. These rules will look:"))
    table(
        [t("Rule"), t("What it finds and does"), t("Why it matters")],
        [
            (n, clean_rules.own_words(own[n]), t("A rule of your own"))
            if n in own
            else (t(RULES[n].title), t(RULES[n].what), t(RULES[n].why))
            for n in names
        ],
    )


@st.fragment
@guarded
def _review(project: Project) -> None:
    scanned: Scanned = st.session_state[_SCAN]
    counts = scanned.found.counts()
    left, right = st.columns([2, 3], gap="large")
    with left:
        section(t("Rules"), t("{n} conversations looked at", n=scanned.found.considered))
        rule = _rule_list(scanned, counts)
        _apply(project, scanned)
        clean_rules.keep(project, scanned.chosen)
    with right:
        _verdict(project, scanned, rule)
        draw_hits(project, scanned.found, rule, scanned.unticked, off=rule in scanned.rules_off)


def _rule_list(scanned: Scanned, counts: Mapping[str, int]) -> str:
    """Draw the rules that hit something, with ticks; return the one in view."""
    hit = [a for a in scanned.found.rules if counts[a.rule.name]]
    names = [a.rule.name for a in hit]
    shown = param("rule") if param("rule") in names else names[0]
    for active in hit:
        name = active.rule.name
        with st.container(horizontal=True, vertical_alignment="center", key=f"wl-rule-{name}", gap="small"):
            on = st.checkbox(
                t("Apply {rule}", rule=active.rule.title),
                value=name not in scanned.rules_off,
                key=f"clean-on-{name}",
                label_visibility="collapsed",
            )
            (scanned.rules_off.discard if on else scanned.rules_off.add)(name)
            st.button(
                f"{t(active.rule.title)} · {counts[name]:,}",
                key=f"clean-show-{name}",
                type="secondary" if name == shown else "tertiary",
                width="stretch",
                on_click=_show,
                args=(name,),
            )
            st.html(verdict_chip(active.verdict), width="content")
    quiet = [t(a.rule.title) for a in scanned.found.rules if not counts[a.rule.name]]
    if quiet:
        st.caption(t("Nothing found by: {rules}.", rules=", ".join(quiet)))
    return shown


def _show(rule: str) -> None:
    set_params(rule=rule)
    st.session_state["clean-page"] = 0


def _verdict(project: Project, scanned: Scanned, name: str) -> None:
    """Let a person choose what follows from a rule; the scan is repeated, since fixes build on each other."""
    rule = next(a.rule for a in scanned.found.rules if a.rule.name == name)
    section(t(rule.title))
    st.caption(f"{t(rule.what)} {t(rule.why)}")
    words = {"fix": t("Fix the text"), "flag": t("Flag it"), "drop": t("Drop it")}
    options = [v for v in words if v != "fix" or rule.verdict == "fix"]
    active = next(a.verdict for a in scanned.found.rules if a.rule.name == name)
    chosen = st.segmented_control(
        t("What follows"),
        options,
        default=active,
        required=True,
        format_func=lambda v: words[v],
        key=f"clean-verdict-{name}-{active}",
        label_visibility="collapsed",
    )
    if chosen and chosen != active:
        rules = [a.rule.name for a in scanned.found.rules]
        _scan(project, scanned.found.query, {**scanned.verdicts, name: chosen}, rules, scanned.params)


def _apply(project: Project, scanned: Scanned) -> None:
    chosen = scanned.chosen
    n = len({h.seq for h in chosen.hits if (h.seq, h.rule) not in scanned.unticked})
    label = tn(n, "Review and clean {n} conversation", "Review and clean {n} conversations")
    if scanned.unticked:
        st.caption(tn(len(scanned.unticked), "{n} single hit is left alone.", "{n} single hits are left alone."))
    if st.button(label, type="primary", icon=":material/mop:", disabled=n == 0, key="clean-apply"):
        if scanned.job_id and n > PLAN_AT_ONCE:
            left = {"rules_off": sorted(scanned.rules_off), "unticked": sorted(scanned.unticked)}
            asked = {"scan": scanned.job_id, **left}
            following.begin(project, "plan", asked, title="plan of the cleaning", small=False, key=_PLAN)
            st.rerun()
        with st.spinner(t("Planning…")):
            rules = {a.rule.name for a in chosen.rules}
            plan = cleaning.plan_clean(project, chosen, exclude={u for u in scanned.unticked if u[1] in rules})
        acting.review(plan, after=partial(_forget, project))


def _forget(project: Project, action: Action) -> None:
    """Drop the scan once it is applied: its hits are history."""
    del action
    following.done_with(project, "clean", mine=True)
    st.session_state.pop(_SCAN, None)
