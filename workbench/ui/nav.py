"""Moving between pages, and the address that holds a view.

A page's name is its file's name under `pages/`; the parameters it reads stand in the address, so a view can be
sent to a colleague and the browser's back key works.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import streamlit as st

LANGUAGE = "lang"
"""The address's parameter that names the language."""

_PAGES = Path(__file__).parent / "pages"


def page_path(page: str) -> str:
    """Return the path by which Streamlit knows the page (`browse` → `…/pages/browse.py`)."""
    return str(_PAGES / f"{page}.py")


def goto(page: str, **params: str) -> NoReturn:
    """Leave this page for another, with these parameters in the address; a language in it stays."""
    kept = {LANGUAGE: param(LANGUAGE), **params}
    st.switch_page(page_path(page), query_params={k: v for k, v in kept.items() if v})


def param(name: str, default: str = "") -> str:
    """Return a parameter of the address, or `default`."""
    return st.query_params.get(name, default)


def set_params(**params: str | int | None) -> None:
    """Write parameters to the address; None or empty removes one. Others stay.

    All are written at once: each write is a step of the browser's history.
    """
    before = st.query_params.to_dict()
    after = {k: v for k, v in before.items() if k not in params}
    after.update({k: str(v) for k, v in params.items() if v is not None and v != ""})
    if after != before:
        st.query_params.from_dict(after)


def follows(key: str, value: str) -> str:
    """Return the key for a widget that shows what the address says; give the widget `value` as its default.

    It is another key whenever the address says what the widget did not (a link, a click on a chart, the back key).
    A widget that is told another value by its session state has the old one, or none, in the browser for a moment,
    and sends that along with whatever is clicked then: a link's search was lost so, and an act on all that match
    was planned for everything.
    """
    number, shown = st.session_state.get(f"{key}-shown", (0, value))
    says = st.session_state.get(f"{key}-{number}")
    if shown != value and (says is None or str(says).strip() != value):
        number += 1
    st.session_state[f"{key}-shown"] = (number, value)
    return f"{key}-{number}"


def follow(key: str, value: str) -> None:
    """Make the widget of this key show what the address says; call it before the widget is drawn.

    The address may change without the widget (a link, a click on a chart, the browser's back key), and a
    widget's state is gone when its page was left.
    """
    seen = f"{key}-seen"
    if key not in st.session_state or st.session_state.get(seen) != value:
        st.session_state[key] = value
    st.session_state[seen] = value
