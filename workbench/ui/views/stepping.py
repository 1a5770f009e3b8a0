"""Walking through a list one by one, with buttons and arrow keys."""

from __future__ import annotations

import streamlit as st

from workbench.ui.i18n import t


def step(key: str, total: int, shortcuts: tuple[str, str] = ("Left", "Right")) -> int:
    """Draw previous and next with their keys; return the place from 0, which never leaves the list.

    Args:
        key: Where the place is kept in the session.
        total: Length of the list, at least 1.
        shortcuts: Keys for previous and next.
    """
    index = min(max(0, int(st.session_state.get(key, 0))), total - 1)

    def move(by: int) -> None:
        st.session_state[key] = min(max(0, index + by), total - 1)

    icons = {-1: ":material/chevron_left:", 1: ":material/chevron_right:"}
    names = {-1: t("Previous"), 1: t("Next")}
    for by, shortcut in zip((-1, 1), shortcuts, strict=True):
        st.button(
            names[by],
            key=f"{key}-{shortcut}",
            icon=icons[by],
            shortcut=shortcut,
            disabled=not 0 <= index + by < total,
            on_click=move,
            args=(by,),
        )
    return index
