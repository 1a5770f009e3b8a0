"""What a reward does: where the mass lies, what to beware of, and how each class would be trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from workbench.curate.rewardmass import MassReport, Part
from workbench.services.rewardmass import TrainedExample
from workbench.ui.i18n import t
from workbench.ui.widgets.chips import chip, safe_colour
from workbench.ui.widgets.layout import section
from workbench.ui.widgets.loop_styles import loop_styles
from workbench.ui.widgets.rendered import rendered_html, rendered_legend

PARTS_SHOWN = 7


def summary(report: MassReport) -> None:
    """Say in one or two sentences what the model will mostly learn from."""
    if report.leading is None:
        st.caption(t("There is nothing to train on yet, so there is no mass."))
        return
    name, source, share = report.leading
    st.markdown(
        t(
            "It will mostly learn from **{name}** by **{source}**: {share} of the mass.",
            name=_plain(name),
            source=_plain(source or t("unknown source")),
            share=f"{share:.0%}",
        )
    )
    st.caption(
        t(
            "{n} conversations that are trained on weigh as much as {e} equal ones (effective sample size).",
            n=report.conversations,
            e=round(report.effective),
        )
    )


def _plain(text: str) -> str:
    return "".join(f"\\{c}" if c in "*_[]`:$~<>\\" else c for c in text)


def warnings(report: MassReport) -> list[str]:
    """Return the report's warnings in words."""
    texts = {
        "empty": t("“{name}” has no conversations that are trained on."),
        "small": t("“{name}” has under 2 % of the mass: the model will hardly learn from it."),
        "equal": t("All classes weigh the same: only the condition tells them apart."),
        "best-small": t(
            "“{name}” is the best class and has only {n} conversations:"
            " the model may learn its manner, not its skill."
        ),
        "no-counterpart": t(
            "On {n} topics only “{name}” speaks and “{best}” never does, such as {topics}:"
            " there the model cannot learn how it is done well."
        ),
    }
    return [texts[code].format(**values) for code, values in report.warnings]


def places(report: MassReport, colours: Mapping[str, str]) -> None:
    """Draw the mass by source, language and topic as stacked bars."""
    section(t("Where it comes from"), t("the thin line is the part of the data; the bar is the part of the mass"))
    titles = {"source": t("Source"), "language": t("Language"), "topic": t("Topic")}
    for column, (field, title) in zip(st.columns(3, gap="large"), titles.items(), strict=True):
        with column:
            st.caption(title)
            parts = report.parts[field]
            if parts:
                st.html(_bars(parts, colours))
            elif field == "topic":
                st.caption(t("Topics show once the map is made (Browse, Map)."))
            else:
                st.caption(t("There is nothing to train on yet."))


def _bars(parts: Sequence[Part], colours: Mapping[str, str]) -> str:
    widest = max([max(p.mass_share, p.token_share) for p in parts] or [1.0]) or 1.0
    rows = []
    for part in parts[:PARTS_SHOWN]:
        pieces = "".join(
            f'<i style="display:inline-block;height:100%;width:{100 * share / widest:.2f}%;'
            f'background:{safe_colour(colours.get(name, ""))}"></i>'
            for name, share in sorted(part.by_class.items())
        )
        line = f"width:{100 * part.token_share / widest:.2f}%;height:2px;background:currentColor;opacity:.35"
        rows.append(
            f'<tr><td style="width:42%">{escape(part.name or t("unknown"))}</td>'
            f'<td style="vertical-align:middle;width:46%">'
            f'<div style="height:.62rem;white-space:nowrap;font-size:0">{pieces}</div>'
            f'<div style="{line}"></div></td>'
            f'<td class="wb-num">{part.mass_share:.1%}</td></tr>'
        )
    more = len(parts) - PARTS_SHOWN
    if more > 0:
        rest = sum(p.mass_share for p in parts[PARTS_SHOWN:])
        rows.append(
            f'<tr><td>{escape(t("{n} more", n=more))}</td><td></td><td class="wb-num">{rest:.1%}</td></tr>'
        )
    return f'<table class="wb-table">{"".join(rows)}</table>'


def examples(found: Sequence[TrainedExample], colours: Mapping[str, str]) -> None:
    """Draw one rendered conversation of each class, supervised text shaded by its weight."""
    if not found:
        return
    section(t("One of each, as it is trained on"), t("green is learnt, the stronger the more it weighs"))
    loop_styles()
    columns = st.columns(min(3, len(found)), gap="medium")
    for i, example in enumerate(found):
        with columns[i % len(columns)]:
            head = chip(example.class_name, safe_colour(colours.get(example.class_name, "")))
            words = f'<span class="wl-quiet">{escape(rendered_legend(example.turn_weights))}</span>'
            st.html(
                f'<div class="wb-chips">{head}{words}</div>{rendered_html(example.segments, example.turn_weights)}'
            )
