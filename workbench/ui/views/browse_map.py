"""The map: conversations of like meaning lie together; a lasso's conversations follow in the list.

Up to `POINTS_DRAWN` points are drawn whole, of more a stable sample of `SAMPLE_DRAWN` that says so; the lasso's
outline is what counts, and the service finds every conversation inside it, drawn or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from workbench.services import browsing, mapping
from workbench.services.curation import ClassRow
from workbench.services.mapping import MapView
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import follows, param, set_params
from workbench.ui.theme import CATEGORICAL, NEUTRAL, STATUS_COLOURS
from workbench.ui.views import browse_facets, map_job
from workbench.ui.views.browse_workspace import prepare, workspace
from workbench.ui.widgets.click_table import click_table
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import section

Pick = Callable[[str, str, bool], None]
POINTS_DRAWN, SAMPLE_DRAWN = 50_000, 20_000
COLOUR_BY = {
    "class": "Class",
    "source": "Source",
    "cluster": "Topic",
    "lang": "Language",
    "status": "Status",
    "reward": "Reward",
    "doubt": "Doubt about the tag",
}
SHADES = ((0.0, "#3b5b92"), (0.5, "#c9c3a5"), (1.0, "#c2573f"))
"""Low to high, told apart in light and dark and by the colour-blind."""

COLOURS_SHOWN = 12
TITLES_SHOWN = 16


def draw(project: Project, classes: Sequence[ClassRow], query: str, pick: Pick) -> None:
    """Draw the map with its lasso, and what was chosen; or what it takes to make one.

    Args:
        project: The project.
        classes: Its classes.
        query: Which conversations.
        pick: Narrows the view by `pick(field, value, exclude)`.
    """
    colour_by = param("colour", "class")
    if colour_by not in COLOUR_BY:
        colour_by = "class"
    view = _view(project, colour_by, query)
    map_job.draw(project, has_map=view is not None)
    if view is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        _colour_choice(colour_by)
        map_job.update_button(project)
    polygon = _plot(view, {row.name: row.colour for row in classes} | STATUS_COLOURS, colour_by)
    st.caption(_caption(view, colour_by))
    with st.expander(t("Topics by class: where only weak data covers a topic"), key="map-topics"):
        _topics(project, classes, query, pick)
    if not polygon:
        st.info(t("Draw a lasso or a box around points: their conversations will be listed here."))
        return
    chosen = mapping.select_polygon(project, polygon, query)
    section(t("Chosen on the map"), query)
    _chosen(project, classes, query, tuple(chosen))


def _view(project: Project, colour_by: str, query: str) -> MapView | None:
    """Return the map, read anew only where the data, the query or the colours changed: a lasso changes none."""
    job = mapping.map_job(project)
    done = (job.id, job.status) if job is not None else None
    stamp = (str(project.root), browsing.stamp(project), mapping.map_stamp(project), done, colour_by, query)
    known = st.session_state.get("browse_map_view")
    if known is None or known[0] != stamp or known[1] is None:
        found = mapping.load_map(project, colour_by, limit=POINTS_DRAWN, query=query, sample=SAMPLE_DRAWN)
        known = st.session_state["browse_map_view"] = (stamp, found)
    view: MapView | None = known[1]
    return view


def _caption(view: MapView, colour_by: str) -> str:
    notes = [tn(view.total, "{n} conversation", "{n} conversations")]
    if view.sampled:
        drawn = t(
            "{n} of {all} conversations are drawn, the same ones each time; a lasso takes the others too",
            n=len(view.seqs),
            all=view.total,
        )
        notes = [drawn]
    if view.scores and all(score is None for score in view.scores):
        none = {
            "reward": t("None has a reward yet: tag them, or set rewards"),
            "doubt": t("No model has judged the tags yet: start it on the Tag page"),
        }
        notes.append(none[colour_by])
    notes.append(t("embedded by “{name}”", name=plain(view.embedder)))
    return " · ".join(notes)


def _topics(project: Project, classes: Sequence[ClassRow], query: str, pick: Pick) -> None:
    """Draw the regions by class; those that the best class hardly covers stand first, a click shows one."""
    best = max(classes, key=lambda row: row.reward).name if classes else ""
    rows = []
    for region, counts in browse_facets.topics_by_class(project, query):
        total = sum(counts.values())
        if total:
            rows.append((counts.get(best, 0) / total, -total, region, counts))
    rows.sort(key=lambda row: row[:2])
    names = [row.name for row in classes]
    columns: dict[str, list[object]] = {
        t("Topic"): [region.title for _, _, region, _ in rows],
        t("All"): [-total for _, total, _, _ in rows],
        **{name: [counts.get(name, 0) for *_, counts in rows] for name in names},
        t("untagged"): [counts.get("none", 0) for *_, counts in rows],
        t("Share of {name}", name=best): [f"{share:.0%}" for share, *_ in rows],
    }
    st.caption(t("Click a topic to see it; the ones that “{name}” covers least come first.", name=best))
    clicked = click_table(columns, f"map-topics-{query}")
    if clicked is not None and clicked < len(rows):
        pick("cluster", str(rows[clicked][2].cluster), False)
        st.rerun()


@st.fragment
@guarded
def _chosen(project: Project, classes: Sequence[ClassRow], query: str, seqs: tuple[int, ...]) -> None:
    state.show_messages()
    workspace(project, classes, prepare(project, classes, query, "newest", seqs))


def _colour_choice(colour_by: str) -> None:
    key = follows("map-colour", colour_by)
    st.segmented_control(
        t("Colour by"),
        list(COLOUR_BY),
        default=colour_by,
        required=True,
        format_func=lambda c: t(COLOUR_BY[c]),
        key=key,
        on_change=lambda: set_params(colour=st.session_state[key]),
    )


def _plot(view: MapView, colours: Mapping[str, str], colour_by: str) -> list[tuple[float, float]]:
    """Draw the points and return the outline that was drawn around some, or nothing."""
    event = st.plotly_chart(
        map_figure(view, colours, t(COLOUR_BY[colour_by])),
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


def map_figure(view: MapView, colours: Mapping[str, str], title: str = "") -> go.Figure:
    """Return the scatter plot; `title` is what the points are shaded by, where they have scores."""
    figure = go.Figure()
    if view.scores:
        _shaded(figure, view, title)
    else:
        _coloured(figure, view, colours)
    return _finished(figure, view)


def _coloured(figure: go.Figure, view: MapView, colours: Mapping[str, str]) -> None:
    """Add one trace for each of the most frequent labels and one for the rest."""
    counts: dict[str, int] = {}
    for label in view.label:
        counts[label] = counts.get(label, 0) + 1
    top = sorted(counts, key=lambda name: -counts[name])[:COLOURS_SHOWN]
    groups: dict[str, list[int]] = {name: [] for name in [*top, ""]}
    for i, label in enumerate(view.label):
        groups[label if label in groups else ""].append(i)
    spare = iter(CATEGORICAL * 2)
    for name, members in groups.items():
        if members:
            colour = NEUTRAL if name in ("", "none") else colours.get(name) or next(spare)
            _points(figure, view, members, _legend(name, len(members)), {"color": colour, "opacity": 0.7})


def _shaded(figure: go.Figure, view: MapView, title: str) -> None:
    """Add the points by score, the highest on top; those without one lie below."""
    without = [i for i, score in enumerate(view.scores) if score is None]
    scored = sorted(((s, i) for i, s in enumerate(view.scores) if s is not None), key=lambda pair: pair[0])
    if without:
        _points(figure, view, without, _legend("none", len(without)), {"color": NEUTRAL, "opacity": 0.35})
    if scored:
        shade = {
            "color": [score for score, _ in scored],
            "colorscale": SHADES,
            "opacity": 0.8,
            "colorbar": {"title": {"text": title}, "thickness": 12, "len": 0.7},
        }
        _points(figure, view, [i for _, i in scored], title, shade)
        figure.update_layout(showlegend=False)


def _points(
    figure: go.Figure, view: MapView, members: Sequence[int], name: str, marker: Mapping[str, Any]
) -> None:
    figure.add_scattergl(
        x=[view.x[i] for i in members],
        y=[view.y[i] for i in members],
        mode="markers",
        name=name,
        marker={"size": 6 if len(view.seqs) < 3000 else 4, **marker},
        hoverinfo="name",
    )


def _finished(figure: go.Figure, view: MapView) -> go.Figure:
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
