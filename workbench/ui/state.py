"""What pages share: the open project, who sits here, and messages that outlive a rerun.

The project's path comes by the environment variable `WORKBENCH_PROJECT` (set by `workbench app`). One handle
is kept for each path and process; everything else that must last is in the project's store.
"""

from __future__ import annotations

import getpass
import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

import streamlit as st

from workbench.domain.errors import ProjectError
from workbench.services.project import Project, open_project
from workbench.ui.widgets.remember import remembered

PROJECT_VARIABLE = "WORKBENCH_PROJECT"
CURATOR = "workbench-curator"
"""Cookie with the curator's name."""


@lru_cache(maxsize=8)
def _open(path: str) -> Project:
    project = open_project(Path(path))
    project.database.keep_columns()
    return project


def current_project() -> Project:
    """Return the project this app serves.

    Raises:
        ProjectError: No project was named, or the folder cannot be opened.
    """
    path = os.environ.get(PROJECT_VARIABLE, "")
    if not path:
        raise ProjectError(
            "no project is open", "start the app with `workbench app --project DIR` or `workbench demo`"
        )
    return _open(str(Path(path).expanduser().resolve()))


def curator() -> str:
    """Return the name that decisions of this browser session are logged under; the browser keeps it."""
    name = str(st.session_state.get("curator", "")).strip()
    return name or unquote(remembered(CURATOR)).strip() or _login_name()


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "curator"


def say(text: str, *, icon: str = ":material/check:") -> None:
    """Show a short message after the next rerun (a toast called before `st.rerun` would be lost)."""
    st.session_state.setdefault("messages", []).append((text, icon))


def show_messages() -> None:
    """Show and forget what `say` collected."""
    for text, icon in st.session_state.pop("messages", []):
        st.toast(text, icon=icon)
