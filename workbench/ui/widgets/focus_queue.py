"""The focus queue and its outbox: two components, so that a decision never sends the conversations again.

The queue holds a page of conversations in the browser, answers keys there, and asks for the next page before the
last one is through. The outbox keeps decisions in the browser's storage until the server has said that they are
done; it stands in a fragment of its own, whose rerun carries some hundred bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from workbench.domain.record import STATUSES
from workbench.services.decisions import Outcome
from workbench.services.queue import QueueItem
from workbench.ui.i18n import t, tn
from workbench.ui.theme import NEUTRAL
from workbench.ui.widgets.chat import MAX_TURN_CHARS
from workbench.ui.widgets.chips import safe_colour

_HERE = Path(__file__).parent
_queue = st.components.v2.component(
    "workbench_focus_queue",
    html='<div class="focus"></div>',
    css=(_HERE / "focus_queue.css").read_text("utf-8"),
    js=(_HERE / "focus_drawing.js").read_text("utf-8") + (_HERE / "focus_queue.js").read_text("utf-8"),
)
_outbox = st.components.v2.component(
    "workbench_focus_outbox",
    html="<span></span>",
    js=(_HERE / "courier.js").read_text("utf-8") + (_HERE / "focus_outbox.js").read_text("utf-8"),
)

MAX_TURNS = 60
Mode = Literal["tag", "judge", "settle"]
ASK_AHEAD = 20
"""With fewer conversations ahead than this, the browser asks for the next page."""


def focus_queue(
    *,
    key: str,
    epoch: str,
    page: int,
    items: Sequence[QueueItem],
    total: int,
    more: bool,
    classes: Sequence[tuple[str, str, str, str]],
    actor: str,
    side_by_side: bool,
    on_more: Callable[[int], None],
    panel: int = 0,
    mode: Mode = "tag",
) -> None:
    """Draw the queue.

    Args:
        key: Widget key.
        epoch: Names this walk through the queue; another one begins anew.
        page: Number of the page that `items` are, from 0.
        items: The page's conversations.
        total: How many matched at the beginning.
        more: Whether another page follows.
        classes: Name, key, colour and condition of each class.
        actor: Who decides.
        side_by_side: Show the answers to one prompt beside each other.
        on_more: Called before the rerun with the number of the page that is wanted.
        panel: The panel that is judged, or 0.
        mode: What a class's key does: tag, give a blind opinion, or settle what people differ on.
    """

    def asked() -> None:
        wanted = st.session_state[key].get("more")
        if wanted is not None:
            on_more(int(wanted))

    colours = {name: safe_colour(colour) for name, _, colour, _ in classes}
    _queue(
        key=key,
        data={
            "epoch": epoch,
            "page": page,
            "items": [item_data(item, colours) for item in items],
            "total": total,
            "more": more,
            "ahead": ASK_AHEAD,
            "actor": actor,
            "beside": side_by_side,
            "panel": panel,
            "mode": mode,
            "tagKind": {"tag": "tag", "judge": "opinion", "settle": "adjudicate"}[mode],
            "classes": [
                {"name": name, "key": digit, "colour": colours[name], "condition": condition}
                for name, digit, colour, condition in classes
            ],
            "labels": _labels(),
            "keys": [(k, t(what)) for k, what in KEYS if mode != "judge" or k not in NOT_WHEN_JUDGING],
        },
        on_more_change=asked,
    )


def outbox(
    *,
    key: str,
    project: str,
    number: int,
    outcomes: Sequence[Outcome],
    fresh: Mapping[int, Mapping[str, Any]],
    stale: Sequence[tuple[int, str]],
    on_decisions: Callable[[Mapping[str, Any]], None],
) -> None:
    """Draw the (invisible) outbox.

    Args:
        key: Widget key.
        project: What the browser's storage is kept under.
        number: Grows with every answer.
        outcomes: What became of the decisions that came last.
        fresh: Conversations that were refused, as they are now, by row number.
        stale: Conversations coming up in the browser that somebody else changed, and who.
        on_decisions: Called before the rerun with `decisions` and `watch`.
    """

    def sent() -> None:
        message = st.session_state[key].get("decisions")
        if message is not None:
            on_decisions(message)

    _outbox(
        key=key,
        data={
            "project": blake2b(project.encode(), digest_size=8).hexdigest(),
            "number": number,
            "outcomes": [{**asdict(o), "item": fresh.get(o.seq) if o.conflict else None} for o in outcomes],
            "stale": [list(pair) for pair in stale],
        },
        on_decisions_change=sent,
    )


def item_data(item: QueueItem, colours: Mapping[str, str]) -> dict[str, Any]:
    """Return a conversation as the browser holds it."""
    r, c, suggested = item.record, item.record.conversation, item.suggestion
    turns = [
        {
            "role": turn.role,
            "name": turn.name,
            "content": turn.content[:MAX_TURN_CHARS],
            "cut": max(0, len(turn.content) - MAX_TURN_CHARS),
            "reasoning": (turn.reasoning or "")[:MAX_TURN_CHARS],
            "calls": [(call.name, call.arguments) for call in turn.tool_calls],
            "excluded": turn.excluded,
            "reward": turn.reward,
        }
        for turn in c.turns[:MAX_TURNS]
    ]
    facts = [
        c.source,
        c.language,
        tn(r.n_tokens, "{n} token", "{n} tokens"),
        t("round {n}", n=r.round) if r.round > 1 else "",
    ]
    return {
        "seq": r.seq,
        "revision": r.revision,
        "turns": turns,
        "moreTurns": max(0, len(c.turns) - MAX_TURNS),
        "cls": None if item.blind else c.class_name,
        "opinions": [(who, name, colours.get(name, NEUTRAL)) for who, name in item.opinions.items()],
        "status": r.status,
        "comment": "" if item.blind else r.comment,
        "facts": [f for f in facts if f],
        "flags": list(r.flags),
        "reward": None if item.blind else c.coarse_reward,
        "group": r.prompt_hash,
        "prompt": c.prompt[:160],
        "suggest": suggested
        and {
            "cls": suggested.class_name,
            "percent": round(100 * suggested.confidence),
            "byModel": suggested.by_model,
            "colour": colours.get(suggested.class_name, NEUTRAL),
        },
    }


KEYS: tuple[tuple[str, str], ...] = (
    ("1 … 9", "tag with the class of that number, and go on"),
    ("Enter", "accept the suggestion"),
    ("A", "keep it and go on"),
    ("X", "drop it and go on"),
    ("S", "skip it"),
    ("← →", "walk back and on without deciding"),
    ("Shift ↑ ↓", "choose another answer of this conversation"),
    ("E", "edit the chosen answer"),
    ("O", "do not learn from the chosen answer, or do again"),
    ("R", "reward of the chosen answer; of the conversation where it has one answer"),
    ("C", "comment"),
    ("U", "undo the last decision"),
    ("?", "show or hide this list"),
)
"""The queue's keys, as its help shows them."""
NOT_WHEN_JUDGING = ("Enter", "A", "X", "E", "O", "R", "C")
"""Whoever judges blind changes nothing."""


