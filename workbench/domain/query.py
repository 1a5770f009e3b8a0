"""The query language's syntax tree; `workbench.curate.query` parses to it, the store compiles it to SQL.

source:gpt4 class:none status:pending lang:zh turns>2 tokens<800 reward<0.5 round:1 "exact phrase" words -not
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operator = Literal[":", ">", "<", ">=", "<="]


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """A condition on a field.

    Attributes:
        field: `source`, `class`, `status`, `lang`, `turns`, `tokens`, `reward`, `round`, `id`, `reason`,
            `prompt` (a prompt hash), `heldout` (how it asks a held-out prompt), `cluster`, `dup` (a duplicate
            group), `flag` (a cleaning rule)
            or `by` (who tagged it).
        operator: `:` is equality (several values, comma-separated, mean any of them; `*` at the end of a
            value matches any rest); the others compare numbers.
        values: One value for comparisons, one or more for `:`; `none` and `any` stand for absent and present.
        negated: True for a leading minus.
    """

    field: str
    operator: Operator
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TextTerm:
    """Words that must stand in some turn.

    Attributes:
        text: One word, or several words in this order for a phrase.
        phrase: True where it was quoted.
        negated: True for a leading minus.
    """

    text: str
    phrase: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All terms must hold; no terms match everything."""

    terms: tuple[FieldTerm | TextTerm, ...] = ()
