"""One snapshot: its manifest, what changed against another, and taking it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from workbench.services.datasetfolder import DATASETS
from workbench.services.exporting import EXPORT_FORMATS, ExportReport
from workbench.services.project import Project
from workbench.services.snapshots import Snapshot, export_snapshot
from workbench.services.trainset import read_train_set
from workbench.ui.i18n import t
from workbench.ui.nav import goto, set_params
from workbench.ui.views.reader import local_time
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import plain
from workbench.ui.widgets.layout import metric_row, section
from workbench.ui.widgets.loop_charts import CHART_CONFIG, mass_figure

DOWNLOAD_BYTES = 100 * 2**20
"""Larger files are left where they were written."""


def draw_snapshot(
    project: Project, snapshot: Snapshot, made: Sequence[Snapshot], colours: Mapping[str, str]
) -> None:
    """Draw a snapshot.

    Args:
        project: The open project.
        snapshot: Which one.
        made: All snapshots, newest first.
        colours: Class name to colour.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="wl-snapshot-head"):
        if st.button(t("All snapshots"), icon=":material/arrow_back:", type="tertiary"):
            set_params(snapshot=None)
            st.rerun()
        st.markdown(f"**{snapshot.name}**", width="content")
        if st.button(t("Train on it"), type="primary", icon=":material/model_training:"):
            goto("train", snapshot=snapshot.name)
    metric_row(
        [
            (t("Conversations"), snapshot.conversations, ""),
            (t("Answer tokens"), snapshot.supervised_tokens, ""),
            (t("Round"), snapshot.round, ""),
            (t("Made"), local_time(snapshot.created_at), t("by {name}", name=snapshot.actor)),
        ]
    )
    left, right = st.columns(2, gap="large")
    with left:
        _classes(snapshot, colours)
        _facts(snapshot)
    with right:
        _difference(snapshot, made)
        _elsewhere(project, snapshot)


def _classes(snapshot: Snapshot, colours: Mapping[str, str]) -> None:
    data = read_train_set(snapshot.path)
    section(t("Classes"))
    st.plotly_chart(
        mass_figure([(c.name, c.mass_share) for c in data.classes], colours),
        key="snapshot-mass",
        config=CHART_CONFIG,
    )
    rewards = {c.name: c.reward for c in data.scheme.classes}
    table(
        [t("Class"), t("Condition"), t("Reward"), t("Weight"), t("Conversations"), t("Share")],
        [
            (
                c.name,
                c.condition,
                f"{rewards[c.name]:g}",
                f"{c.loss_weight:.3g}",
                c.conversations,
                f"{c.mass_share:.1%}",
            )
            for c in data.classes
        ],
        numeric=range(2, 6),
    )


def _facts(snapshot: Snapshot) -> None:
    section(t("Manifest"))
    table(
        [t("What"), t("Value")],
        [
            (t("content hash"), snapshot.hash),
            (t("query"), snapshot.query or t("all that are tagged and not dropped")),
            (t("folder"), str(snapshot.path)),
        ],
    )
    st.caption(t("It loads with the datasets library:"))
    st.code(
        f'load_dataset("parquet", data_files="{snapshot.path / "data.parquet"}")',
        language="python",
        wrap_lines=True,
    )


def _difference(snapshot: Snapshot, made: Sequence[Snapshot]) -> None:
    others = [s for s in made if s.name != snapshot.name]
    section(t("What changed"))
    if not others:
        st.caption(t("This is the first snapshot; the next one is compared with it here."))
        return
    names = [s.name for s in others]
    earlier = next((s.name for s in others if s.created_at <= snapshot.created_at), names[0])
    chosen = st.selectbox(t("Against"), names, index=names.index(earlier), key=f"snapshot-against-{snapshot.name}")
    other = next(s for s in others if s.name == chosen)
    if other.hash == snapshot.hash:
        st.caption(t("The same conversations and classes: the hashes are equal."))
        return
    names = list(dict.fromkeys([*snapshot.classes, *other.classes]))
    table(
        [t("Class"), other.name, snapshot.name, t("Difference")],
        [
            (
                n,
                other.classes.get(n, 0),
                snapshot.classes.get(n, 0),
                f"{snapshot.classes.get(n, 0) - other.classes.get(n, 0):+,}",
            )
            for n in names
        ],
        numeric=range(1, 4),
    )


def _elsewhere(project: Project, snapshot: Snapshot) -> None:
    section(t("Export"), t("for other programs"))
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    form = left.selectbox(t("Format"), EXPORT_FORMATS, key="snapshot-format") or EXPORT_FORMATS[0]
    name = snapshot.name if form == DATASETS else f"{snapshot.name}-{form}.jsonl"
    default = str(project.root / "exports" / name)
    out = right.text_input(t("Write to"), value=default, key=f"snapshot-out-{snapshot.name}-{form}")
    if st.button(t("Export"), icon=":material/download:", disabled=not out):
        with st.spinner(t("Writing…")):
            report = export_snapshot(project, snapshot.name, Path(out or default).expanduser(), form)
        st.session_state["snapshot-export"] = (snapshot.name, report)
    done = st.session_state.get("snapshot-export")
    if done and done[0] == snapshot.name:
        _report(done[1])


def _report(report: ExportReport) -> None:
    st.success(
        t("{n} conversations written to {path}", n=report.rows, path=plain(report.path)), icon=":material/check:"
    )
    if report.lost:
        lost = ", ".join(f"{what} ({n:,})" for what, n in report.lost.items())
        st.warning(t("This format cannot hold: {what}", what=plain(lost)), icon=":material/info:")
    path = Path(report.path)
    if path.is_file() and path.stat().st_size <= DOWNLOAD_BYTES:
        with path.open("rb") as file:
            st.download_button(
                t("Download"), file, file_name=path.name, icon=":material/download:", on_click="ignore"
            )
