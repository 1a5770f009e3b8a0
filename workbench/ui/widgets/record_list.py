"""A page of conversations as one clickable, keyboard-driven list.

A component of our own, because twenty native containers take 0.6-1.2 s to paint and a data frame's row takes
230 ms to open; this is one element, and its highlight moves in the browser before Python answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from workbench.domain.record import RecordSummary
from workbench.ui.i18n import t, tn
from workbench.ui.theme import NEUTRAL
from workbench.ui.widgets.chips import safe_colour

_HERE = Path(__file__)
_component = st.components.v2.component(
    "workbench_record_list",
    html='<div class="list" role="listbox" tabindex="0"></div>',
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
)


def record_list(
    rows: Sequence[RecordSummary],
    *,
    key: str,
    colours: Mapping[str, str],
    selected: int | None,
    on_open: Callable[[int], None],
    on_turn: Callable[[int], None] | None = None,
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
        keys: Listen to j, k and the arrows (one list on a page only).
        address: Keep the open conversation's id in the page's address.
        height: Pixels before it scrolls; None fits it to the window.
        empty: What stands in a list without rows.
        ahead: What the reader shows of the next rows, escaped HTML of `reader.read_html` by `seq`: the browser
            paints it at the key, before Python answers with the same.
    """
    ack = f"{key}-ack"  # the number of the browser's last step that was answered

    def opened() -> None:
        step = st.session_state[key].get("open")
        if step is not None:
            st.session_state[ack] = int(step["number"])
            on_open(int(step["seq"]))

    def turned() -> None:
        by = st.session_state[key].get("turn")
        if by is not None and on_turn is not None:
            on_turn(int(by))

    _component(
        key=key,
        data={
            "rows": [_row(r, colours) for r in rows],
            "selected": selected,
            "ack": st.session_state.get(ack, 0),
            "keys": keys,
            "address": address,
            "height": height,
            "ahead": {str(seq): html for seq, html in (ahead or {}).items()},
            "empty": empty or t("Nothing matches."),
            "step": on_turn is not None,
        },
        on_open_change=opened,
        on_turn_change=turned,
    )


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
        "tagged": r.class_name is not None,
        "colour": safe_colour(colours.get(r.class_name or "", NEUTRAL)),
        "status": "" if r.status == "pending" else t(r.status),
        "state": r.status,
        "facts": " · ".join(f for f in facts if f),
    }