def _labels() -> dict[str, Any]:
    return {
        "keep": t("Keep"),
        "drop": t("Drop"),
        "skip": t("Skip"),
        "edit": t("Edit"),
        "comment": t("Comment"),
        "undo": t("Undo"),
        "help": t("Keys"),
        "save": t("Save"),
        "cancel": t("Cancel"),
        "kept": t("kept"),
        "dropped": t("dropped"),
        "skipped": t("skipped"),
        "dropReason": "dropped by hand",
        "untagged": t("untagged"),
        "statuses": {status: t(status) for status in STATUSES},
        "roles": {"system": t("System"), "user": t("User"), "assistant": t("Assistant"), "tool": t("Tool")},
        "excluded": t("not learnt from"),
        "exclude": t("do not learn from this"),
        "include": t("learn from this again"),
        "reasoning": t("Reasoning"),
        "calls": t("Calls {name}", name="{name}"),
        "cut": t("{n} more characters", n="{n}"),
        "moreTurns": t("{n} more turns", n="{n}"),
        "left": t("{n} left", n="{n}"),
        "decided": t("{n} decided in this sitting", n="{n}"),
        "pace": t("{n} an hour", n="{n}"),
        "minutes": t("about {n} min to go", n="{n}"),
        "hours": t("about {n} h to go", n="{n}"),
        "gone": t("{n} left out: {who} decided them meanwhile", n="{n}", who="{who}"),
        "saved": t("All saved"),
        "saving": t("Saving {n} …", n="{n}"),
        "offline": t("Not connected: {n} decisions wait safely in this browser", n="{n}"),
        "offlineLost": t("Not connected: {n} decisions wait; keep this tab open", n="{n}"),
        "suggested": t("like {name}, {p} %", name="{name}", p="{p}"),
        "suggestedHint": t("A suggestion from similar tagged conversations; Enter accepts it"),
        "proposed": t("the model: {name}, {p} %", name="{name}", p="{p}"),
        "proposedHint": t("What the trained model takes it for; Enter accepts it"),
        "next": t("Coming next"),
        "past": t("Just decided"),
        "nothingYet": t("Nothing yet: press a number key."),
        "lastOne": t("This is the last one."),
        "loading": t("Loading more …"),
        "noQuestion": t("(no question)"),
        "reward": t("Reward"),
        "rewarded": t("reward {r}", r="{r}"),
        "rewardHint": t("A number, then why: 0.5 half right. Empty: as its class"),
        "noNumber": t("“{text}” does not begin with a number.", text="{text}"),
        "commentHint": t("A remark for others; Enter saves it"),
        "notSaved": t("Your “{name}” was not saved.", name="{name}"),
        "look": t("Look at it"),
        "allSeen": t("You have seen them all"),
        "allSeenHint": t("Choose another queue above, or start this one again."),
        "empty": t("The queue is empty"),
    }
