"""What a chat template writes around people's texts, found by rendering unmistakable ones. Torch-free.

`talk_of`, `system_of`, `tool_of` and `trimmed_roles` each render a conversation or two, cut its texts out of the
result and compare what is left; `crlft.derive` makes a layout of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from crlft.layouts import pieces

Chat = Callable[[list[dict[str, Any]], bool], str]
"""(messages, add the header of the answer to come) → the text of the model's own chat template."""

THINKING = ("<think>\n", "<think>\n\n</think>\n\n")
"""What some templates put behind the header of the answer to come, but not in front of answers given: it is left
out, since an answer that has reasoning begins with it anyway."""


class CannotError(Exception):
    """Why a template cannot be cut, as the end of a sentence."""


@dataclass(frozen=True)
class Talk:
    """What a template writes around user and assistant texts.

    Attributes:
        opening: From the conversation's beginning to the first user text.
        user: Head and tail of a user turn.
        answer: Head and tail of an assistant turn.
        lead: Text between the header that the model is given and the answer.
    """

    opening: str
    user: tuple[str, str]
    answer: tuple[str, str]
    lead: str


@dataclass(frozen=True)
class System:
    """What it does with system texts; see `Template` for the last three.

    Attributes:
        turn: Head and tail of a system turn, or None where there is no such turn.
        start: What every conversation begins with.
        default: See `Template.default_system`.
        in_user: See `Template.system_in_user`.
    """

    turn: tuple[str, str] | None
    start: str
    default: str | None = None
    in_user: tuple[str, str] | None = None


def _mark(letter: str) -> str:
    """Return a text that stands nowhere else and is altered by any escaping."""
    return f'Zq{letter} "é"\n<&> {letter}qZ'


def say(*turns: tuple[str, str]) -> list[dict[str, Any]]:
    """Return (role, text) pairs as messages."""
    return [{"role": role, "content": text} for role, text in turns]


def _cut(chat: Chat, messages: list[dict[str, Any]], answer_next: bool = False) -> list[str]:
    """Render messages and return what stands before, between and behind their texts."""
    try:
        rest = chat(messages, answer_next)
    except Exception as error:  # a model's template is foreign code and may raise anything: it becomes a refusal
        roles = ", ".join(m["role"] for m in messages)
        raise CannotError(f"cannot render the turns {roles} ({str(error).strip()[:120]})") from error
    out = []
    for number, message in enumerate(messages, 1):
        before, found, rest = rest.partition(message["content"])
        if not found:
            raise CannotError(f"leaves out, alters or moves the text of turn {number} ({message['role']})")
        out.append(before)
    out.append(rest)
    if any(message["content"] in part for message in messages for part in out):
        raise CannotError("writes a turn's text more than once")
    return out


def talk_of(chat: Chat, tokens: Sequence[str]) -> Talk:
    """Return what stands around user and assistant texts.

    Args:
        chat: Renders messages.
        tokens: Strings that the tokenizer reads as tokens of their own.

    Raises:
        CannotError: It is not the same at every place, or a text is altered.
    """
    a, b, c, d, e = (_mark(letter) for letter in "ABCDE")
    whole = _cut(chat, say(("user", a), ("assistant", b), ("user", c), ("assistant", d), ("user", e)))
    asked = _cut(chat, say(("user", a)), answer_next=True)
    alone = _cut(chat, say(("user", a)))
    answered = _cut(chat, say(("user", a), ("assistant", b)))
    opening, border, back = whole[:3]
    if not opening == asked[0] == alone[0] == answered[0]:
        raise CannotError("begins in more than one way")
    if whole[1:3] != whole[3:5] or whole[5] != alone[1]:
        raise CannotError("writes different things around the first turn and later ones")
    prompt = asked[1] if border.startswith(asked[1]) else without_thinking(asked[1])
    user_tail, answer_tail = _shared(alone[1], prompt, tokens), _shared(answered[2], back, tokens)
    if not border.startswith(prompt):
        raise CannotError(f"asks for an answer with {end_of(prompt)}, but answers stand behind {end_of(border)}")
    if not opening.endswith(back[len(answer_tail) :]) or (answered[2] and not answer_tail):
        raise CannotError(f"ends an answer with {end_of(answered[2])} or {end_of(back)}, it depends on its place")
    lead = border[len(prompt) :]
    if any(control for _, control in pieces(lead, tokens)):
        prompt, lead = border, ""
    bare = prompt.rstrip(" ") if len(prompt.rstrip(" ")) >= len(user_tail) else prompt
    head, lead = bare[len(user_tail) :], prompt[len(bare) :] + lead
    return Talk(opening, (back[len(answer_tail) :], user_tail), (head, answer_tail), lead)


