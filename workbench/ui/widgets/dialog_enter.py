"""Enter in a plan's dialog: heard as soon as its button is painted, and not where another button has the focus."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "workbench_dialog_enter", html="<span></span>", js=Path(__file__).with_suffix(".js").read_text("utf-8")
)


def listen_for_enter() -> None:
    """Let the browser listen; nothing is drawn. Call it once a run, before there is a dialog."""
    _component(key="dialog-enter")
