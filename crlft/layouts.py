"""What stands around a turn's text: chat templates as data. Torch-free.

A layout is text with a gap for the condition and a list of the strings in it that are control tokens. The
built-in ones are `TEMPLATES`; `crlft.derive` makes one from a model's own chat template. One renderer
(`crlft.template`) and one Jinja writer (`crlft.chat_template`) read them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

from crlft.conversation import ROLES
from crlft.errors import TemplateError

Placement = Literal["both", "assistant"]
_LOOKS_LIKE_CONTROL = re.compile(r"<.+>|\[.+\]", re.DOTALL)
AUTO = "auto"
"""The template's name that stands for the model's own chat template."""


@dataclass(frozen=True, slots=True)
class RoleLayout:
    """What stands around the text of a role's turns.

    A turn is `before`, the condition between the two texts of `slot` (nothing of these where it is not shown),
    `after`, the turn's text, `tail`.

    Attributes:
        before: Text up to the condition.
        after: Text from the condition to the turn's text: the role's word.
        tail: Text behind the turn's text; an answer's ends with `Template.close` and a gap.
        slot: What stands in front of the condition and behind it.
    """

    before: str
    after: str
    tail: str
    slot: tuple[str, str] = ("", " ")

    def head(self, condition: str) -> str:
        """Return everything in front of the turn's text; an empty condition is not shown."""
        return self.before + (condition.join(self.slot) if condition else "") + self.after


@dataclass(frozen=True, slots=True)
class Template:
    """How turns become text.

    Attributes:
        name: What `--template` takes.
        roles: What stands around the text of each role.
        controls: The strings in these texts that are control tokens, encoded by id.
        close: The control token that ends an answer; the model writes it too.
        lead: Text that begins every answer and is supervised with it.
        strip: Whether white space in front of an answer is dropped. Where the header ends in white space a
            tokenizer may merge the two, and the served ids would not be the trained ones.
        trimmed: Roles whose text loses the white space on both sides.
        start: What a conversation begins with; None is the tokenizer's start token, if it has one.
        default_system: The system text of a conversation that has none; None adds no system turn.
        system_in_user: Text in front of and behind a system text, where system turns have no layout of their
            own and stand in front of the next user turn's text; None for a turn of its own.
        markers: Strings of the layout that look like control tokens but are ordinary text to the tokenizer;
            they are broken in people's text like control tokens.
    """

    name: str
    roles: Mapping[str, RoleLayout]
    controls: tuple[str, ...]
    close: str
    lead: str = ""
    strip: bool = False
    trimmed: tuple[str, ...] = ()
    start: str | None = None
    default_system: str | None = None
    system_in_user: tuple[str, str] | None = None
    markers: tuple[str, ...] = ()

    def header(self, role: str, condition: str, placement: str = "both") -> str:
        """Return everything in front of a turn's text, for a role under a condition."""
        return self.roles[role].head(condition if placement == "both" or role == "assistant" else "")

    def trim(self, role: str, text: str) -> str:
        """Return a turn's text without the white space the layout drops."""
        if role in self.trimmed:
            return text.strip()
        return text.lstrip() if role == "assistant" and self.strip else text

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Template:
        """Read what `to_dict` wrote.

        Raises:
            TemplateError: It is no layout.
        """
        try:
            joint = data["system_in_user"]
            return cls(
                name=str(data["name"]),
                roles={
                    role: RoleLayout(str(r["before"]), str(r["after"]), str(r["tail"]), _pair(r["slot"]))
                    for role, r in ((role, data["roles"][role]) for role in ROLES)
                },
                controls=tuple(map(str, data["controls"])),
                close=str(data["close"]),
                lead=str(data["lead"]),
                strip=bool(data["strip"]),
                trimmed=tuple(map(str, data["trimmed"])),
                start=data["start"],
                default_system=data["default_system"],
                system_in_user=_pair(joint) if joint is not None else None,
                markers=tuple(map(str, data["markers"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TemplateError(f"the saved layout cannot be read ({error!r})", "train the model again") from error


def pieces(text: str, controls: Sequence[str]) -> list[tuple[str, bool]]:
    """Return a layout's text cut into (text, is it a control token), longest control token first."""
    if not controls or not text:
        return [(text, False)] if text else []
    wanted = frozenset(controls)
    return [(part, part in wanted) for part in _splitter(tuple(controls)).split(text) if part]


def is_reserved(content: str, special: bool) -> bool:
    """Whether an added token means something of its own: a special one, or one that looks like a tag.

    Added tokens that are ordinary text (runs of spaces in some vocabularies) mean the same in text as anywhere.
    """
    return len(content) > 1 and (special or _LOOKS_LIKE_CONTROL.fullmatch(content) is not None)


def get_template(name: str) -> Template:
    """Return a built-in template by name.

    Raises:
        TemplateError: There is none of that name, or it is `auto`, which only a model's own tokenizer can tell.
    """
    if name == AUTO:
        raise TemplateError(
            "the template 'auto' is the model's own and is known only with its tokenizer",
            f"load the model, or name one of {', '.join(TEMPLATES)}",
        )
    try:
        return TEMPLATES[name]
    except KeyError:
        raise TemplateError(f"unknown template {name!r}", f"use one of {', '.join((*TEMPLATES, AUTO))}") from None


def _pair(value: Sequence[Any]) -> tuple[str, str]:
    first, second = value
    return str(first), str(second)


@lru_cache(maxsize=64)
def _splitter(controls: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("(" + "|".join(re.escape(c) for c in sorted(controls, key=len, reverse=True)) + ")")


def _openchat() -> Template:
    words = {"system": "System: ", "user": "User: ", "assistant": "Assistant:", "tool": "Tool: "}
    return Template(
        name="openchat",
        roles={role: RoleLayout("", word, "<|end_of_turn|>") for role, word in words.items()},
        controls=("<|end_of_turn|>",),
        close="<|end_of_turn|>",
        lead=" ",
    )


def _chatml() -> Template:
    return Template(
        name="chatml",
        roles={role: RoleLayout("<|im_start|>", f"{role}\n", "<|im_end|>\n") for role in ROLES},
        controls=("<|im_start|>", "<|im_end|>"),
        close="<|im_end|>",
        strip=True,
    )


def _llama3() -> Template:
    words = {"system": "system", "user": "user", "assistant": "assistant", "tool": "ipython"}
    return Template(
        name="llama3",
        roles={
            role: RoleLayout("<|start_header_id|>", f"{word}<|end_header_id|>\n\n", "<|eot_id|>")
            for role, word in words.items()
        },
        controls=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        close="<|eot_id|>",
        strip=True,
    )


TEMPLATES: dict[str, Template] = {t.name: t for t in (_openchat(), _chatml(), _llama3())}
