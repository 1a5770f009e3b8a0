"""The reader's bar: walk, tag, keep, drop, and how the conversation is shown; one element instead of fifteen.

Its keys answer in the browser: a decision goes into the outbox that the Tag page's queue uses too, the list marks
the row and opens the next, and the server acknowledges later. What is decided on is what the reader shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from workbench.services.curation import ClassRow
from workbench.ui.i18n import t
from workbench.ui.widgets.chips import safe_colour

_HERE = Path(__file__)
_component = st.components.v2.component(
    "workbench_reader_bar",
    html='<div class="bar" role="toolbar"></div><div class="tabs"></div>',
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the reader shows: the conversation as of a revision, its class and status, and in which way."""

    seq: int
    revision: int
    class_name: str | None
    status: str
    tab: str
    raw: bool = False


def reader_bar(
    shown: Shown,
    classes: Sequence[ClassRow],
    tabs: Mapping[str, str],
    *,
    key: str,
    on_tab: Callable[[str], None],
    on_tool: Callable[[str, int], None],
) -> None:
    """Draw the bar.

    Args:
        shown: What the reader shows.
        classes: The classes, in the order of their buttons.
        tabs: Ways to show a conversation: name to title.
        key: Widget key.
        on_tab: Called before the rerun with the name of the way that was chosen.
        on_tool: Called before the rerun with `edit`, `raw` or `like`, and the conversation that was in view.
    """

    def acted() -> None:
        act = st.session_state[key].get("act")
        if act is not None:
            if act["kind"] == "tab":
                on_tab(str(act["value"]))
            else:
                on_tool(str(act["value"]), int(act["seq"]))

    _component(
        key=key,
        data={
            "seq": shown.seq,
            "revision": shown.revision,
            "cls": shown.class_name,
            "status": shown.status,
            "classes": [
                {
                    "name": row.name,
                    "key": row.key,
                    "colour": safe_colour(row.colour),
                    "hint": t("Tag as {name}: condition “{condition}”", name=row.name, condition=row.condition),
                }
                for row in classes
            ],
            "steps": [
                {"by": -1, "icon": "arrow_back", "hint": t("The conversation before (← or K)")},
                {"by": 1, "icon": "arrow_forward", "hint": t("The next conversation (→ or J)")},
            ],
            "statuses": [
                {
                    "kind": "keep",
                    "status": "kept",
                    "key": "A",
                    "icon": "check",
                    "label": t("Keep"),
                    "hint": t("Mark it as kept"),
                },
                {
                    "kind": "drop",
                    "status": "dropped",
                    "key": "X",
                    "icon": "block",
                    "label": t("Drop"),
                    "value": "dropped by hand",
                    "hint": t("Leave it out of snapshots; nothing is deleted, and undo brings it back"),
                },
            ],
            "tabsLabel": t("Show"),
            "tabs": list(tabs.items()),
            "tab": shown.tab,
            "tools": [
                {"act": "edit", "key": "E", "icon": "edit", "hint": t("Edit this conversation")},
                {
                    "act": "raw",
                    "key": "M",
                    "icon": "notes" if shown.raw else "code",
                    "hint": t("Set the Markdown") if shown.raw else t("Show the text as it was typed"),
                },
                {
                    "act": "like",
                    "key": "L",
                    "icon": "join_inner",
                    "hint": t("Find the ones most like this in meaning"),
                },
            ],
            "offline": t("Not connected: {n} decisions wait safely in this browser", n="{n}"),
            "offlineLost": t("Not connected: {n} decisions wait; keep this tab open", n="{n}"),
        },
        on_act_change=acted,
    )
