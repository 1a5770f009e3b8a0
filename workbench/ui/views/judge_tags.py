"""The model judges the tags: start it, read how far to believe it, and go through what it suspects."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.domain.record import Record
from workbench.services import browsing, curation, jobs, judging, training
from workbench.services.agreement import AgreementPoint, agreement_history
from workbench.services.curation import ClassRow
from workbench.services.judging import Judgement, SuggestReport
from workbench.services.project import Project
from workbench.services.statistics import wilson
from workbench.ui import state
from workbench.ui.i18n import said, t, tn
from workbench.ui.views import acting, deciding
from workbench.ui.views.reader import local_time
from workbench.ui.views.train_watch import REFRESH_SECONDS
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import fault_words, guarded
from workbench.ui.widgets.layout import empty_state, metric_row, progress_line, section
from workbench.ui.widgets.loop_charts import CHART_CONFIG, rounds_figure
from workbench.ui.widgets.panes import pane_html

LOOKAHEAD = 100
DETECTORS = {
    "likelihood": "the model's likelihoods, from held-out folds",
    "words": "a classifier of words and letters",
    "both": "model and words together",
    "all": "model, words and embeddings together",
    "embedding": "a classifier of sentence embeddings",
    "perplexity": "how surprising the answer is",
    "length": "how long the answer is",
}
_ORDERS = {"suspicion": "Most suspect", "uncertainty": "Most uncertain", "mass": "Most reward mass"}


def draw_judging(project: Project) -> None:
    """Draw the whole: a running job, the report, the queue, and the form to judge anew."""
    job = judging.suggest_job(project)
    report = judging.suggest_report(project)
    if job is not None and job.live:
        st.fragment(_running, run_every=REFRESH_SECONDS)(project, job.id)
    elif job is not None and job.status == "done" and (report is None or report.job_id != job.id):
        with st.spinner(t("Reading the scores")):
            report = judging.collect_suggest(project, job.id)
    elif job is not None and job.status in ("failed", "killed"):
        st.error(fault_words(job.error, job.remedy), icon=":material/error:")
    if report is not None:
        _trust(report)
        _over_time(project)
        _queue(project, curation.class_table(project))
    if job is None or not job.live:
        _form(project, first=report is None)


@guarded
def _running(project: Project, job_id: str) -> None:
    job = jobs.get_job(project, job_id)
    if not job.live:
        st.rerun()
    progress_line(job.step or 0, job.total or 100, label=t("percent of all folds"), eta_seconds=job.eta_seconds)
    if st.button(t("Stop"), icon=":material/stop_circle:", key="judge-stop"):
        jobs.stop(project, job_id)
        st.rerun()


def _trust(report: SuggestReport) -> None:
    """Say whose word the ranking is, and how often it found tags that were swapped on purpose."""
    section(t("How far to believe it"))
    metric_row(
        [
            (t("Suspected tags"), report.issues, t("held for wrong, still to be decided")),
            (t("Untagged"), report.untagged, t("with a proposal")),
            (t("Agreement"), _agreement(report), t("of tags are what the evidence says")),
        ]
    )
    if report.in_sample:
        text = t("The model had trained on what it judges: it suspects too little, and nothing was measured.")
        st.warning(text, icon=":material/warning:")
        return
    if not report.detections:
        return
    table(
        [t("Evidence"), t("AUC"), t("95 % interval"), t("precision")],
        [
            [
                t(DETECTORS.get(d.detector, d.detector)),
                f"{d.auc:.3f}",
                f"{d.low:.3f}–{d.high:.3f}",
                f"{d.precision:.2f}",
            ]
            for d in report.detections
        ],
        numeric=range(1, 4),
    )
    best = _evidence(report.detector)
    st.caption(
        t(
            "Measured on {n} tags of this project that were swapped before the folds were trained. The best ranks "
            "the queue, and a mixture counts as best within one standard error: {best}. Real mistakes can be "
            "harder to find than swapped tags.",
            n=report.canaries,
            best=best,
        )
    )
    if report.detector in ("words", "embedding", "length", "perplexity"):
        st.info(t("Here the simpler evidence beats the model's, so it is used."), icon=":material/info:")


def _over_time(project: Project) -> None:
    """Show how the evidence and the curators have come to agree, one row a judging."""
    history = agreement_history(project)
    if not history:
        return
    section(t("Agreement over time"), t("between the evidence and the curators' tags, newest first"))
    heads = [t("judged"), t("run"), t("tags"), t("as proposed then"), t("as proposed now"), t("decided since")]
    table([*heads, t("of these as proposed")], [_history_row(p) for p in reversed(history)], numeric=range(2, 7))
    if len(history) > 1:
        labels = list(range(1, len(history) + 1))
        figure = rounds_figure(
            labels,
            {
                t("tags as proposed, when judged"): [(_rate(p.same, p.tags), None) for p in history],
                t("decisions as proposed"): [
                    (_rate(p.agreed, p.decided), wilson(p.agreed, p.decided)) for p in history
                ],
            },
            x=t("judging"),
        )
        st.plotly_chart(figure, key="judge-agreement", config=CHART_CONFIG)


def _history_row(p: AgreementPoint) -> list[str]:
    then, now = _of(p.same, p.tags), _of(p.same_now, p.tags)
    return [local_time(p.at), p.run, f"{p.tags:,}", then, now, f"{p.decided:,}", _of(p.agreed, p.decided)]


def _rate(n: int, total: int) -> float | None:
    return n / total if total else None


def _of(n: int, total: int) -> str:
    return f"{100 * n / total:.1f} %" if total else "–"


def _evidence(detector: str) -> str:
    return t(DETECTORS.get(detector, detector))


def _agreement(report: SuggestReport) -> str:
    total = sum(n for *_, n in report.agreement)
    same = sum(n for tag, proposal, n in report.agreement if tag == proposal)
    return f"{100 * same / total:.1f} %" if total else "–"


@st.fragment
@guarded
def _queue(project: Project, classes: Sequence[ClassRow]) -> None:
    state.show_messages()
    section(t("What to look at"), t("each decision is an ordinary one: U undoes it"))
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    kinds = {"suspect": t("Suspected tags"), "untagged": t("Untagged")}
    kind = left.segmented_control(
        t("Queue"), list(kinds), default="suspect", required=True, format_func=lambda k: kinds[k], key="judge-kind"
    )
    order = right.segmented_control(
        t("Order"),
        list(_ORDERS),
        default="suspicion" if kind == "suspect" else "uncertainty",
        required=True,
        format_func=lambda o: t(_ORDERS[o]),
        key=f"judge-order-{kind}",
    )
    skipped = st.session_state.setdefault("judge-skipped", set())
    queue = judging.review_queue(
        project, order=order or "suspicion", tagged=kind == "suspect", limit=LOOKAHEAD + len(skipped)
    )
    queue = [j for j in queue if j.seq not in skipped]
    if not queue:
        st.success(t("Nothing is left to decide here."), icon=":material/check:")
        return
    _bulk(project, queue)
    found = {r.seq: r for r in browsing.get_records(project, [queue[0].seq])}
    _one(project, queue[0], found[queue[0].seq], classes)


def _bulk(project: Project, queue: Sequence[Judgement]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="wl-judge-bulk"):
        n = int(st.number_input(t("The first"), 1, len(queue), min(20, len(queue)), key="judge-bulk", width=140))
        if st.button(tn(n, "Tag {n} as proposed", "Tag {n} as proposed"), icon=":material/label:"):
            acting.review(judging.plan_proposals(project, [j.seq for j in queue[:n]]))


def _one(project: Project, judgement: Judgement, record: Record, classes: Sequence[ClassRow]) -> None:
    colours = {row.name: row.colour for row in classes}
    chances = " · ".join(f"{name} {100 * p:.0f} %" for name, p in judgement.probabilities.items())
    found = (
        "Tagged {tag}; the evidence says {chances}; the model finds {proposal} likelier by {nats} nats a token"
        if judgement.evidence >= 0
        else "Tagged {tag}; the evidence says {chances}; the model finds {proposal} less likely by {nats} nats"
    )
    title = t(
        found,
        tag=judgement.tag or t("nothing"),
        chances=chances,
        proposal=judgement.proposal,
        nats=f"{abs(judgement.evidence):.2f}",
    )
    st.html(pane_html(record, colours, title=title))

    def done(action: object) -> None:
        st.session_state["judge-skipped"].discard(judgement.seq)

    with st.container(horizontal=True, key="wl-judge-buttons"):
        deciding.class_buttons(project, record, classes, key="judge", done=done)
        if judgement.tag is not None:
            st.button(
                t("The tag is right"),
                key="judge-right",
                shortcut="V",
                icon=":material/verified:",
                on_click=_right,
                args=(project, record),
            )
        deciding.status_buttons(project, record, key="judge", done=done)
        st.button(
            t("Skip"),
            key="judge-skip",
            shortcut="S",
            on_click=lambda: st.session_state["judge-skipped"].add(judgement.seq),
        )


def _right(project: Project, record: Record) -> None:
    """Keep it, which undo takes back; what is kept already is only noted as confirmed."""
    if record.status == "pending":
        deciding.decide(project, lambda: curation.plan_status(project, "kept", seqs=[record.seq]))
    else:
        judging.confirm_tags(project, [record.seq], actor=state.curator())


def _form(project: Project, *, first: bool) -> None:
    done = [j for j in training.list_runs(project) if j.status == "done"]
    if not done:
        if first:
            empty_state(
                t("No finished run yet"),
                t("Train a model first. Then its base, trained on part of the data, judges the tags of the rest."),
                button=t("Go to Train"),
                page="train",
                key="judge-none",
            )
        return
    section(t("Judge the tags"), t("the run's base learns from all folds but one, and judges that one"))
    left, middle, right = st.columns([3, 1, 1], vertical_alignment="bottom")
    titles = {j.id: f"{said(j.title or j.id)} · {j.id}" for j in done}
    run = left.selectbox(t("Run"), list(titles), format_func=lambda r: titles[r], key="judge-run")
    folds = int(middle.number_input(t("Folds"), 2, 10, 3, key="judge-folds"))
    steps = int(
        right.number_input(t("Steps of each"), 0, 100_000, 300, 100, key="judge-steps", help=t("0: automatic"))
    )
    in_sample = st.toggle(
        t("In sample"),
        key="judge-in-sample",
        help=t("Score with the run's own model: no training, but it vouches for what it learnt."),
    )
    if st.button(t("Judge"), type="primary", icon=":material/gavel:", key="judge-start") and run:
        judging.start_suggest(
            project, run, folds=folds, steps=steps or None, in_sample=in_sample, actor=state.curator()
        )
        st.rerun()
