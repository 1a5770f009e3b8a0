"""Browse's third view: the health of the data set, or of what a query finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from workbench.services import health, rewardmass
from workbench.services.curation import ClassRow
from workbench.services.health import UNTAGGED, Health
from workbench.services.project import Project
from workbench.ui.i18n import t, tn
from workbench.ui.theme import NEUTRAL
from workbench.ui.views.browse_facets import label
from workbench.ui.views.heldout import compared, draw_not_counted
from workbench.ui.widgets.health_charts import histogram_figure, stacked_figure
from workbench.ui.widgets.layout import metric_row, section
from workbench.ui.widgets.loop_charts import mass_figure

Pick = Callable[[str, str, bool], None]
_CONFIG = {"displayModeBar": False}


def draw(project: Project, classes: Sequence[ClassRow], query: str, pick: Pick) -> None:
    """Draw the page; a click on a bar narrows the view by `pick(field, value, exclude)`."""
    found = health.dataset_health(project, query)
    if not found.total:
        st.info(t("No conversation matches. Remove a word or a filter."))
        return
    _figures(found)
    names = {row.name: row.name for row in classes} | {UNTAGGED: t("untagged")}
    colours = {row.name: row.colour for row in classes} | {UNTAGGED: NEUTRAL}
    _mass(project, colours)
    left, right = st.columns(2, gap="large")
    with left:
        section(t("Source by class"))
        _stacked("source", found.by_source, names, colours, pick)
    with right:
        section(t("Language by class"))
        _stacked("lang", found.by_language, names, colours, pick)
        if len(found.by_round) > 1:
            section(t("Growth over the rounds"))
            _stacked("round", found.by_round, names, colours, pick, upright=True)
    note = t("estimated from a sample") if found.estimated else ""
    spreads = {"tokens": t("Tokens"), "turns": t("Turns"), "reward": t("Reward")}
    for column, (field, title) in zip(st.columns(3, gap="large"), spreads.items(), strict=True):
        with column:
            section(title, note)
            bars = found.histograms.get(field, [])
            _chart(
                histogram_figure([(label(field, value), n) for value, n in bars]),
                field,
                [value for value, _ in bars],
                pick,
            )
    st.caption(t("Click a bar to narrow the view to it."))


def _mass(project: Project, colours: Mapping[str, str]) -> None:
    section(t("What would be learnt"), t("each class's part of Σ supervised tokens × weight, whole project"))
    if not compared(project):
        return
    material = rewardmass.mass_material(project)
    shares = [(c.name, c.mass_share) for c in rewardmass.preview_mass(project, material).classes]
    st.plotly_chart(mass_figure(shares, colours), key="health-mass", config=_CONFIG)
    draw_not_counted(material.held_out.out)


def _figures(found: Health) -> None:
    share = "–" if found.duplicates is None else f"{found.duplicates:.1%}"
    metric_row(
        [
            (t("Conversations"), found.total, tn(found.tokens, "{n} token", "{n} tokens") if found.tokens else ""),
            (t("Untagged"), found.untagged, f"{found.untagged / found.total:.0%}"),
            (t("Faults open"), found.flagged, t("marked by a cleaning rule")),
            (t("Duplicates"), share, t("not searched yet") if found.duplicates is None else t("whole project")),
            (t("In quarantine"), found.quarantined, t("rows that could not be read")),
            (t("Sources"), len(found.by_source), tn(len(found.by_language), "{n} language", "{n} languages")),
        ]
    )


def _stacked(
    field: str,
    rows: Mapping[str, Mapping[str, int]],
    names: Mapping[str, str],
    colours: Mapping[str, str],
    pick: Pick,
    *,
    upright: bool = False,
) -> None:
    shown = {label(field, value): counts for value, counts in rows.items()}
    figure = stacked_figure(shown, names, colours, upright=upright)
    _chart(figure, field, list(rows), pick)


def _chart(figure: go.Figure, field: str, values: Sequence[str], pick: Pick) -> None:
    key = f"health-{field}"

    def clicked() -> None:
        points = st.session_state[key]["selection"]["point_indices"]
        if points and points[0] < len(values):
            pick(field, values[points[0]], False)

    st.plotly_chart(figure, key=key, on_select=clicked, selection_mode="points", config=_CONFIG)
