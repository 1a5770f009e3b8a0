"""A schema that no format knows: a person says once which column is what, and the next such file is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from crlft.conversation import ROLES
from crlft.formats.mapping import ColumnMapping
from crlft.formats.turn_columns import guess_roles, guess_turns, role_words, turn_fields
from workbench.services import importing
from workbench.services.importing import ImportFault, UnknownSchema
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.views.import_report import examples
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import error_box, plain
from workbench.ui.widgets.layout import section

_CELL_CHARACTERS = 160
_ROWS = 3
_IN_A_LINE = 4


def map_columns(project: Project, name: str, schema: UnknownSchema) -> None:
    """Draw the first rows, the choice of columns and what it makes of them; what is chosen is remembered."""
    section(name, t("no known format: say which column is what"))
    table(
        schema.columns,
        [[_shown(_cell(row, column)) for column in schema.columns] for row in schema.examples[:_ROWS]],
    )
    with st.container(border=True, key=f"wb-columns-{schema.fingerprint}"):
        chosen = _choices(schema)
        if chosen["messages"]:
            chosen |= _turn_choices(schema, chosen["messages"])
        readable = _try(schema, ColumnMapping.from_dict(chosen))
        said = st.button(
            t("Read it so"),
            type="primary",
            icon=":material/check:",
            disabled=not readable,
            key=f"import-columns-{schema.fingerprint}",
        )
    st.caption(t("Columns that are not named are kept as metadata. The choice is remembered for files like this."))
    if said:
        mapping = ColumnMapping.from_dict(chosen)
        importing.remember_mapping(project, schema.fingerprint, mapping, actor=state.curator())
        st.rerun()


def _try(schema: UnknownSchema, mapping: ColumnMapping) -> bool:
    """Show the first conversations as they would be read, or what is still missing; returns whether any are."""
    try:
        faults = mapping.faults()
        if faults:
            raise ImportFault("; ".join(faults), t("name one column for each part"))
        read = schema.read_with(mapping)
    except ImportFault as error:
        error_box(error)
        return False
    examples(read, key=f"mapped-{schema.fingerprint}")
    return True


def _choices(schema: UnknownSchema) -> dict[str, Any]:
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
    chosen: dict[str, Any] = {}
    columns = [*st.columns(_IN_A_LINE), *st.columns(_IN_A_LINE)]
    for column, (part, label) in zip(columns, labels.items(), strict=False):
        with column:
            chosen[part] = _choice(schema, part, label, schema.columns, getattr(schema.proposal, part))
    return chosen


def _choice(schema: UnknownSchema, part: str, label: str, names: Sequence[str], proposed: str) -> str:
    options = ["", *names]
    return st.selectbox(
        label,
        options,
        index=options.index(proposed) if proposed in options else 0,
        format_func=lambda option: option or t("none"),
        key=f"import-column-{schema.fingerprint}-{part}",
    )


def _turn_choices(schema: UnknownSchema, column: str) -> dict[str, Any]:
    """Draw, for turns that are objects, which field is what, and which word is which role."""
    fields = turn_fields(schema.rows, column)
    if not fields:
        return {}
    guess = guess_turns(schema.rows, column)
    whose_usual = next((name for name in ("role", "from") if name in fields), "")
    text_usual = next((name for name in ("content", "value", "text") if name in fields), "")
    left, right, *rest = st.columns(_IN_A_LINE)
    with left:
        whose = _choice(schema, f"{column}-role", t("Who speaks"), fields, guess.get("role_field", whose_usual))
    with right:
        text = _choice(schema, f"{column}-text", t("What is said"), fields, guess.get("text_field", text_usual))
    roles = {}
    words = role_words(schema.rows, column, whose) if whose else []
    proposed = guess_roles(words)
    places = [*rest, *(place for _ in range(0, len(words), _IN_A_LINE) for place in st.columns(_IN_A_LINE))]
    names = {"system": t("System"), "user": t("User"), "assistant": t("Assistant"), "tool": t("Tool")}
    foreign = [word for word in words if word in proposed]
    for place, word in zip(places, foreign, strict=False):
        roles[word] = place.selectbox(
            t("“{word}” is", word=plain(word)),
            ROLES,
            index=ROLES.index(proposed[word]),
            format_func=names.__getitem__,
            key=f"import-column-{schema.fingerprint}-{column}-{whose}-word-{word}",
        )
    return {
        "role_field": "" if whose == whose_usual else whose,
        "text_field": "" if text == text_usual else text,
        "roles": roles,
    }


def _cell(row: Any, column: str) -> Any:
    return importing.get_column(row, column)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CELL_CHARACTERS else text[:_CELL_CHARACTERS] + "…"
