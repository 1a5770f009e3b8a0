"""The fields of the query language: what the parser accepts and what the store compiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldKind = Literal["text", "integer", "number"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a query can ask about.

    Attributes:
        kind: `integer` and `number` fields take comparisons.
        meaning: What it is, for help texts.
        example: A term with it.
        choices: The only values it knows besides `none` and `any`; empty for free values.
        ranges: Whether `field:from..to` (both included, either may be left out) is understood.
    """

    kind: FieldKind
    meaning: str
    example: str
    choices: tuple[str, ...] = ()
    ranges: bool = False


FIELDS: dict[str, Field] = {
    "class": Field("text", "quality class; none is untagged", "class:none"),
    "status": Field("text", "pending, kept or dropped", "status:pending", ("pending", "kept", "dropped")),
    "source": Field("text", "who answered", "source:gpt4,claude*"),
    "lang": Field("text", "language", "lang:zh"),
    "round": Field("integer", "round of the loop in which it arrived", "round:1"),
    "turns": Field("integer", "number of turns", "turns>2", ranges=True),
    "tokens": Field("integer", "number of tokens", "tokens<800", ranges=True),
    "reward": Field("number", "reward in force: its own or its class's", "reward<0.5", ranges=True),
    "id": Field("text", "id, or its beginning with a star", "id:3fa9*"),
    "reason": Field("text", "why it was dropped", "reason:duplicate*"),
    "by": Field("text", "who tagged it", "by:import"),
    "flag": Field("text", "mark of a cleaning rule", "flag:refusal"),
    "prompt": Field("text", "hash of the prompt: answers to the same question", "prompt:any"),
    "dup": Field("integer", "group of the latest search for duplicates", "dup:any"),
    "heldout": Field("text", "asks a held-out prompt", "heldout:copy,near", ("copy", "near", "reworded")),
    "cluster": Field("integer", "cluster of the map", "cluster:3"),
    "like": Field("text", "the 500 nearest in meaning to a conversation's id or to a text", 'like:"a sad poem"'),
}
"""By name, in the order in which help lists them."""
