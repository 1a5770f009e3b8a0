"""The model's own part of the data, always in view where it grows or is trained on, with the cap that warns."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from workbench.services.project import Project
from workbench.services.shares import ModelShare, ModelShares, Place, model_shares
from workbench.ui.i18n import t
from workbench.ui.widgets.errors import plain

TOPICS = 4
"""Topics shown in brief, those that the model has written most of."""


def draw_shares(project: Project, adding: Sequence[Place] = ()) -> None:
    """Draw the share of every class and of the topics with most, and warn above the cap.

    Args:
        project: The project.
        adding: Answers about to come, see `model_shares`; the line then says how it would be with them.
    """
    found = model_shares(project, adding)
    st.html(shares_html(found, with_them=bool(adding)))
    warn(found)


def warn(found: ModelShares) -> None:
    """Warn of classes and topics above the cap."""
    if not found.over:
        return
    names = ", ".join(f"{s.name} ({100 * s.share:.0f} %)" for s in found.over[:6])
    text = t(
        "Above {cap} % the model's own: {names}. A loop that eats mostly itself loses variety. Bring in other "
        "data, or drop some of its answers.",
        cap=f"{100 * found.cap:.0f}",
        names=names,
    )
    st.warning(plain(text), icon=":material/warning:")


def shares_html(found: ModelShares, *, with_them: bool = False) -> str:
    """Return one line of small bars: classes, then the topics that the model has written most of."""
    title = t("Written by the model, with these") if with_them else t("Written by the model")
    whole = f"{100 * found.whole.share:.1f} %"
    parts = [f'<span class="wl-title">{escape(title)}</span>', _bar(t("all"), found.whole, found.cap, shown=whole)]
    parts += [_bar(s.name or t("untagged"), s, found.cap) for s in found.classes]
    if found.topics:
        parts.append(f'<span class="wl-quiet">{escape(t("topics with most"))}</span>')
        parts += [_bar(s.name or t("between topics"), s, found.cap) for s in found.topics[:TOPICS]]
    elif found.whole.model_made and not found.mapped:
        parts.append(f'<span class="wl-quiet">{escape(t("by topic once the map is drawn"))}</span>')
    if found.mapped and found.unplaced:
        parts.append(f'<span class="wl-quiet">{escape(t("{n} of no known topic", n=found.unplaced))}</span>')
    return f'<div class="wl-shares">{"".join(parts)}</div>'


def _bar(name: str, share: ModelShare, cap: float, shown: str = "") -> str:
    part = f"{min(100.0, 100 * share.share):.1f}%"
    hint = t("{made} of {total} conversations", made=f"{share.model_made:,}", total=f"{share.total:,}")
    kind = " wl-over" if share.over and share.name else ""
    text = escape(f"{name} {shown or f'{100 * share.share:.0f} %'}")
    style = f"--part:{part};--cap:{100 * cap:.0f}%"
    return f'<span class="wl-share{kind}" title="{escape(hint)}" style="{style}">{text}</span>'
