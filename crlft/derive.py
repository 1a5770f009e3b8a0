"""The template `auto`: the layout of a model's own chat template, the condition placed in the role. Torch-free.

Chat templates are programs; what they write around each role's texts is found by rendering a few conversations of
unmistakable texts and cutting these out. Where the condition stands:

- in front of the first word of a turn's header that is no control token: the role (ChatML, Llama 3, Gemma);
- where a header has no word (Mistral's `[INST]`, `[/INST]`), in the text directly behind it, with a colon:
  `[INST] GPT4 Correct: Hi[/INST] GPT4 Correct: Hello</s>`.

System texts stay where the template puts them: in a turn of their own, or in front of a user turn's text (always
the next one's), also with a blank line where the template refuses them (Gemma). Tool results of templates that
have no place for them stand in a user turn, in `<tool_response>`. Tool definitions, calls and reasoning have this
package's form (`crlft.template`). Dates that a template writes are fixed, so that a run can be resumed tomorrow.
What cannot be cut out is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crlft.conversation import Conversation, Role, Turn
from crlft.errors import TemplateError
from crlft.layouts import AUTO, RoleLayout, Template, pieces
from crlft.template import render

Chat = Callable[[list[dict[str, Any]], bool], str]
"""(messages, add the header of the answer to come) → the text of the model's own chat template."""

FIXED_DATE = date(2024, 7, 26)
"""The date templates are told when they ask; the one that Llama 3's falls back to."""
_REMEDY = "use --set template=chatml"
_TAG = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")
_LETTER = re.compile(r"[^\W\d_]")
_THINK = "<think>\n"


class _CannotError(Exception):
    """Why a template cannot be cut, as the end of a sentence."""


@dataclass(frozen=True)
class _Talk:
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
class _System:
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


def own_template(tokenizer: Any, tokens: Sequence[str], where: str) -> Template:
    """Return the layout of a tokenizer's own chat template.

    Args:
        tokenizer: A `transformers` tokenizer.
        tokens: Strings that it reads as tokens of their own.
        where: What errors name: the model.

    Raises:
        TemplateError: It has none, or one that cannot be taken apart.
    """
    if not tokenizer.chat_template:
        raise TemplateError(f"{where}: its tokenizer has no chat template", _REMEDY)

    source = tokenizer.get_chat_template()
    if "strftime_now" in source:
        source = _fixed_dates() + source

    def chat(messages: list[dict[str, Any]], answer_next: bool) -> str:
        # `condition` is for models of this package whose card is lost; others do not read it
        text: str = tokenizer.apply_chat_template(
            messages, chat_template=source, tokenize=False, add_generation_prompt=answer_next, condition=""
        )
        return text

    return derive_template(chat, tokens, where=where, bos=tokenizer.bos_token or "")


def derive_template(chat: Chat, tokens: Sequence[str], *, where: str = "the model", bos: str = "") -> Template:
    """Return the layout of a chat template, known by what it renders.

    Args:
        chat: Renders messages.
        tokens: Strings that the tokenizer reads as tokens of their own.
        where: What errors name.
        bos: The tokenizer's start token.

    Raises:
        TemplateError: The template cannot be taken apart.
    """
    try:
        talk = _talk(chat, tokens)
        system = _system(chat, talk, tokens, bos)
        template = _assemble(talk, system, _tool(chat, talk), _trimmed(chat), tokens)
        _refuse_differences(chat, template, system)
    except _CannotError as error:
        raise TemplateError(f"{where}: its chat template {error}", _REMEDY) from error
    return template


def _fixed_dates() -> str:
    """Return a macro in the place of the engine's clock; it knows the directives that dates are written with."""
    shown = (f' | replace("%{c}", "{FIXED_DATE.strftime("%" + c)}")' for c in "aAbBdejmyYHMSp")
    return "{%- macro strftime_now(format) -%}{{- format" + "".join(shown) + " -}}{%- endmacro %}"


def _mark(letter: str) -> str:
    """Return a text that stands nowhere else and is altered by any escaping."""
    return f'Zq{letter} "é"\n<&> {letter}qZ'


def _say(*turns: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"role": role, "content": text} for role, text in turns]


