"""Conversations side by side with their differences marked; every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from crlft.conversation import Conversation
from workbench.domain.record import Record
from workbench.ui.i18n import t
from workbench.ui.widgets.chat import text_html
from workbench.ui.widgets.chips import chip, class_chip, status_chip

DiffOps = Sequence[tuple[str, str]]
"""(op, text) in order; op is `equal`, `insert` or `delete`."""

NAMED = 2
"""Up to so many different invisible characters are named; more are boxes (mojibake is full of them)."""


def visible_ops(ops: DiffOps) -> list[tuple[str, str]]:
    """Return the diff with characters that cannot be seen named where they change (`⟨U+200B⟩`)."""
    return [(op, text if op == "equal" else _visible(text)) for op, text in ops]


def _visible(text: str) -> str:
    unseen = {c for c in text if not c.isprintable() and c not in "\n\t"}
    if len(unseen) > NAMED:
        return "".join("▯" if c in unseen else c for c in text)
    return "".join(f"⟨U+{ord(c):04X}⟩" if c in unseen else c for c in text)


def record_chips(record: Record, colours: Mapping[str, str], extra: Iterable[str] = ()) -> str:
    """Return a record's class, status, source, language, round and length as chips.

    Args:
        record: The conversation.
        colours: Class name to colour.
        extra: Further chips, as HTML, behind the class.
    """
    conversation = record.conversation
    chips = [class_chip(conversation.class_name, colours), *extra]
    chips += [status_chip(record.status, record.drop_reason), chip(conversation.source or t("no source"))]
    if conversation.language:
        chips.append(chip(conversation.language))
    chips += [chip(t("round {n}", n=record.round)), chip(t("{n} tokens", n=record.n_tokens))]
    return f'<div class="wb-chips">{"".join(chips)}</div>'


def turns_html(conversation: Conversation, bodies: Mapping[int, str] | None = None) -> str:
    """Return the turns with their roles.

    Args:
        conversation: What to show.
        bodies: Turn index to ready HTML that replaces the escaped text (a diff).
    """
    roles = {"user": t("User"), "assistant": t("Assistant"), "system": t("System"), "tool": t("Tool")}
    parts = []
    for i, turn in enumerate(conversation.turns):
        body = (bodies or {}).get(i) or f'<div class="wb-text" dir="auto">{text_html(turn.content)}</div>'
        parts.append(
            f'<div class="wb-turn wb-{turn.role} wl-turn"><div class="wb-role">{escape(roles[turn.role])}</div>'
            f"{body}</div>"
        )
    return f'<div class="wb-chat">{"".join(parts)}</div>'


def pane_html(
    record: Record,
    colours: Mapping[str, str],
    *,
    title: str,
    kept: bool = False,
    bodies: Mapping[int, str] | None = None,
    extra: Iterable[str] = (),
) -> str:
    """Return one conversation in a frame.

    Args:
        record: The conversation.
        colours: Class name to colour.
        title: What stands on top, such as why this one is kept.
        kept: True for a green frame.
        bodies: As in `turns_html`.
        extra: As in `record_chips`.
    """
    return (
        f'<div class="wl-pane{" wl-kept" if kept else ""}"><div class="wl-title">{escape(title)}</div>'
        f"{record_chips(record, colours, extra)}{turns_html(record.conversation, bodies)}</div>"
    )
