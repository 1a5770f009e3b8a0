"""What a browser remembers between visits: a cookie that the app reads when a session begins."""

from __future__ import annotations

import streamlit as st

_keep = st.components.v2.component(
    "workbench_remember",
    html="<span></span>",
    js="""export default function ({ data }) {
  const value = encodeURIComponent(data.value);
  document.cookie = `${data.name}=${value}; path=/; max-age=31536000; samesite=strict`;
}""",
)


def remember(name: str, value: str) -> None:
    """Let the browser keep a value for a year; nothing is drawn."""
    _keep(key=f"remember-{name}", data={"name": name, "value": value})


def remembered(name: str) -> str:
    """Return what the browser kept when this session began, or an empty text."""
    return str(st.context.cookies.get(name, ""))
