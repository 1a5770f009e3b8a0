"""The app: every page in one list, in the order of the loop.

Run by `workbench app` (see `workbench.ui.launch`); importing it draws nothing and imports no torch.
"""

from __future__ import annotations

import streamlit as st

from workbench.ui import language, state, theme
from workbench.ui.i18n import t
from workbench.ui.nav import page_path
from workbench.ui.views.frame import draw_frame
from workbench.ui.widgets.errors import boundary

PAGES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "": (("project", "Project", "home"),),
    "Data": (
        ("import_", "Import", "upload_file"),
        ("browse", "Browse", "forum"),
        ("duplicates", "Duplicates", "content_copy"),
        ("clean", "Clean", "mop"),
        ("tag", "Tag", "sell"),
    ),
    "Model": (
        ("snapshots", "Snapshots", "inventory_2"),
        ("train", "Train", "model_training"),
        ("compare", "Compare", "compare"),
        ("rounds", "Rounds", "cycle"),
        ("jobs", "Jobs", "list_alt"),
    ),
}
"""Section → (file name, title, icon); the file name without a trailing `_` is the page's address."""


def _home() -> None:
    """Lead `/project` to the first page, which lives at `/`."""
    st.switch_page(page_path("project"))


def main() -> None:
    """Draw the frame and the page that the address names."""
    st.set_page_config(page_title="C-RLFT Workbench", page_icon=str(theme.STATIC / "icon.svg"), layout="wide")
    language.settle()
    theme.inject_style()
    st.logo(str(theme.STATIC / "logo.svg"), icon_image=str(theme.STATIC / "icon.svg"), size="large")
    sections = {
        t(section) if section else "": [
            st.Page(
                page_path(name),
                title=t(title),
                icon=f":material/{icon}:",
                url_path="home" if name == "project" else name.rstrip("_"),  # served at the root all the same
                default=name == "project",
            )
            for name, title, icon in entries
        ]
        for section, entries in PAGES.items()
    }
    sections[""].append(st.Page(_home, title=t("Project"), url_path="project", visibility="hidden"))
    page = st.navigation(sections, expanded=True)
    if page.url_path == "project":
        page.run()
    with boundary(page.url_path):
        draw_frame(state.current_project(), page.url_path)
        page.run()


if __name__ == "__main__":
    main()
