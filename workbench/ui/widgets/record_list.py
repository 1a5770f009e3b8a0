"""A page of conversations as one clickable, keyboard-driven list.

A component of our own, because twenty native containers take 0.6-1.2 s to paint and a data frame's row takes
230 ms to open; this is one element, and its highlight moves in the browser before Python answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from workbench.domain.record import STATUSES, RecordSummary
from workbench.ui.i18n import t, tn
from workbench.ui.theme import NEUTRAL
from workbench.ui.widgets.chips import safe_colour

_HERE = Path(__file__)
_component = st.components.v2.component(
    "workbench_record_list",
    html='<div class="list" role="listbox" tabindex="0"></div><div class="pager" hidden></div>',
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a page of the list stands: its first row's number, the rows of all pages, and which ways it goes."""

    first: int
    total: int
    back: bool
    on: bool


def acknowledge(key: str, number: int) -> bool:
    """Note that a step of the list was taken; return False where it was taken before, or a later one was."""
    late = number <= st.session_state.get(_ack(key), 0)
    if not late:
        st.session_state[_ack(key)] = number
    return not late


def _ack(key: str) -> str:
    return f"{key}-ack"  # the number of the browser's last step that was answered


def record_list(
    rows: Sequence[RecordSummary],
    *,
    key: str,
    colours: Mapping[str, str],
    selected: int | None,
    on_open: Callable[[int], None],
    on_turn: Callable[[int], None] | None = None,
    on_page: Callable[[int], None] | None = None,
    pager: Pager | None = None,
    keys: bool = True,
    address: bool = False,
    height: int | None = 640,
    empty: str = "",
    ahead: Mapping[int, str] | None = None,
) -> None:
    """Draw the rows.

    Args:
        rows: One page of conversations.
        key: Widget key.
        colours: Class to hexadecimal colour.
        selected: The `seq` that is open in the reader.
        on_open: Called before the rerun with the `seq` that was clicked or walked to.
        on_turn: Called with +1 or -1 when the keys walk past the page's end; None stops there.
        on_page: Called with +1 or -1 when a page is turned by its buttons.
        pager: What stands under the list; None draws nothing there.
        keys: Listen to j, k and the arrows (one list on a page only).
        address: Keep the open conversation's id in the page's address.
        height: Pixels before it scrolls; None fits it to the window.
        empty: What stands in a list without rows.
        ahead: What the reader shows of the next rows, escaped HTML of `reader.read_html` by `seq`: the browser
            paints it at the key, before Python answers with the same.
    """

    def opened() -> None:
        step = st.session_state[key].get("open")
        if step is not None:
            if acknowledge(key, int(step["number"])):
                on_open(int(step["seq"]))

    def paged() -> None:
        by = st.session_state[key].get("page")
        if by is not None and on_page is not None:
            on_page(int(by))

    def turned() -> None:
        step = st.session_state[key].get("turn")
        if step is not None and on_turn is not None and rows and step["from"] == rows[0].seq:
            if acknowledge(key, int(step["number"])):
                on_turn(int(step["turn"]))

    _component(
        key=key,
        data={
            "rows": [_row(r, colours) for r in rows],
            "selected": selected,
            "ack": st.session_state.get(_ack(key), 0),
            "colours": {name: safe_colour(colour) for name, colour in colours.items()},
            "statuses": {status: t(status) for status in STATUSES},
            "pager": _pager(pager, len(rows)),
            "keys": keys,
            "address": address,
            "height": height,
            "ahead": {str(seq): html for seq, html in (ahead or {}).items()},
            "empty": empty or t("Nothing matches."),
            "step": on_turn is not None,
        },
        on_open_change=opened,
        on_turn_change=turned,
        on_page_change=paged,
    )


def _pager(pager: Pager | None, shown: int) -> dict[str, object] | None:
    if pager is None or not (pager.back or pager.on):
        return None
    ways = ((-1, t("Previous page"), pager.back), (1, t("Next page"), pager.on))
    return {
        "ways": [{"by": by, "label": label, "on": on} for by, label, on in ways],
        "text": t("{a}–{b} of {n}", a=pager.first, b=pager.first + shown - 1, n=pager.total),
    }


def _row(r: RecordSummary, colours: Mapping[str, str]) -> dict[str, object]:
    facts = [
        r.source,
        r.language,
        tn(r.n_turns, "{n} turn", "{n} turns"),
        tn(r.n_tokens, "{n} token", "{n} tokens"),
        t("reward {r}", r=f"{r.coarse_reward:g}") if r.coarse_reward is not None else "",
        t("round {n}", n=r.round) if r.round > 1 else "",
    ]
    return {
        "seq": r.seq,
        "uid": r.uid,
        "prompt": r.prompt or t("(no question)"),
        "answer": r.answer or t("(no answer)"),
        "label": r.class_name or t("untagged"),
        "cls": r.class_name,
        "colour": safe_colour(colours.get(r.class_name or "", NEUTRAL)),
        "status": "" if r.status == "pending" else t(r.status),
        "state": r.status,
        "facts": " · ".join(f for f in facts if f),
    }
