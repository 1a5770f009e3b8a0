"""One snapshot: its manifest, what changed against another, and taking it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from workbench.services.datasetfolder import DATASETS
from workbench.services.exporting import EXPORT_FORMATS, ExportPreview, ExportReport
from workbench.services.project import Project
from workbench.services.snapshots import Snapshot, export_snapshot, preview_snapshot
from workbench.services.splitting import part_path
from workbench.services.trainset import read_train_set
from workbench.ui.i18n import said, t
from workbench.ui.nav import goto, set_params
from workbench.ui.views.format_names import title_of
from workbench.ui.views.heldout import way_names
from workbench.ui.views.reader import local_time
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import plain
from workbench.ui.widgets.layout import metric_row, section
from workbench.ui.widgets.loop_charts import CHART_CONFIG, mass_figure

DOWNLOAD_BYTES = 100 * 2**20
"""Larger files are left where they were written."""
FILE_KINDS = ("jsonl", "jsonl.gz", "jsonl.zst", "json", "csv", "parquet")
PREVIEWED = 5
"""Conversations."""
PREVIEW_CHARACTERS = 20_000
_DOWN = ":material/download:"
PARTS: dict[str, dict[str, float] | None] = {
    "One": None,
    "train 95 %, test 5 %": {"train": 0.95, "test": 0.05},
    "train 90 %, test 10 %": {"train": 0.9, "test": 0.1},
    "train 80 %, validation 10 %, test 10 %": {"train": 0.8, "validation": 0.1, "test": 0.1},
}
"""No prompt stands in two parts."""


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
            (t("held-out prompts"), _held_out(snapshot)),
        ],
    )
    st.caption(t("It loads with the datasets library:"))
    st.code(
        f'load_dataset("parquet", data_files="{snapshot.path / "data.parquet"}")',
        language="python",
        wrap_lines=True,
    )


def _held_out(snapshot: Snapshot) -> str:
    """Say what was left out for asking held-out prompts, and what was not."""
    if not snapshot.held_out:
        return t("not looked at: made by an earlier version")
    if not snapshot.held_out["prompts"]:
        return t("there were none")
    names = way_names()
    out, staying = (
        ", ".join(f"{n:,} {names[way]}" for way, n in snapshot.held_out[which].items()) or "0"
        for which in ("left_out", "staying")
    )
    n = snapshot.held_out["prompts"]
    return t("{n} held out; left out: {out}; stayed in: {staying}", n=n, out=out, staying=staying)


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
    first, second, third = st.columns([3, 2, 2], vertical_alignment="bottom")
    form = first.selectbox(t("Format"), EXPORT_FORMATS, key="snapshot-format", format_func=title_of)
    form = form or EXPORT_FORMATS[0]
    folder = form == DATASETS
    kind = "" if folder else (second.selectbox(t("File"), FILE_KINDS, key="snapshot-kind") or FILE_KINDS[0])
    chosen = third.selectbox(
        t("Parts"),
        list(PARTS),
        key="snapshot-parts",
        format_func=t,
        help=t("No prompt stands in two parts."),
    )
    splits = PARTS[chosen or "One"]
    stem = snapshot.name if folder else f"{snapshot.name}-{form}"
    default = str(_free(project.root / "exports", stem, kind, splits))
    left, right = st.columns([5, 2], vertical_alignment="bottom") if folder else (st.container(), st.container())
    out = left.text_input(t("Write to"), value=default, key=f"snapshot-out-{default}")
    license = "other"
    if folder:
        license = right.text_input(t("Licence, on the card"), value="other", key="snapshot-license") or "other"
    target = Path(out or default).expanduser()
    with st.container(horizontal=True):
        write = st.button(t("Export"), icon=":material/download:", disabled=not out, type="primary")
        look = st.button(t("Show what would be written"), icon=":material/visibility:", disabled=not out)
    if look:
        st.session_state.pop("snapshot-export", None)  # what was written before is another file's report
        with st.spinner(t("Looking…")):
            found = preview_snapshot(
                project, snapshot.name, target, form, limit=PREVIEWED, splits=splits, license=license
            )
        _preview(found, folder=folder)
    if write:
        with st.spinner(t("Writing…")):
            report = export_snapshot(project, snapshot.name, target, form, splits=splits, license=license)
        st.session_state["snapshot-export"] = (snapshot.name, report)
        st.rerun()
    done = st.session_state.get("snapshot-export")
    if done and done[0] == snapshot.name and not look:
        _report(done[1])


def _free(folder: Path, stem: str, kind: str, splits: Mapping[str, float] | None) -> Path:
    """Return a path in the folder, with a number behind the stem where something of that name is there."""

    def taken(candidate: Path) -> bool:
        parts = [part_path(candidate, name) for name in splits] if splits else []
        return any(place.exists() for place in (candidate, *parts))

    ending = f".{kind}" if kind else ""
    names = (folder / f"{stem}{number}{ending}" for number in ("", *(f"-{n}" for n in range(2, 1000))))
    return next((candidate for candidate in names if not taken(candidate)), folder / f"{stem}{ending}")


def _preview(found: ExportPreview, *, folder: bool) -> None:
    """Show the beginning as the writer writes it, and what it would lose."""
    if found.report.rows:
        words = t("The card of the folder") if folder else t("The first conversations, as they would be written")
        st.caption(words)
        shown = found.text if len(found.text) <= PREVIEW_CHARACTERS else found.text[:PREVIEW_CHARACTERS] + " …"
        st.code(shown, language="markdown" if folder else None, height=320, wrap_lines=True)
    else:
        st.info(t("Of the first conversations, nothing would be written."), icon=":material/info:")
    _losses(found.report)


def _losses(report: ExportReport) -> None:
    if report.lost:
        lost = ", ".join(f"{said(what)} ({n:,})" for what, n in report.lost.items())
        st.warning(t("This format cannot hold: {what}", what=plain(lost)), icon=":material/info:")
    if report.left_out:
        left = ", ".join(f"{said(why)} ({n:,})" for why, n in report.left_out.items())
        st.warning(t("In no row: {what}", what=plain(left)), icon=":material/info:")


def _report(report: ExportReport) -> None:
    written = t("{n} conversations written to {path}", n=report.rows, path=plain(report.path))
    if report.rows:
        st.success(written, icon=":material/check:")
    else:
        st.warning(written, icon=":material/warning:")
    if len(report.files) > 1:
        st.caption(", ".join(f"{plain(Path(name).name)}: {rows:,}" for name, rows in report.files.items()))
    _losses(report)
    with st.container(horizontal=True):
        for name in report.files:
            _download(Path(name), alone=len(report.files) == 1)


def _download(path: Path, *, alone: bool) -> None:
    """Offer a written file; a part of a folder is none, and stays where it is."""
    if not path.is_file() or not 0 < path.stat().st_size <= DOWNLOAD_BYTES:
        return
    label = t("Download") if alone else t("Download {name}", name=plain(path.name))
    with path.open("rb") as file:
        st.download_button(label, file, path.name, key=f"snapshot-file-{path}", icon=_DOWN, on_click="ignore")
