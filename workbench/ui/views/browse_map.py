"""The map: conversations of like meaning lie together; a lasso's conversations follow in the list.

At most `POINTS_DRAWN` points are drawn (a stable sample that says so); the lasso's outline is what counts, and
the service finds every conversation inside it, drawn or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from workbench.services import health, mapping
from workbench.services.curation import ClassRow
from workbench.services.mapping import Cluster, MapView
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import follow, param, set_params
from workbench.ui.theme import CATEGORICAL, NEUTRAL, STATUS_COLOURS
from workbench.ui.views import map_job
from workbench.ui.views.browse_workspace import workspace
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import section

POINTS_DRAWN = 20_000
COLOUR_BY = {"class": "Class", "source": "Source", "cluster": "Topic", "lang": "Language", "status": "Status"}
COLOURS_SHOWN = 12
TITLES_SHOWN = 16


def draw(project: Project, classes: Sequence[ClassRow], query: str) -> None:
    """Draw the map with its lasso, and what was chosen; or what it takes to make one."""
    colour_by = param("colour", "class")
    if colour_by not in COLOUR_BY:
        colour_by = "class"
    view = mapping.load_map(project, colour_by, limit=POINTS_DRAWN, query=query)
    map_job.draw(project, has_map=view is not None)
    if view is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        _colour_choice(colour_by)
        map_job.update_button(project)
    polygon = _plot(view, {row.name: row.colour for row in classes} | STATUS_COLOURS, colour_by)
    note = t("{n} of {all} conversations are drawn", n=len(view.seqs), all=view.total)
    st.caption(note if view.sampled else tn(view.total, "{n} conversation", "{n} conversations"))
    with st.expander(t("Topics by class: where only weak data covers a topic"), key="map-topics"):
        _topics(project, classes, query)
    if not polygon:
        st.info(t("Draw a lasso or a box around points: their conversations will be listed here."))
        return
    chosen = mapping.select_polygon(project, polygon, query)
    section(t("Chosen on the map"), query)
    _chosen(project, classes, query, tuple(chosen))


def _topics(project: Project, classes: Sequence[ClassRow], query: str) -> None:
    """Draw the regions by class; those that the best class hardly covers stand first."""
    best = max(classes, key=lambda row: row.reward).name if classes else ""
    rows = []
    for region, counts in health.clusters_by_class(project, query):
        total = sum(counts.values())
        if total:
            rows.append((counts.get(best, 0) / total, -total, region, counts))
    rows.sort(key=lambda row: row[:2])
    names = [row.name for row in classes]
    table(
        [t("Topic"), t("All"), *names, t("untagged"), t("Share of {name}", name=best)],
        [
            [region.title, f"{-total:,}", *(f"{counts.get(n, 0):,}" for n in [*names, "none"]), f"{share:.0%}"]
            for share, total, region, counts in rows
        ],
        numeric=range(1, len(names) + 4),
    )
    st.caption(t("In the search box, cluster:N with the number of a topic shows it: {list}", list=_numbers(rows)))


def _numbers(rows: Sequence[tuple[float, int, Cluster, Mapping[str, int]]]) -> str:
    return plain(", ".join(f"{region.title} = {region.cluster}" for _, _, region, _ in rows[:12]))


@st.fragment
@guarded
def _chosen(project: Project, classes: Sequence[ClassRow], query: str, seqs: tuple[int, ...]) -> None:
    state.show_messages()
    workspace(project, classes, query, "newest", seqs)


def _colour_choice(colour_by: str) -> None:
    follow("map-colour", colour_by)
    st.segmented_control(
        t("Colour by"),
        list(COLOUR_BY),
        required=True,
        format_func=lambda c: t(COLOUR_BY[c]),
        key="map-colour",
        on_change=lambda: set_params(colour=st.session_state["map-colour"]),
    )


def _plot(view: MapView, colours: Mapping[str, str], colour_by: str) -> list[tuple[float, float]]:
    """Draw the points and return the outline that was drawn around some, or nothing."""
    event = st.plotly_chart(
        map_figure(view, colours),
        key=f"map-{colour_by}",
        on_select="rerun",
        selection_mode=("lasso", "box"),
        config={"displaylogo": False, "scrollZoom": True, "modeBarButtonsToRemove": ["autoScale2d", "toImage"]},
    )
    return outline(event["selection"] if event else {})


def outline(selection: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return the corners of the last lasso or box of a plotly selection."""
    for shape in reversed(selection.get("lasso") or []):
        return list(zip(map(float, shape["x"]), map(float, shape["y"]), strict=True))
    for shape in reversed(selection.get("box") or []):
        (x0, x1), (y0, y1) = shape["x"], shape["y"]
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    return []


def map_figure(view: MapView, colours: Mapping[str, str]) -> go.Figure:
    """Return the scatter plot, one trace for each of the most frequent labels and one for the rest."""
    counts: dict[str, int] = {}
    for label in view.label:
        counts[label] = counts.get(label, 0) + 1
    top = sorted(counts, key=lambda name: -counts[name])[:COLOURS_SHOWN]
    groups: dict[str, list[int]] = {name: [] for name in [*top, ""]}
    for i, label in enumerate(view.label):
        groups[label if label in groups else ""].append(i)
    figure = go.Figure()
    size = 6 if len(view.seqs) < 3000 else 4
    spare = iter(CATEGORICAL * 2)
    for name, members in groups.items():
        if not members:
            continue
        colour = NEUTRAL if name in ("", "none") else colours.get(name) or next(spare)
        figure.add_scattergl(
            x=[view.x[i] for i in members],
            y=[view.y[i] for i in members],
            mode="markers",
            name=_legend(name, len(members)),
            marker={"size": size, "color": colour, "opacity": 0.7},
            hoverinfo="name",
        )
    for region in view.clusters[:TITLES_SHOWN]:
        figure.add_annotation(
            x=region.x,
            y=region.y,
            text=_escape(region.title)[:40],
            showarrow=False,
            font={"size": 11},
            yshift=16,
        )
    axis = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_layout(
        height=470,
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
        dragmode="lasso",
        xaxis=axis,
        yaxis={**axis, "scaleanchor": "x"},
        legend={"itemsizing": "constant", "y": 0.9, "yanchor": "top"},  # below the toolbar
    )
    return figure


def _legend(name: str, count: int) -> str:
    shown = {"": t("other"), "none": t("none")}.get(name, name)
    return f"{_escape(shown[:40])} · {count:,}"


def _escape(text: str) -> str:
    """Keep plotly from reading markup in a text from data."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