def _cut(chat: Chat, messages: list[dict[str, Any]], answer_next: bool = False) -> list[str]:
    """Render messages and return what stands before, between and behind their texts."""
    try:
        rest = chat(messages, answer_next)
    except Exception as error:
        roles = ", ".join(m["role"] for m in messages)
        raise _CannotError(f"cannot render the turns {roles} ({str(error).strip()[:120]})") from error
    out = []
    for number, message in enumerate(messages, 1):
        before, found, rest = rest.partition(message["content"])
        if not found:
            raise _CannotError(f"leaves out, alters or moves the text of turn {number} ({message['role']})")
        out.append(before)
    return [*out, rest]


def _talk(chat: Chat, tokens: Sequence[str]) -> _Talk:
    a, b, c, d, e = (_mark(letter) for letter in "ABCDE")
    whole = _cut(chat, _say(("user", a), ("assistant", b), ("user", c), ("assistant", d), ("user", e)))
    asked = _cut(chat, _say(("user", a)), answer_next=True)
    alone = _cut(chat, _say(("user", a)))
    answered = _cut(chat, _say(("user", a), ("assistant", b)))
    opening, border, back = whole[:3]
    if not opening == asked[0] == alone[0] == answered[0]:
        raise _CannotError("begins in more than one way")
    if whole[1:3] != whole[3:5] or whole[5] != alone[1]:
        raise _CannotError("writes different things around the first turn and later ones")
    user_tail, answer_tail = alone[1], answered[2]
    prompt = asked[1]
    if not border.startswith(prompt):
        prompt = prompt.removesuffix(_THINK)  # reasoning models: an answer begins with it if it has reasoning
    if not border.startswith(prompt) or not prompt.startswith(user_tail):
        raise _CannotError(f"asks for an answer with {prompt!r}, but answers stand behind {border!r}")
    if not back.startswith(answer_tail) or not opening.endswith(back[len(answer_tail) :]):
        raise _CannotError(f"ends an answer with {answer_tail!r} or {back!r}, it depends on its place")
    lead = border[len(prompt) :]
    if any(control for _, control in pieces(lead, tokens)):
        prompt, lead = border, ""
    bare = prompt.rstrip(" ") if len(prompt.rstrip(" ")) >= len(user_tail) else prompt
    head, lead = bare[len(user_tail) :], prompt[len(bare) :] + lead
    return _Talk(opening, (back[len(answer_tail) :], user_tail), (head, answer_tail), lead)


def _system(chat: Chat, talk: _Talk, tokens: Sequence[str], bos: str) -> _System:
    user_head = talk.user[0]
    before_user = talk.opening.removesuffix(user_head)
    try:
        before, between, _ = _cut(chat, _say(("system", _mark("S")), ("user", _mark("A"))))
    except _CannotError:
        return _System(None, before_user, in_user=("", "\n\n"))
    if between.endswith(user_head):
        tail = between.removesuffix(user_head)
        if before.startswith(before_user):
            return _System((before[len(before_user) :], tail), before_user)
        if before_user.startswith(before) and before_user[len(before) :].endswith(tail):
            start = bos if before.startswith(bos) and bos not in before[len(bos) :] + tail + user_head else ""
            default = before_user[len(before) :].removesuffix(tail)
            return _System((before[len(start) :], tail), start, default=default)
    elif before.startswith(talk.opening):
        joint = (before[len(talk.opening) :], between)
        if not any(control for text in joint for _, control in pieces(text, tokens)):
            return _System(None, before_user, in_user=joint)
    raise _CannotError(f"puts {before!r} and {between!r} around a system text: no turn of its own, nor the user's")


def _tool(chat: Chat, talk: _Talk) -> tuple[str, str] | None:
    """Return head and tail of a tool's result, or None where the template has no place for it."""
    # A plain text: some templates write results as JSON, of which only the quotation marks show then.
    turns = _say(
        ("user", _mark("A")),
        ("assistant", _mark("B")),
        ("tool", "ZqTqZ"),
        ("assistant", _mark("D")),
        ("user", _mark("E")),
    )
    try:
        parts = _cut(chat, turns)
    except _CannotError:
        return None
    answer_head, answer_tail = talk.answer
    behind = answer_head + talk.lead
    if not parts[2].startswith(answer_tail) or not parts[3].endswith(behind):
        return None
    head, tail = parts[2][len(answer_tail) :], parts[3][: len(parts[3]) - len(behind)]
    if head.endswith('"') and tail.startswith('"'):
        head, tail = head[:-1], tail[1:]
    return head, tail


