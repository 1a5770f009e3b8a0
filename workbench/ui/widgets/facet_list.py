"""Facets with counts: a click filters by a value or lifts the filter, shift-click excludes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from workbench.ui.i18n import t

_HERE = Path(__file__)
_component = st.components.v2.component(
    "workbench_facet_list",
    html='<div class="facets"></div>',
    css=_HERE.with_suffix(".css").read_text("utf-8"),
    js=_HERE.with_suffix(".js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One line of a facet.

    Attributes:
        value: As the query language writes it.
        label: As the reader sees it.
        count: Conversations of the view that have it.
        on: The view is narrowed to it.
        off: The view excludes it.
        colour: Hexadecimal colour of the bar, or empty.
        whole: How many have it without the view's query; None shows the count alone.
    """

    value: str
    label: str
    count: int
    on: bool = False
    off: bool = False
    colour: str = ""
    whole: int | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """A field with its values, most frequent first; `more` counts those left out."""

    field: str
    title: str
    values: Sequence[FacetValue]
    more: int = 0


def facet_list(facets: Sequence[Facet], *, key: str, on_pick: Callable[[str, str, bool], None]) -> None:
    """Draw facets; `on_pick(field, value, exclude)` is called before the rerun."""

    def picked() -> None:
        pick = st.session_state[key].get("pick")
        if pick is not None:
            on_pick(str(pick["field"]), str(pick["value"]), bool(pick["exclude"]))

    _component(
        key=key,
        data={
            "hint": t("Click to narrow the view, shift-click (or −) to exclude"),
            "exclude": t("Exclude"),
            "include": t("No longer exclude"),
            "facets": [
                {
                    "field": f.field,
                    "title": f.title,
                    "more": t("{n} more values", n=f.more) if f.more else "",
                    "values": [
                        {
                            "value": v.value,
                            "label": v.label,
                            "count": v.count,
                            "on": v.on,
                            "off": v.off,
                            "colour": v.colour,
                            "whole": v.whole,
                        }
                        for v in f.values
                    ],
                }
                for f in facets
            ],
        },
        on_pick_change=picked,
    )
