"""Work in the background as a page uses it: progress while it runs, its result once, its fault in words."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from workbench.ui import background
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
