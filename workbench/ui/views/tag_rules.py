"""Rules that tag what matches a query, now and whenever conversations arrive."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from crlft.errors import CrlftError
from workbench.services import tagrules
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.services.tagrules import TagRule
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.views import acting
from workbench.ui.widgets.errors import error_box, guarded, plain
from workbench.ui.widgets.layout import section


@st.fragment
@guarded
def draw(project: Project, classes: Sequence[ClassRow], query: str) -> None:
    """Draw the rules, one for a new rule, and what applies them to what is here already."""
    hint = t("they tag what nobody has tagged, now and after each import; people are never overruled")
    section(t("Rules"), hint)
    rules = tagrules.tag_rules(project)
    for i, rule in enumerate(rules):
        with st.container(horizontal=True, vertical_alignment="center", key=f"wb-tag-rule-{i}"):
            st.markdown(f"`{rule.query.replace('`', '')}` → **{plain(rule.class_name)}**", width="stretch")
            if st.button(t("Forget it"), key=f"tag-rule-remove-{i}", type="tertiary"):
                tagrules.remove_rule(project, rule, actor=state.curator())
                st.rerun()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = query if query != "class:none" else ""
        what = st.text_input(t("What matches"), first, key="tag-rule-query", placeholder="source:gpt4*")
        name = st.selectbox(t("is"), [row.name for row in classes], key="tag-rule-class", width=200)
        if st.button(t("Keep as a rule"), key="tag-rule-add", disabled=not what.strip()):
            try:
                tagrules.add_rule(project, TagRule(what.strip(), str(name)), actor=state.curator())
            except CrlftError as error:
                error_box(error)
            else:
                st.rerun()
    if rules and st.button(t("Apply the rules to what is here"), key="tag-rule-apply", icon=":material/bolt:"):
        acting.review(tagrules.plan_rules(project))
