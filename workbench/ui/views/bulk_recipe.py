"""Bulk decisions kept as a recipe and made again on new data; all of them are undone at once."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from crlft.errors import CrlftError
from workbench.services import recipes, replay
from workbench.services.project import Project
from workbench.services.recipes import BulkDecision, Recipe
from workbench.services.replay import Logged
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.views import acting
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import error_box, guarded, plain
from workbench.ui.widgets.layout import section

_DONE = "replayed-actions"


@st.fragment
@guarded
def draw(project: Project) -> None:
    """Draw what keeps the bulk decisions made so far, and what makes kept ones again."""
    section(t("Recipe"), t("decisions over all that match, in order: kept, shared, made again on new data"))
    left, right = st.columns(2, gap="large")
    with left:
        _keep(project)
    with right:
        _again(project)


def _keep(project: Project) -> None:
    logged = replay.bulk_decisions(project)
    st.markdown(f"**{t('Made so far')}**")
    if not logged:
        st.caption(t("None yet. What you do above to all that match stands here, ready to be kept."))
        return
    chosen = st.multiselect(
        t("Decisions"),
        range(len(logged)),
        default=range(len(logged)),
        format_func=lambda i: _words(logged[i].decision),
        key=f"recipe-steps-{len(logged)}",
        label_visibility="collapsed",
    )
    picked = [logged[i] for i in sorted(chosen)]
    _warn(picked)
    name = st.text_input(t("Name"), key="bulk-recipe-name", placeholder="house")
    kept = recipes.recipes(project).get(name.strip(), Recipe({}))
    recipe = replay.with_decisions(kept, [one.decision for one in picked])
    with st.container(horizontal=True):
        if st.button(t("Keep as a recipe"), disabled=not (picked and name.strip()), key="bulk-recipe-keep"):
            recipes.save_recipe(project, name, recipe, actor=state.curator())
            state.say(t("Kept as “{name}”.", name=plain(name.strip())))
            st.rerun()
        st.download_button(
            t("Download it for others"), recipe.to_json(), "recipe.json", "application/json", disabled=not picked
        )
    if kept.verdicts:
        st.caption(t("“{name}” holds cleaning rules already; the decisions are added to them.", name=plain(name)))


def _warn(picked: Sequence[Logged]) -> None:
    fields = sorted({field for one in picked for field in one.local})
    if fields:
        st.caption(
            t("What is named by {fields} means something else in another project.", fields=", ".join(fields))
        )


def _again(project: Project) -> None:
    st.markdown(f"**{t('Make them again')}**")
    done: list[int] = st.session_state.get(_DONE, [])
    if done:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(tn(len(done), "{n} decision made.", "{n} decisions made."), width="stretch")
            if st.button(t("Undo all of them"), key="recipe-undo", icon=":material/undo:"):
                _undo(project, done)
    recipe = _chosen(project)
    if recipe is None:
        return
    if recipe.verdicts:
        st.caption(t("Its cleaning rules run on the Clean page; do that first."))
    if not recipe.decisions:
        st.caption(t("This recipe holds no decisions."))
        return
    try:
        steps = replay.preview(project, recipe.decisions)
    except CrlftError as error:
        error_box(error)
        return
    table(
        [t("Decision"), t("Matches now")],
        [(_words(s.decision), s.matches if s.exact else f"> {s.matches:,}") for s in steps],
        numeric=[1],
    )
    st.caption(t("Later ones follow what the earlier ones make of the data. Each is one entry of the log."))
    label = tn(len(steps), "Make {n} decision", "Make {n} decisions")
    if st.button(label, type="primary", key="recipe-replay", disabled=not any(s.matches for s in steps)):
        with acting.progress() as report:
            made = replay.replay(project, recipe.decisions, actor=state.curator(), on_progress=report)
        st.session_state[_DONE] = [action.id for action in made]
        st.rerun()


def _chosen(project: Project) -> Recipe | None:
    shared = st.file_uploader(t("A recipe from a colleague"), type="json", key="bulk-recipe-file")
    kept = {name: r for name, r in recipes.recipes(project).items() if r.decisions}
    try:
        if shared is not None:
            return Recipe.from_json(shared.getvalue().decode("utf-8", "replace"))
    except CrlftError as error:
        error_box(error)
        return None
    if not kept:
        return None
    name = st.selectbox(t("Recipe"), list(kept), index=None, placeholder=t("choose one"), key="bulk-recipe-chosen")
    return kept[name] if name else None


def _undo(project: Project, done: Sequence[int]) -> None:
    try:
        replay.undo_all(project, done, actor=state.curator())
    except CrlftError as error:
        error_box(error)
        return
    st.session_state.pop(_DONE, None)
    state.say(tn(len(done), "{n} decision undone", "{n} decisions undone"), icon=":material/undo:")
    st.rerun()


def _words(decision: BulkDecision) -> str:
    acts = {
        "tag": t("untag") if decision.value is None else t("tag as {name}", name=decision.value),
        "keep": t("keep"),
        "drop": t("drop"),
        "restore": t("back to pending"),
        "reward": t("class's reward") if decision.value is None else t("reward {r}", r=decision.value),
    }
    return f"{decision.query or t('everything')} → {acts[decision.kind]}"
