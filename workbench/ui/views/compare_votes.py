"""What the votes say: strengths, duels, what led the judges, and files to take along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from workbench.services import compare_export, comparing
from workbench.services.comparing import ColumnFigures, Grid
from workbench.services.endpoint import Endpoint, judge_by_endpoint
from workbench.services.project import Project
from workbench.services.votes import Ballot, Share, duel, leanings, rank
from workbench.ui import background
from workbench.ui.i18n import language, said, t, tn
from workbench.ui.views.working import busy, own_key, take
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.compare_grid import column_label
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import metric_row, section

_FILES = {
    ".csv": ("CSV", "text/csv"),
    ".parquet": ("Parquet", "application/vnd.apache.parquet"),
    ".html": ("Page to send round", "text/html"),
    ".jsonl": ("Preference pairs", "application/jsonl"),
}


@st.fragment
@guarded
def draw_results(project: Project, comparison_id: int) -> None:
    """Draw the results of the votes and the files."""
    grid = comparing.comparison_grid(project, comparison_id)
    ballots = comparing.ballots(grid)
    labels = [column_label(c) for c in grid.comparison.columns]
    if ballots:
        _ranking(ballots, labels)
        _duels(ballots, labels)
        _leanings(ballots)
    else:
        st.caption(t("No votes yet: judge some pairs under Vote. Program-checked figures stand above."))
    _slices(grid)
    _endpoint(project, grid, labels)
    _files(grid)


def _endpoint(project: Project, grid: Grid, labels: Sequence[str]) -> None:
    """Let a model behind an address judge; never needed, and its votes are named after it."""
    if len(labels) < 2:
        return
    key = own_key("endpoint-judge")
    with st.expander(t("Let a model elsewhere judge"), expanded=busy(key)):
        st.caption(
            t(
                "Prompts and answers are sent to this address. Every pair is shown in both orders; where the two "
                "verdicts contradict each other, it is a tie."
            )
        )
        one, two, three = st.columns(3)
        address = one.text_input(t("Address"), key="judge-address", placeholder="http://127.0.0.1:8000/v1")
        model = two.text_input(t("Model"), key="judge-model")
        secret = three.text_input(t("Key, if it wants one"), type="password", key="judge-key")
        indices = list(range(len(labels)))
        pair = st.multiselect(
            t("Two columns"),
            indices,
            default=indices[:2],
            max_selections=2,
            format_func=lambda i: labels[i],
            key="judge-pair",
            placeholder=t("choose"),
        )
        ready = bool(address and model and len(pair) == 2 and not busy(key))
        if st.button(t("Judge"), disabled=not ready, icon=":material/gavel:", key="judge-endpoint"):
            judge = Endpoint(address or "", model or "", secret or "")
            number = grid.comparison.id
            background.start(
                key,
                lambda report: judge_by_endpoint(project, number, (pair[0], pair[1]), judge, on_progress=report),
            )
    # Outside the folded part: what the judge said, or why it could not, is news.
    found = take(key, label=t("Judging"))
    if found is not None:
        st.success(
            t(
                "{voted} votes, {disagreed} of them ties by contradiction; {skipped} prompts skipped "
                "(equal answers, a missing one, or judged by it before).",
                voted=found.voted,
                disagreed=found.disagreed,
                skipped=found.skipped,
            ),
            icon=":material/check:",
        )


def _slices(grid: Grid) -> None:
    names = comparing.slice_names(grid)
    if not names:
        return
    section(t("By slice"), t("correct answers with 95 % intervals; votes won / tied / lost"))
    name = st.segmented_control(
        t("Slice by"), names, default=names[0], required=True, format_func=t, key="results-slice"
    )
    found = comparing.slice_figures(grid, name or names[0])
    table(
        [t(name or names[0]), t("prompts"), *(column_label(c) for c in grid.comparison.columns)],
        [
            [value or t("none"), f"{max(f.answered for f in figures):,}", *(_slice_cell(f) for f in figures)]
            for value, figures in found.items()
        ],
        numeric=range(1, 2 + len(grid.comparison.columns)),
    )


def _slice_cell(figures: ColumnFigures) -> str:
    parts = []
    if figures.correct_rate is not None and figures.correct_interval is not None:
        low, high = figures.correct_interval
        parts.append(f"{100 * figures.correct_rate:.0f} % ({100 * low:.0f}–{100 * high:.0f})")
    if figures.wins + figures.losses + figures.ties:
        parts.append(t("votes {w}/{t}/{l}", w=figures.wins, t=figures.ties, l=figures.losses))
    return " · ".join(parts) or "–"


def _ranking(ballots: Sequence[Ballot], labels: Sequence[str]) -> None:
    found = rank(ballots, len(labels))
    section(t("Strength by votes"), t("Bradley-Terry, log-odds against the mean; intervals over prompts"))
    table(
        [t("column"), t("strength"), t("95 % interval"), t("votes")],
        [
            [labels[s.column], f"{s.strength:+.2f}", f"{s.low:+.2f} … {s.high:+.2f}", f"{s.votes}"]
            for s in found.standings
        ],
        numeric=range(1, 4),
    )
    if not found.connected:
        st.warning(
            t("No chain of votes links all columns: compare across the groups first."), icon=":material/link_off:"
        )
    elif found.claims:
        orders = "; ".join(t("{a} above {b}", a=labels[a], b=labels[b]) for a, b, _, _ in found.claims)
        st.markdown(plain(t("The votes bear out: {orders}.", orders=orders)))
    else:
        st.caption(t("No order is borne out yet: every difference may be chance."))


def _duels(ballots: Sequence[Ballot], labels: Sequence[str]) -> None:
    rows = []
    for a in range(len(labels)):
        for b in range(a + 1, len(labels)):
            d = duel(ballots, a, b)
            if d is not None:
                controlled = "–" if d.length_controlled is None else _percent(d.length_controlled)
                rows.append(
                    [
                        labels[a],
                        labels[b],
                        f"{d.wins} / {d.ties} / {d.losses}",
                        _percent(d.share),
                        controlled,
                        "< 0.001" if d.p_value < 0.001 else f"{d.p_value:.3f}",
                        f"{d.more_votes}",
                    ]
                )
    section(t("Pairs"))
    table(
        [
            t("first"),
            t("second"),
            t("won / tied / lost"),
            t("first's share"),
            t("at equal length"),
            t("sign test p"),
            t("votes missing for ±10 points"),
        ],
        rows,
        numeric=range(2, 7),
    )


def _leanings(ballots: Sequence[Ballot]) -> None:
    lean = leanings(ballots)
    metric_row(
        [
            (t("Left was picked"), _percent(lean.left), t("half is what chance gives")),
            (t("The longer was picked"), _percent(lean.longer), t("of votes between different lengths")),
            (t("Undecided"), _percent(lean.ties), t("ties and both bad")),
        ]
    )


def _percent(share: Share) -> str:
    if not share.n:
        return "–"
    return f"{100 * share.value:.0f} % ({100 * share.low:.0f}–{100 * share.high:.0f})"


def _files(grid: Grid) -> None:
    section(t("Take along"))
    pairs = len(compare_export.preference_pairs(grid))
    words = {text: t(text) for text in compare_export.WORDS}  # the file is made later, outside this page's run
    title = said(grid.comparison.name)
    page = partial(compare_export.to_html, words=words, language=language(), title=title)
    writers: dict[str, Callable[[Grid], bytes]] = {**compare_export.WRITERS, ".html": page}
    with st.container(horizontal=True, key="wl-compare-files"):
        for ending, (name, mime) in _FILES.items():
            empty = ending == ".jsonl" and not pairs
            st.download_button(
                t(name),
                data=partial(writers[ending], grid),
                file_name=f"comparison-{grid.comparison.id}{ending}",
                mime=mime,
                disabled=empty,
                on_click="ignore",
                key=f"compare-file-{ending}",
            )
    st.caption(
        tn(
            pairs,
            "{n} preference pair from the votes, as TRL reads them (prompt, chosen, rejected).",
            "{n} preference pairs from the votes, as TRL reads them (prompt, chosen, rejected).",
        )
    )
