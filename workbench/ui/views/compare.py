"""Compare: a list of comparisons, one comparison's grid, its votes, and what comes back into the project."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from crlft.condition import ClassScheme
from workbench.domain.comparison import Comparison
from workbench.domain.run import Job
from workbench.services import comparing, curation, jobs
from workbench.services.comparing import Grid, GridRow
from workbench.services.project import Project
from workbench.ui.i18n import said, t
from workbench.ui.nav import param, set_params
from workbench.ui.views.compare_back import draw_back
from workbench.ui.views.compare_likelihood import draw_likelihood
from workbench.ui.views.compare_new import draw_new
from workbench.ui.views.compare_results import draw_summary
from workbench.ui.views.compare_rewrite import draw_rewrites
from workbench.ui.views.compare_vote import draw_vote
from workbench.ui.views.compare_votes import draw_results
from workbench.ui.views.reader import local_time
from workbench.ui.views.talk import draw_talk
from workbench.ui.views.train_watch import REFRESH_SECONDS, job_chip
from workbench.ui.views.working import address_tabs
from workbench.ui.widgets.click_table import click_table
from workbench.ui.widgets.compare_grid import column_label, grid_html, prompt_text
from workbench.ui.widgets.errors import fault_words, guarded, plain
from workbench.ui.widgets.layout import page_header, pager, progress_line, section
from workbench.ui.widgets.loop_styles import loop_styles

PAGE_ROWS = 20
GROWING_SECONDS = 0.5
"""Between two looks at answers that are being written."""
_TABS = ("Grid", "Vote", "Results", "Likelihoods", "Bring back", "Rewrites")
_VIEWS = ("Comparisons", "Talk")


def draw(project: Project) -> None:
    """Draw the Compare page."""
    loop_styles()
    page_header(t("Compare"), t("The same prompts under each class and from the base, side by side."))
    scheme = curation.class_scheme(project)
    chosen = param("comparison")
    if chosen:
        _comparison(project, int(chosen) if chosen.isdecimal() else -1, scheme)
        return
    views = address_tabs("view", _VIEWS)
    if views[0].open:
        with views[0]:
            earlier = comparing.list_comparisons(project)
            if earlier:
                _earlier(earlier)
            draw_new(project, scheme)
    if views[1].open:
        with views[1]:
            draw_talk(project, scheme)


def _earlier(earlier: Sequence[Comparison]) -> None:
    section(t("Comparisons"), t("newest first; click a row to open it"))
    rows: dict[str, Sequence[object]] = {
        t("name"): [said(c.name) for c in earlier],
        t("prompts"): [len(c.prompts) for c in earlier],
        t("columns"): [len(c.columns) for c in earlier],
        t("round"): [c.round for c in earlier],
        t("made"): [local_time(c.created_at) for c in earlier],
    }
    picked = click_table(rows, "comparison-list")
    if picked is not None:
        set_params(comparison=earlier[picked].id)
        st.rerun()


def _comparison(project: Project, comparison_id: int, scheme: ClassScheme) -> None:
    grid = comparing.comparison_grid(project, comparison_id)
    job = grid.job
    with st.container(horizontal=True, vertical_alignment="center", key="wl-comparison-head"):
        if st.button(t("All comparisons"), icon=":material/arrow_back:", type="tertiary"):
            set_params(comparison=None)
            st.rerun()
        chip = job_chip(job.status) if job else ""
        st.html(f'<div class="wb-chips"><b>{escape(said(grid.comparison.name))}</b>{chip}</div>', width="content")
        if job:
            _acts(project, job)
    if job and job.status in ("failed", "killed"):
        st.error(fault_words(job.error, job.remedy), icon=":material/error:")
    status = job.status if job else ""
    every = REFRESH_SECONDS if job is not None and job.live else None
    st.fragment(_figures, run_every=every)(project, comparison_id, scheme, status)
    tabs = address_tabs("panel", _TABS)
    # Only what shows arriving answers refreshes by itself: a redraw under a finger would lose a vote.
    if tabs[0].open:
        with tabs[0]:
            often = GROWING_SECONDS if every else None
            st.fragment(_grid, run_every=often)(project, comparison_id)
    if tabs[1].open:
        with tabs[1]:
            draw_vote(project, comparison_id)
    if tabs[2].open:
        with tabs[2]:
            draw_results(project, comparison_id)
    if tabs[3].open:
        with tabs[3]:
            draw_likelihood(project, comparison_id)
    if tabs[4].open:
        with tabs[4]:
            draw_back(project, comparison_id)
    if tabs[5].open:
        with tabs[5]:
            draw_rewrites(project, comparison_id)


def _acts(project: Project, job: Job) -> None:
    if job.live and st.button(t("Stop"), icon=":material/stop_circle:"):
        jobs.stop(project, job.id)
        st.rerun()
    if job.status in ("stopped", "killed", "failed") and st.button(t("Resume"), icon=":material/play_arrow:"):
        jobs.resume(project, job.id)
        st.rerun()


@guarded
def _figures(project: Project, comparison_id: int, scheme: ClassScheme, status: str) -> None:
    grid = comparing.comparison_grid(project, comparison_id)
    if grid.job and grid.job.status != status:
        st.rerun()
    _progress(grid)
    if _judging():
        st.caption(t("Figures are hidden while you vote: lengths and verdicts would tell which answer is whose."))
        return
    draw_summary(grid, scheme)
    if grid.job is None or not grid.job.live:
        _warnings(project, grid)


def _judging() -> bool:
    """Whether the tab of votes is open; a first visit has only its address."""
    return bool(st.session_state.get("panel", t(param("panel") or "")) == t("Vote"))


def _progress(grid: Grid) -> None:
    if grid.job is None or not grid.job.live:
        return
    if grid.job.status == "queued":
        st.info(t("Waiting for the device; one job runs at a time."), icon=":material/hourglass:")
    else:
        progress_line(grid.answered, grid.total, label=t("answers"), eta_seconds=grid.job.eta_seconds)


@guarded
def _grid(project: Project, comparison_id: int) -> None:
    grid = comparing.comparison_grid(project, comparison_id)
    comparison, rows = grid.comparison, grid.rows
    filters = {
        "all": t("All"),
        "differ": t("Verdicts differ"),
        "wrong": t("Something wrong"),
        "voted": t("Voted"),
    }
    labels = [column_label(c) for c in comparison.columns]
    indices = list(range(len(labels)))
    with st.container(horizontal=True, vertical_alignment="bottom", key="wl-beside-grid"):
        shown = st.multiselect(
            t("Columns"),
            indices,
            default=indices,
            format_func=lambda i: labels[i],
            key="grid-columns",
            placeholder=t("choose"),
            width=400,
        )
        which = st.segmented_control(
            t("Rows"),
            list(filters),
            default="all",
            required=True,
            format_func=lambda k: filters[k],
            key="grid-rows",
        )
        words = st.text_input(t("Words"), key="grid-words", placeholder=t("in prompt or answers"), width=240)
    found = [r for r in rows if _wanted(r, which or "all", words or "")]
    if not found:
        st.caption(t("No row is like that."))
        return
    against = _reference(labels, shown or indices)
    index = pager("grid-page", total=len(found), page_size=PAGE_ROWS)
    page = found[index * PAGE_ROWS : (index + 1) * PAGE_ROWS]
    proof = comparing.proof(project, comparison)
    shows = st.toggle(
        t("Proof of conditioning"),
        key="grid-proof",
        help=t("Under every answer the hash of what the model was given, and of its weights."),
    )
    models = proof.fingerprints if shows else None
    if shows and proof.asked:
        text = t("{same} of {asked} answers came out the same when asked once more, each alone.",
                 same=proof.same, asked=proof.asked)  # fmt: skip
        st.caption(text)
    growing = comparing.writing(project, grid)
    st.html(
        grid_html(comparison.columns, page, shown or indices, against=against, models=models, growing=growing)
    )


def _reference(labels: Sequence[str], shown: Sequence[int]) -> int | None:
    """Return the column that the others' differences are marked against, or None."""
    if len(shown) < 2:
        return None
    names = {-1: t("no marks"), **{i: labels[i] for i in shown}}
    chosen = st.segmented_control(
        t("Mark what differs from"), list(names), default=-1, format_func=lambda i: names[i], key="grid-against"
    )
    return chosen if chosen is not None and chosen >= 0 else None


