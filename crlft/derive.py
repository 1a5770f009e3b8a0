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
from collections.abc import Sequence
from datetime import date
from typing import Any

from crlft.chat_probe import (
    CannotError,
    Chat,
    System,
    Talk,
    end_of,
    say,
    system_of,
    talk_of,
    tool_of,
    trimmed_roles,
    without_thinking,
)
from crlft.conversation import Conversation, Role, Turn
from crlft.errors import TemplateError
from crlft.layouts import AUTO, RoleLayout, Template, pieces
from crlft.template import render

FIXED_DATE = date(2024, 7, 26)
"""The date templates are told when they ask; the one that Llama 3's falls back to."""
_REMEDY = "use --set template=chatml"
_TAG = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")
_LETTER = re.compile(r"[^\W\d_]")


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
        talk = talk_of(chat, tokens)
        system = system_of(chat, talk, tokens, bos)
        template = _assemble(talk, system, tool_of(chat, talk), trimmed_roles(chat), tokens)
        _refuse_differences(chat, template, system)
    except CannotError as error:
        raise TemplateError(f"{where}: its chat template {error}", _REMEDY) from error
    return template


def _fixed_dates() -> str:
    """Return a macro in the place of the engine's clock; it knows the directives that dates are written with."""
    shown = (f' | replace("%{c}", "{FIXED_DATE.strftime("%" + c)}")' for c in "aAbBdejmyYHMSp")
    return "{%- macro strftime_now(format) -%}{{- format" + "".join(shown) + " -}}{%- endmacro %}"


def _assemble(
    talk: Talk, system: System, tool: tuple[str, str] | None, trimmed: tuple[str, ...], tokens: Sequence[str]
) -> Template:
    around = {"user": talk.user, "assistant": talk.answer}
    around |= {"system": system.turn or talk.user, "tool": tool or talk.user}
    roles = {role: _slotted(role, pair, talk.lead, tokens) for role, pair in around.items()}
    if tool is None:
        user = roles["user"]
        after, tail = f"{user.after}<tool_response>\n", f"\n</tool_response>{user.tail}"
        roles["tool"] = RoleLayout(user.before, after, tail, user.slot)
    texts = [system.start, talk.lead, *(text for r in roles.values() for text in (r.before, r.after, r.tail))]
    controls = tuple(dict.fromkeys(part for text in texts for part, c in pieces(text, tokens) if c))
    ends = [part for part, control in pieces(talk.answer[1], controls) if control]
    if not ends:
        raise CannotError(f"has no end-of-turn token: an answer ends with {talk.answer[1]!r}")
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


def _refuse_differences(chat: Chat, template: Template, system: System) -> None:
    """Refuse a layout that does not write what the template itself writes."""
    talks: list[tuple[tuple[Role, str], ...]] = [(("user", "Hi"), ("assistant", "Yes, 7."), ("user", "Why?"))]
    if system.turn or system.in_user != ("", "\n\n"):
        talks.append((("system", "Be kind."), ("user", "Hi")))
    for turns in talks:
        own = chat(say(*turns), True)
        ours = "".join(
            s.text for s in render(Conversation(tuple(Turn(*t) for t in turns)), "", template, answer_next=True)
        )
        if not ours.startswith((own, own.rstrip(" "), without_thinking(own))):
            raise CannotError(f"cannot be taken apart: it writes {end_of(own)}, its layout {end_of(ours)}")
