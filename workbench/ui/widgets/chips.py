"""Small coloured labels and HTML pieces; every text that comes from data is escaped here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from workbench.ui.i18n import t
from workbench.ui.theme import NEUTRAL, STATUS_COLOURS

_CODE = re.compile("`([^`]+)`")
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}")


def safe_colour(colour: str | None) -> str:
    """Return the colour if it is a plain hexadecimal one, else the neutral grey."""
    return colour if colour and _COLOUR.fullmatch(colour) else NEUTRAL


def chip(text: str, colour: str | None = None, *, solid: bool = False, hint: str = "") -> str:
    """Return a chip's HTML; `text` and `hint` are escaped.

    Args:
        text: What stands in the chip.
        colour: Hexadecimal colour; None draws a neutral outline.
        solid: Fill it (classes); otherwise a tinted outline (everything else).
        hint: Shown when the mouse rests on it.
    """
    kind = "wb-chip wb-solid" if solid else "wb-chip"
    return (
        f'<span class="{kind}" style="--c:{safe_colour(colour)}" title="{escape(hint)}" dir="auto">'
        f"{escape(text)}</span>"
    )


def class_chip(name: str | None, colours: Mapping[str, str]) -> str:
    """Return the chip of a class in its colour, or of `untagged`."""
    if name is None:
        return chip(t("untagged"))
    return chip(name, colours.get(name), solid=True)


def status_chip(status: str, reason: str = "") -> str:
    """Return the chip of a curation status; a drop's reason is its hint."""
    return chip(t(status), STATUS_COLOURS.get(status), hint=reason)


def chips(parts: Sequence[str]) -> None:
    """Draw chips (HTML made by the functions above) in one line."""
    if parts:
        st.html(f'<div class="wb-chips">{"".join(parts)}</div>')


def table(
    head: Sequence[str], rows: Sequence[Sequence[object]], *, numeric: Sequence[int] = (), code: bool = False
) -> None:
    """Draw a small table as one HTML block; every cell is escaped.

    Args:
        head: Column heads.
        rows: Cells; integers are grouped by thousands.
        numeric: Indices of columns that are set flush right.
        code: Whether what stands between backticks is set as code.
    """
    st.html(table_html(head, rows, numeric=numeric, code=code))


def table_html(
    head: Sequence[str], rows: Sequence[Sequence[object]], *, numeric: Sequence[int] = (), code: bool = False
) -> str:
    """Return the HTML that `table` draws."""
    right = set(numeric)

    def cell(tag: str, i: int, value: object) -> str:
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
        text = coded(escape(shown)) if code else escape(shown)
        return f'<{tag}{" class=wb-num" if i in right else ""} dir="auto">{text}</{tag}>'

    top = "".join(cell("th", i, h) for i, h in enumerate(head))
    body = "".join("<tr>" + "".join(cell("td", i, c) for i, c in enumerate(row)) + "</tr>" for row in rows)
    return f'<table class="wb-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def coded(escaped: str) -> str:
    """Return escaped text in which what stands between backticks is set as code."""
    return _CODE.sub(r"<code>\1</code>", escaped)