def _shared(alone: str, followed: str, tokens: Sequence[str]) -> str:
    """Return what ends a turn whether or not another follows: some templates close the last one once more."""
    if followed.startswith(alone):
        return alone
    pairs = zip(pieces(alone, tokens), pieces(followed, tokens), strict=False)
    return "".join(a[0] for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def without_thinking(text: str) -> str:
    """Return the header of an answer to come without what begins its reasoning."""
    return next((text.removesuffix(t) for t in THINKING if text.endswith(t)), text)


def end_of(text: str) -> str:
    """Return the end of a text for an error."""
    return repr(text if len(text) <= 60 else "…" + text[-60:])


def system_of(chat: Chat, talk: Talk, tokens: Sequence[str], bos: str) -> System:
    """Return what becomes of system texts.

    Raises:
        CannotError: They stand neither in a turn of their own nor in the user's.
    """
    user_head = talk.user[0]
    before_user = talk.opening.removesuffix(user_head)
    try:
        before, between, _ = _cut(chat, say(("system", _mark("S")), ("user", _mark("A"))))
    except CannotError:
        return System(None, before_user, in_user=("", "\n\n"))
    if between.endswith(user_head):
        tail = between.removesuffix(user_head)
        if before.startswith(before_user):
            return System((before[len(before_user) :], tail), before_user)
        if before_user.startswith(before) and before_user[len(before) :].endswith(tail):
            start = bos if before.startswith(bos) and bos not in before[len(bos) :] + tail + user_head else ""
            default = before_user[len(before) :].removesuffix(tail)
            return System((before[len(start) :], tail), start, default=default)
    elif before.startswith(talk.opening):
        joint = (before[len(talk.opening) :], between)
        if not any(control for text in joint for _, control in pieces(text, tokens)):
            return System(None, before_user, in_user=joint)
    raise CannotError(f"puts {end_of(before)} and {end_of(between)} around a system text: no turn of its own")


def tool_of(chat: Chat, talk: Talk) -> tuple[str, str] | None:
    """Return head and tail of a tool's result, or None where the template has no place for it."""
    # A plain text: some templates write results as JSON, of which only the quotation marks show then.
    turns = say(
        ("user", _mark("A")),
        ("assistant", _mark("B")),
        ("tool", "ZqTqZ"),
        ("assistant", _mark("D")),
        ("user", _mark("E")),
    )
    try:
        parts = _cut(chat, turns)
    except CannotError:
        return None
    answer_head, answer_tail = talk.answer
    behind = answer_head + talk.lead
    if not parts[2].startswith(answer_tail) or not parts[3].endswith(behind):
        return None
    head, tail = parts[2][len(answer_tail) :], parts[3][: len(parts[3]) - len(behind)]
    if head.endswith('"') and tail.startswith('"'):
        head, tail = head[:-1], tail[1:]
    return head, tail


def trimmed_roles(chat: Chat) -> tuple[str, ...]:
    """Return the roles whose texts lose white space at both ends."""
    out = []
    for role in ("system", "user", "assistant"):
        text = f" \n{_mark(role)}\n "
        turns = [("system", text)] if role == "system" else []
        turns += [("user", text if role == "user" else _mark("A"))]
        turns += [("assistant", text if role == "assistant" else _mark("B")), ("user", _mark("C"))]
        try:
            shown = chat(say(*turns), False)
        except Exception:  # noqa: BLE001  it has no such turn: `_system` found that out and says so
            continue
        before, _, after = shown.partition(_mark(role))
        if not before.endswith(" \n") and not after.startswith("\n "):
            out.append(role)
    return tuple(out)
