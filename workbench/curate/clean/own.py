"""Rules that people add: find, and replace, flag or drop. A pattern that runs away is stopped, not waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import regex  # type: ignore[import-untyped]

from crlft.conversation import Conversation
from workbench.curate.clean.rule import VERDICTS, Finding, Rule, Verdict, fix_texts
from workbench.domain.errors import PlanError

SECONDS_A_TEXT = 0.25
"""A pattern that needs longer for one text backtracks without end."""


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule that somebody added.

    Attributes:
        name: Stable name: small letters (of any script), digits and hyphens; `as_name` makes one.
        find: The words, or the pattern.
        replace: What to put in their place, for `fix`; a backslash and 1 is the first group of a pattern.
        pattern: Whether `find` is a regular expression.
        whole_words: Whether words count only as a whole.
        any_case: Whether capitals and small letters are the same.
        verdict: What follows.
        answers_only: Whether only the assistant's turns are looked at.
    """

    name: str
    find: str
    replace: str = ""
    pattern: bool = False
    whole_words: bool = False
    any_case: bool = True
    verdict: Verdict = "fix"
    answers_only: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> OwnRule:
        """Read what `to_dict` wrote.

        Raises:
            PlanError: It is no rule.
        """
        unknown = sorted(set(data) - set(cls.__dataclass_fields__))
        if unknown or "name" not in data or "find" not in data:
            raise PlanError(
                f"not a cleaning rule: {unknown[0] if unknown else 'name or find is missing'}",
                f"give {', '.join(cls.__dataclass_fields__)}",
            )
        return cls(**data)


def as_name(words: str) -> str:
    """Return a rule's name for what somebody typed: `Sign off` is `sign-off`."""
    return str(regex.sub(r"[\s_]+", "-", words.strip().casefold()))


def own_rule(own: OwnRule) -> Rule:
    """Return the rule, ready to run.

    Raises:
        PlanError: The name, the pattern or the replacement makes no sense.
    """
    compiled, replacement = _compiled(own)
    roles = ("assistant",) if own.answers_only else ("system", "user", "assistant")

    def fix(conversation: Conversation) -> Finding | None:
        try:
            return fix_texts(
                conversation,
                lambda text: str(compiled.sub(replacement, text, timeout=SECONDS_A_TEXT)),
                f"holds {own.find!r}",
                roles=roles,  # type: ignore[arg-type]
            )
        except TimeoutError as error:
            raise _runaway(own) from error

    def look(conversation: Conversation) -> Finding | None:
        for i, turn in enumerate(conversation.turns):
            try:
                found = turn.role in roles and compiled.search(turn.content, timeout=SECONDS_A_TEXT)
            except TimeoutError as error:
                raise _runaway(own) from error
            if found:
                return Finding(f"holds “{str(found[0])[:40]}”", i)
        return None

    what = f"{own.find!r} becomes {own.replace!r}." if own.verdict == "fix" else f"{own.find!r} is found."
    check = fix if own.verdict == "fix" else look
    return Rule(own.name, own.name, what, "Added by hand.", own.verdict, check, params=own.to_dict())


def _compiled(own: OwnRule) -> tuple[Any, str]:
    """Return the pattern and the replacement, checked."""
    if not regex.fullmatch(r"[\p{Ll}\p{Lo}\p{N}][\p{Ll}\p{Lo}\p{N}-]{0,40}", own.name) or not own.find:
        raise PlanError(
            f"{own.name!r} cannot be a rule's name, or it finds nothing",
            "use small letters, digits and hyphens, and say what to find",
        )
    if own.verdict not in VERDICTS:
        raise PlanError(f"there is no verdict {own.verdict!r}", f"use one of {', '.join(VERDICTS)}")
    source = own.find if own.pattern else regex.escape(own.find, literal_spaces=True)
    if own.whole_words:
        source = rf"\b(?:{source})\b"
    try:
        compiled = regex.compile(source, (regex.IGNORECASE if own.any_case else 0) | regex.MULTILINE)
        replacement = own.replace if own.pattern else own.replace.replace("\\", "\\\\")
        if own.verdict == "fix":
            regex.compile(source + "|").sub(replacement, "")  # refuses a group that does not exist
    except (regex.error, IndexError) as error:
        raise PlanError(f"rule {own.name!r}: {error}", "correct the pattern or the replacement") from error
    if compiled.fullmatch(""):
        raise PlanError(f"rule {own.name!r} matches the empty text", "make the pattern match at least a character")
    return compiled, replacement


def _runaway(own: OwnRule) -> PlanError:
    return PlanError(
        f"rule {own.name!r}: the pattern needs more than {SECONDS_A_TEXT:g} s for one text",
        "avoid a repeated group that holds another repetition, such as (a+)+",
    )
