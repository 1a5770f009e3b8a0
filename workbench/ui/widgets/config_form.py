"""The settings of a run as a form, made from `RunConfig`'s own fields, defaults and docstrings.

A field that is left alone is not an override, so the form never repeats a default.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import streamlit as st

from crlft.config import CHOICES, RunConfig, field_help
from workbench.ui.i18n import t

ELSEWHERE = frozenset({"snapshot", "base", "method", "classes", "sample_prompts"})
"""Chosen in the page's main part, or only for the shell."""

COLUMNS = 3


def config_form(key: str) -> dict[str, str]:
    """Draw every setting with its one-line explanation; return those that differ from the default.

    Args:
        key: Prefix of the widget keys; the values survive a switch to another page.
    """
    defaults, helps = RunConfig(), field_help()
    shown = [f.name for f in fields(RunConfig) if f.name not in ELSEWHERE]
    changed: dict[str, str] = {}
    for start in range(0, len(shown), COLUMNS):
        for place, name in zip(st.columns(COLUMNS), shown[start : start + COLUMNS], strict=False):
            with place:
                value = _field(f"{key}-{name}", name, getattr(defaults, name))
                st.caption(helps.get(name, ""))
            if value is not None:
                changed[name] = value
    return changed


def _field(key: str, name: str, default: Any) -> str | None:
    """Draw one field; return its value as text, or None where it stands at the default."""
    label = t(name.replace("_", " ").capitalize())
    if name in CHOICES:
        options = CHOICES[name]
        value = st.selectbox(label, options, index=options.index(default), key=key, persist_state="session")
        return None if value == default else str(value)
    shown = t("auto") if default is None else f"{default:g}" if isinstance(default, float) else str(default)
    text = (st.text_input(label, key=key, placeholder=shown, persist_state="session") or "").strip()
    return text if text and text != shown else None
