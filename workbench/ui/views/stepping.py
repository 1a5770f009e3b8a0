"""Walking through a list one by one, with buttons and arrow keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from workbench.ui.i18n import t


class Places:
    """Where this browser session stands in lists, from 0; a plain object, so that several keys of a run add up."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}

    def at(self, key: str, total: int) -> int:
        """Return the place in a list of `total`, at least 1; it never leaves the list."""
        return min(max(0, self._at.get(key, 0)), total - 1)

    def move(self, key: str, total: int, by: int) -> None:
        """Go on by so many."""
        self._at[key] = min(max(0, self.at(key, total) + by), total - 1)

    def put(self, key: str, place: int) -> None:
        """Go to a place."""
        self._at[key] = place


@dataclass(slots=True)
class ByKey:
    """What keys in a list ask of the page around it; a plain object, as `Places` is.

    Attributes:
        asked: The plan was asked for by key.
        changed: Something was decided since the page around the list was drawn.
    """

    asked: bool = False
    changed: bool = False

    def take_asked(self) -> bool:
        """Return once whether the plan was asked for."""
        asked, self.asked = self.asked, False
        return asked


def places() -> Places:
    """Return the places of this browser session."""
    kept: Places = st.session_state.setdefault("wb-places", Places())
    return kept


def walk_keys(key: str, total: int) -> dict[str, Callable[[], object]]:
    """Return what the left and right arrows mean beside `step`, for `heard_keys.hear`."""
    here = places()
    return {"arrowleft": lambda: here.move(key, total, -1), "arrowright": lambda: here.move(key, total, 1)}


def step(key: str, total: int, shortcuts: tuple[str, str] = ("Left", "Right")) -> int:
    """Draw previous and next, which show their keys; return the place from 0, which never leaves the list.

    Who draws them lets `heard_keys.hear` listen too: a button's own shortcut skips presses.

    Args:
        key: The place's name.
        total: Length of the list, at least 1.
        shortcuts: Keys for previous and next, as Streamlit names them.
    """
    here = places()
    index = here.at(key, total)
    labels = ((-1, t("Previous"), ":material/chevron_left:"), (1, t("Next"), ":material/chevron_right:"))
    for (by, label, icon), shortcut in zip(labels, shortcuts, strict=True):
        st.button(
            label,
            key=f"{key}-{shortcut}",
            icon=icon,
            shortcut=shortcut,
            disabled=not 0 <= index + by < total,
            on_click=here.move,
            args=(key, total, by),
        )
    return index
