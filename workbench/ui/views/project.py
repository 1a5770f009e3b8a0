"""Project: where am I, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from workbench.domain.curation import Action
from workbench.domain.record import STATUSES
from workbench.services import curation
from workbench.services.demo import fill_with_sample
from workbench.services.project import Overview, Project, project_overview
from workbench.ui import background, state
from workbench.ui.i18n import said, t
from workbench.ui.nav import goto
from workbench.ui.theme import STATUS_COLOURS
from workbench.ui.views import acting
from workbench.ui.views.querytext import term
from workbench.ui.views.reader import local_time
from workbench.ui.views.working import busy, own_key, take
from workbench.ui.widgets.bars import BARS_SHOWN, counts_chart
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import metric_row, page_header, section
from workbench.ui.widgets.steps import Step, steps

STEPS: dict[str, tuple[str, str, str, str]] = {
    "import": ("Import", "import_", "Bring in your conversations", "Import a file of conversations"),
    "dedupe": ("Dedupe", "duplicates", "Find exact and near duplicates", "Look for duplicates"),
    "clean": ("Clean", "clean", "Repair and drop what teaches nonsense", "See what the cleaning rules find"),
    "tag": ("Tag", "tag", "Say how good each answer is", "Tag the untagged conversations"),
    "snapshot": ("Snapshot", "snapshots", "Freeze a dataset version", "Make a snapshot"),
    "train": ("Train", "train", "Fine-tune with C-RLFT", "Train on the snapshot"),
    "compare": ("Compare", "compare", "Put answers side by side", "Compare the new model's answers"),
    "next-round": ("Next round", "rounds", "Bring outputs back and go on", "Start the next round"),
}
"""Step → (title, page, purpose, the sentence on the button that leads there)."""

CHARTS = (("class", "By class"), ("source", "By source"), ("lang", "By language"), ("status", "By status"))
LOG_SHOWN = 8


def draw() -> None:
    """Draw the page."""
    project = state.current_project()
    overview = project_overview(project)
    page_header(
        project.name,
        t("Round {n} of the loop: the data improves the model, the model improves the data.", n=overview.round),
    )
    _steps(overview)
    if overview.conversations:
        _figures(overview)
        _composition(project, overview)
    else:
        _beginning(project)
    _log(project)


def _steps(overview: Overview) -> None:
    drawn = [
        Step(t(title), t(purpose), done=overview.steps.get(code, False), now=code == overview.next_step)
        for code, (title, _page, purpose, _button) in STEPS.items()
    ]
    clicked = steps(drawn)
    if clicked is not None:
        goto([*STEPS.values()][clicked][1])
    title, page, _purpose, button = STEPS.get(overview.next_step, STEPS["import"])
    with st.container(horizontal=True, vertical_alignment="center", key="wb-next"):
        if st.button(t(button), type="primary", icon=":material/arrow_forward:", key="project-next"):
            goto(page)
        st.caption(t("Next step: {title}", title=t(title)))


@guarded
def _beginning(project: Project) -> None:
    """Draw what this is all about, and the sample as a way in."""
    with st.container(border=True, key="wb-beginning"):
        st.markdown(
            t(
                "**Every answer counts, the good ones more.** Conversations of mixed quality come in; you say "
                "which answers are good. The model learns from all of them: the class stands in the prompt, and "
                "its reward weights the loss. Asked as the best class, it answers like the best. Its answers come "
                "back here for the next round."
            )
        )
        key = own_key("sample")
        with st.container(horizontal=True, vertical_alignment="center"):
            label = t("Fill this project with the sample")
            if st.button(label, key="project-sample", icon=":material/storefront:", disabled=busy(key)):
                who = state.curator()
                background.start(
                    key, lambda report: fill_with_sample(project, actor=who, on_progress=report)
                )
                st.rerun()
            st.caption(t("Thousands of short talks at a shop's counter, in English and Chinese, to try it all on"))
        if take(key, label=t("Rows read")) is not None:
            st.rerun()


def _figures(overview: Overview) -> None:
    statuses = overview.statuses
    metric_row(
        [
            (t("Conversations"), overview.conversations, ""),
            (t("Kept"), statuses.get("kept", 0), t("{n} not decided yet", n=statuses.get("pending", 0))),
            (t("Dropped"), statuses.get("dropped", 0), t("with a reason, never deleted")),
            (t("Untagged"), overview.untagged, ""),
            (t("Supervised tokens"), overview.supervised_tokens, t("text that is learnt from")),
            (t("In quarantine"), overview.quarantined, t("rows that could not be read")),
        ]
    )


def _composition(project: Project, overview: Overview) -> None:
    dropped = overview.statuses.get("dropped", 0)
    note = t("click a bar to see these conversations")
    section(t("Composition"), t("{note}; without the dropped ones", note=note) if dropped else note)
    colours = {row.name: row.colour for row in curation.class_table(project)}
    data: Mapping[str, Mapping[str, int]] = {
        "class": overview.classes,
        "source": overview.sources,
        "lang": overview.languages,
        "status": overview.statuses,
    }
    labels: dict[str, str] = {status: t(status) for status in STATUSES}
    shown = [(field, title) for field, title in CHARTS if len(data[field]) > 1] or [CHARTS[0]]
    with st.container(key="wb-composition"):
        columns = st.columns(len(shown))
    for column, (field, title) in zip(columns, shown, strict=True):
        with column:
            all_of = len(data[field])
            more = t("the largest {n} of {all}", n=BARS_SHOWN, all=all_of) if all_of > BARS_SHOWN else ""
            st.caption(" · ".join(text for text in (t(title), more) if text))
            picked = counts_chart(
                data[field],
                key=f"project-{field}",
                colours=colours if field == "class" else STATUS_COLOURS,
                labels=labels | {"none": t("untagged") if field == "class" else t("unknown")},
            )
            if picked is not None:
                without = " -status:dropped" if dropped and field != "status" else ""
                goto("browse", q=term(field, picked) + without)


def _log(project: Project) -> None:
    actions = curation.log(project, limit=LOG_SHOWN)
    if not actions:
        return
    section(t("Recent decisions"), t("everything can be undone"))
    for action in actions:
        _entry(project, action)


def _entry(project: Project, action: Action) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"wb-log-{action.id}"):
        title = plain(said(action.title[:1].upper() + action.title[1:]))
        if action.undone_by:
            title = f"~~{title}~~"
        st.markdown(
            f"{title}  \n:small[:gray[{plain(action.actor)} · {plain(local_time(action.at))}]]", width="stretch"
        )
        if action.undone_by:
            st.caption(t("undone"), width="content")
        elif action.undoable and st.button(
            t("Undo"), key=f"log-undo-{action.id}", type="tertiary", icon=":material/undo:"
        ):
            acting.undo(project, action.id)
            st.rerun()
