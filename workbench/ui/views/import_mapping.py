"""A schema that no format knows: a person says once which column is what, and the next such file is known."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from crlft.formats.mapping import ColumnMapping
from workbench.services import importing
from workbench.services.importing import UnknownSchema
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import error_box, fault_words
from workbench.ui.widgets.layout import section

_CELL_CHARACTERS = 160
_ROWS = 3


def map_columns(project: Project, name: str, schema: UnknownSchema) -> None:
    """Draw the first rows and the choice of columns; what is chosen is remembered and the page drawn again."""
    section(name, t("no known format: say which column is what"))
    st.caption(fault_words(schema.message))
    table(
        schema.columns,
        [[_shown(_cell(row, column)) for column in schema.columns] for row in schema.examples[:_ROWS]],
    )
    with st.form(f"import-columns-{schema.fingerprint}", border=True):
        mapping = ColumnMapping.from_dict(_choices(schema))
        said = st.form_submit_button(t("Read it so"), type="primary", icon=":material/check:")
    st.caption(t("Columns that are not named are kept as metadata. The choice is remembered for files like this."))
    if not said:
        return
    faults = mapping.faults()
    if faults:
        error_box(_fault(faults))
        return
    importing.remember_mapping(project, schema.fingerprint, mapping, actor=state.curator())
    st.rerun()


def _choices(schema: UnknownSchema) -> dict[str, str]:
    """Draw a choice for each part of a conversation."""
    labels = {
        "prompt": t("Prompt"),
        "answer": t("Answer"),
        "messages": t("or: list of turns"),
        "system": t("System prompt"),
        "class_field": t("Quality class"),
        "source": t("Who answered"),
        "id": t("Id"),
    }
    options = ["", *schema.columns]
    chosen: dict[str, str] = {}
    columns = [*st.columns(3), *st.columns(4)]
    for column, (part, label) in zip(columns, labels.items(), strict=True):
        proposed = getattr(schema.proposal, part)
        chosen[part] = column.selectbox(
            label,
            options,
            index=options.index(proposed) if proposed in options else 0,
            format_func=lambda option: option or t("none"),
            key=f"import-column-{schema.fingerprint}-{part}",
        )
    return chosen


def _fault(faults: list[str]) -> importing.ImportFault:
    return importing.ImportFault("; ".join(faults), t("name one column for each part"))


def _cell(row: Any, column: str) -> Any:
    return importing.get_column(row, column)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CELL_CHARACTERS else text[:_CELL_CHARACTERS] + "…"
