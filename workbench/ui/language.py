"""Which language a curator reads: chosen in the sidebar, named by the address, or the browser's own.

A choice lasts for the browser session: it stands in the address (`?lang=zh`), so that a link and a reload keep it,
and in a cookie that ends with the browser, so that a page opened in a new tab keeps it too.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.ui.i18n import SESSION_KEY, t
from workbench.ui.i18n import language as spoken
from workbench.ui.nav import LANGUAGE, follow, param, set_params
from workbench.ui.widgets.remember import remembered

LANGUAGES = {"en": "English", "zh": "中文"}
"""Code to the language's own name."""

COOKIE = "workbench-language"
_CHOSEN = "language-chosen"
_WIDGET = "frame-language"
_SCRIPT = Path(__file__).parent / "widgets" / "language.js"
_mark = st.components.v2.component("workbench_language", html="<span></span>", js=_SCRIPT.read_text("utf-8"))


def settle() -> None:
    """Settle the session's language before anything is drawn: the address first, then what was chosen before."""
    named = param(LANGUAGE)
    if named in LANGUAGES:
        st.session_state[SESSION_KEY] = named
        st.session_state[_CHOSEN] = True
    elif SESSION_KEY not in st.session_state:
        kept = remembered(COOKIE)
        st.session_state[SESSION_KEY] = kept if kept in LANGUAGES else of_browser(st.context.locale)
        st.session_state[_CHOSEN] = kept in LANGUAGES


def of_browser(locale: str | None) -> str:
    """Return the language for a browser's locale (`zh-CN`, `zh-TW`, `en-GB`, …); what is not known is English."""
    code = (locale or "").replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else "en"


def choose(page: str) -> None:
    """Draw the selector; `page` is the page it stands on."""
    follow(_WIDGET, spoken())
    st.segmented_control(
        t("Language"),
        list(LANGUAGES),
        format_func=lambda code: LANGUAGES[code],
        key=_WIDGET,
        label_visibility="collapsed",
        required=True,
        on_change=_choose,
    )
    chosen = bool(st.session_state.get(_CHOSEN))
    _mark(
        key="frame-language-mark",
        data={"language": spoken(), "chosen": chosen, "parameter": LANGUAGE, "cookie": COOKIE, "page": page},
    )


def _choose() -> None:
    code = st.session_state[_WIDGET]
    if code in LANGUAGES:
        st.session_state[SESSION_KEY] = code
        st.session_state[_CHOSEN] = True
        set_params(**{LANGUAGE: code})
