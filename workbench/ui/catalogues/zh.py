"""All Chinese texts of the interface, gathered from the rooms. The glossary stands in `zh_frame`."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.ui.catalogues import zh_frame, zh_import, zh_train, zh_work

ROOMS: tuple[Mapping[str, str], ...] = (zh_frame.TEXTS, zh_import.TEXTS, zh_train.TEXTS, zh_work.TEXTS)
"""The texts of each room; a text that two rooms have is the same in both."""

TEXTS: Mapping[str, str] = {english: chinese for room in ROOMS for english, chinese in room.items()}
