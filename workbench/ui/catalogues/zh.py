"""All Chinese texts of the interface, gathered from the rooms. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.ui.catalogues import (
    zh_browse,
    zh_clean,
    zh_compare,
    zh_duplicates,
    zh_frame,
    zh_heldout,
    zh_import,
    zh_leaks,
    zh_rounds,
    zh_settings,
    zh_tag,
    zh_together,
    zh_train,
    zh_work,
)

ROOMS: Mapping[str, Mapping[str, str]] = {
    room.__name__.rsplit(".", 1)[-1]: room.TEXTS
    for room in (
        zh_frame,
        zh_import,
        zh_browse,
        zh_duplicates,
        zh_leaks,
        zh_heldout,
        zh_clean,
        zh_tag,
        zh_together,
        zh_rounds,
        zh_train,
        zh_work,
        zh_settings,
        zh_compare,
    )
}
"""The texts of each room; a text that two rooms have is the same in both."""

TEXTS: Mapping[str, str] = {english: chinese for room in ROOMS.values() for english, chinese in room.items()}
