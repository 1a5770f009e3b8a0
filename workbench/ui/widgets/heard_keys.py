"""Keys that are never lost: what is pressed while a script runs waits in the browser and is carried out in order.

    hear("dup-heard", {"arrowright": on, "l": leave, "d": review}, closing=("d",))

Streamlit's `shortcut=` clicks a button, and two clicks that come while a script runs are joined into one: an arrow
that is held skips presses. Here every press has a number and is sent again until it is acknowledged, as decisions
are (`focus_queue.outbox`); all that waits is sent as one batch. A button keeps its `shortcut=` for what its label
shows, and for whoever clicks it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from crlft.errors import CrlftError
from workbench.ui import state
from workbench.ui.widgets.errors import in_words

_HERE = Path(__file__)
_component = st.components.v2.component(
    "workbench_heard_keys",
    html="<span></span>",
    js=_HERE.with_name("courier.js").read_text("utf-8") + _HERE.with_suffix(".js").read_text("utf-8"),
)


@dataclass(slots=True)
class _Heard:
    """How far the presses of one listener have been carried out; not session state, see `_carry_out`."""

    done: int = 0


def hear(key: str, acts: Mapping[str, Callable[[], object]], *, closing: Collection[str] = ()) -> None:
    """Listen; nothing is drawn. Keys with Ctrl, Alt, Shift or Meta, and what is typed into a field, are not taken.

    Args:
        key: Widget key, one for each place, for presses are numbered; ends in `-heard`, so that it takes no room.
        acts: A key as browsers name it, in lower case (`arrowright`, `l`, `1`), and what it means. Several are
            carried out in one run, before anything is drawn: an act goes by what the acts before it have led to,
            and by plain objects, not by session state (reading that may end the run between two acts).
        closing: Keys after which nothing is taken until they were answered, because they open something.
    """
    heard: _Heard = st.session_state.setdefault(f"{key}-keys", _Heard())

    def pressed() -> None:
        message = st.session_state[key].get("pressed")
        if message is not None:
            _carry_out(heard, [(int(number), str(name)) for number, name in message["presses"]], acts)

    _component(
        key=key,
        data={"name": key, "done": heard.done, "keys": list(acts), "closing": list(closing)},
        on_pressed_change=pressed,
    )


def _carry_out(heard: _Heard, presses: list[tuple[int, str]], acts: Mapping[str, Callable[[], object]]) -> None:
    """Do what was pressed, each press once however often it is sent; a refusal is said, and the next follows."""
    for number, name in presses:
        if number <= heard.done:
            continue
        heard.done = number
        if name not in acts:
            continue
        try:
            acts[name]()
        except CrlftError as error:
            state.say(in_words(error), icon=":material/error:")
