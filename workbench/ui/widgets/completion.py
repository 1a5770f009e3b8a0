"""Completion of fields and values in a search box, by the browser's own list under the box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from workbench.domain.fields import FIELDS

_component = st.components.v2.component(
    "workbench_completion", html="<span></span>", js=Path(__file__).with_suffix(".js").read_text("utf-8")
)


def complete(box: str, values: Mapping[str, Sequence[str]], *, key: str) -> None:
    """Complete what is typed into a text input.

    Args:
        box: The text input's key.
        values: Field to its values, the most frequent first.
        key: Widget key.
    """
    choices = {name: list(field.choices) for name, field in FIELDS.items() if field.choices}
    given = {field: list(dict.fromkeys([*found, *choices.get(field, [])])) for field, found in values.items()}
    fields = {name: f"{name}{'>' if '>' in field.example else ':'}" for name, field in FIELDS.items()}
    _component(key=key, data={"box": box, "fields": fields, "values": {**choices, **given}})