def _trimmed(chat: Chat) -> tuple[str, ...]:
    """Return the roles whose texts lose white space at both ends."""
    out = []
    for role in ("system", "user", "assistant"):
        text = f" \n{_mark(role)}\n "
        turns = [("system", text)] if role == "system" else []
        turns += [("user", text if role == "user" else _mark("A"))]
        turns += [("assistant", text if role == "assistant" else _mark("B")), ("user", _mark("C"))]
        try:
            shown = chat(_say(*turns), False)
        except Exception:  # noqa: BLE001  it has no such turn: `_system` found that out and says so
            continue
        before, _, after = shown.partition(_mark(role))
        if not before.endswith(" \n") and not after.startswith("\n "):
            out.append(role)
    return tuple(out)


def _assemble(
    talk: _Talk, system: _System, tool: tuple[str, str] | None, trimmed: tuple[str, ...], tokens: Sequence[str]
) -> Template:
    around = {"user": talk.user, "assistant": talk.answer}
    around |= {"system": system.turn or talk.user, "tool": tool or talk.user}
    texts = [*(t for pair in around.values() for t in pair), system.start, talk.lead]
    found = [part for text in texts for part, control in pieces(text, tokens) if control]
    controls = tuple(dict.fromkeys(found))
    ends = [part for part, control in pieces(talk.answer[1], controls) if control]
    if not ends:
        raise _CannotError(f"has no end-of-turn token: an answer ends with {talk.answer[1]!r}")
    roles = {role: _slotted(role, pair, talk.lead, tokens) for role, pair in around.items()}
    if tool is None:
        user = roles["user"]
        after, tail = f"{user.after}<tool_response>\n", f"\n</tool_response>{user.tail}"
        roles["tool"] = RoleLayout(user.before, after, tail, user.slot)
        texts += [after, tail]
    plain = [part for text in (*texts, *(system.in_user or ())) for part, c in pieces(text, controls) if not c]
    markers = [tag for text in plain for tag in _TAG.findall(text)]
    border = talk.user[1] + talk.answer[0]
    if not any(c for _, c in pieces(border, controls)) and not _TAG.search(border) and border.strip():
        markers.append(border.strip())  # the only thing that parts a question from its answer
    heads = [roles["assistant"].head("x"), roles["assistant"].head("")]
    return Template(
        name=AUTO,
        roles=roles,
        controls=controls,
        close=ends[0],
        lead=talk.lead,
        strip=not talk.lead and any(not h or h[-1].isspace() for h in heads),
        trimmed=trimmed,
        start=system.start,
        default_system=system.default,
        system_in_user=system.in_user,
        markers=tuple(dict.fromkeys(markers)),
    )


def _slotted(role: str, around: tuple[str, str], lead: str, tokens: Sequence[str]) -> RoleLayout:
    """Return a role's layout with the place of the condition."""
    head, tail = around
    masked = head
    for part in [part for part, control in pieces(head, tokens) if control] + _TAG.findall(head):
        masked = masked.replace(part, " " * len(part))
    word = _LETTER.search(masked)
    if word:
        return RoleLayout(head[: word.start()], head[word.start() :], tail)
    spaced = lead.startswith(" ") or head.endswith(" ")
    if role == "assistant" and lead.startswith(" "):
        return RoleLayout(head, "", tail, (" ", ":"))
    return RoleLayout(head, "", tail, ("", ": " if spaced and role != "assistant" else ":\n"))


def _refuse_differences(chat: Chat, template: Template, system: _System) -> None:
    """Refuse a layout that does not write what the template itself writes."""
    talks: list[tuple[tuple[Role, str], ...]] = [(("user", "Hi"), ("assistant", "Yes, 7."), ("user", "Why?"))]
    if system.turn or system.in_user != ("", "\n\n"):
        talks.append((("system", "Be kind."), ("user", "Hi")))
    for turns in talks:
        own = chat(_say(*turns), True)
        ours = "".join(
            s.text for s in render(Conversation(tuple(Turn(*t) for t in turns)), "", template, answer_next=True)
        )
        if ours not in (own, own.removesuffix(_THINK), own.rstrip(" ")) and not ours.startswith(own):
            raise _CannotError(f"cannot be taken apart: it writes {own!r}, its layout {ours!r}")