def _warnings(project: Project, grid: Grid) -> None:
    """Say where a condition changes nothing, and where the same pair said two things."""
    names = {c.model: column_label(c).rsplit("/", 1)[0] for c in grid.comparison.columns}
    for model, same, total in comparing.unchanged_by_condition(grid):
        text = t(
            "{model} says the same under every condition on {same} of {total} prompts: it has hardly learnt them. "
            "Train longer, or look whether the classes differ at all.",
            model=names[model],
            same=same,
            total=total,
        )
        st.warning(plain(text), icon=":material/balance:")
    seen = comparing.proof(project, grid.comparison)
    if seen.same < seen.asked:
        text = t(
            "Asked once more, each alone, {n} of {asked} answers came out otherwise: rounding decided between "
            "words that are equally likely, or a pane does not show what its head says. Generate it again.",
            n=seen.asked - seen.same,
            asked=seen.asked,
        )
        st.warning(text, icon=":material/warning:")
    broken = comparing.broken_repeats(grid)
    if broken:
        text = t(
            "{n} answers differ though model, condition and prompt are the same and nothing was drawn by chance: "
            "do not trust this grid; generate it again.",
            n=len(broken),
        )
        st.error(text, icon=":material/error:")


def _wanted(row: GridRow, which: str, words: str) -> bool:
    cells = [c for c in row.cells if c is not None]
    verdicts = {(c.correct, c.full) for c in cells}
    if which == "differ" and len(verdicts) < 2:
        return False
    if which == "wrong" and all(c.correct is not False for c in cells):
        return False
    if which == "voted" and not row.votes:
        return False
    text = "\n".join([prompt_text(row.prompt), *(c.text for c in cells)]).casefold()
    return words.casefold() in text
