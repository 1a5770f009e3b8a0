"""What several pages do alike: work in the background with its progress and fault, tabs in the address."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from workbench.ui import background
from workbench.ui.i18n import t
from workbench.ui.nav import param, set_params
from workbench.ui.widgets.errors import error_box


def own_key(name: str) -> str:
    """Return a task key of this browser session: two curators' scans do not mix."""
    return f"{name}-{st.session_state.setdefault('task-session', secrets.token_hex(4))}"


def take(key: str, *, label: str) -> Any:
    """Draw a running task's progress; return its result once after it ended well, else None.

    Args:
        key: What it was started under.
        label: What the progress line says.
    """
    task = background.task(key)
    if task is None:
        return None
    if task.running:
        background.show(key, label=label)
        return None
    background.forget(key)
    if task.error is not None:
        error_box(task.error)
        return None
    return task.result


def busy(key: str) -> bool:
    """Return whether the task is running."""
    task = background.task(key)
    return task is not None and task.running


def address_tabs(key: str, names: Sequence[str]) -> Sequence[TabContainer]:
    """Draw tabs of which the open one stands in the address; draw only where `.open` says so.

    Args:
        key: Widget key and the address's parameter.
        names: English names; the first is open where the address names none.
    """
    labels = [t(name) for name in names]
    named = param(key)
    wanted, seen = named if named in names else names[0], f"{key}-in-address"
    # Only an address that changed under the tabs moves them; a click on a tab changes the address below.
    # In another language the tabs have other names, and what is held is none of them.
    if st.session_state.get(key) not in labels or st.session_state.get(seen) != wanted:
        st.session_state[key] = labels[names.index(wanted)]
    tabs = st.tabs(labels, key=key, on_change="rerun")
    chosen = next((name for name, tab in zip(names, tabs, strict=True) if tab.open), names[0])
    st.session_state[seen] = chosen
    set_params(**{key: None if chosen == names[0] else chosen})
    return tabs
