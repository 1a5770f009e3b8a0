"""What is to be imported: paths on this machine, uploads, or a dataset of the hub."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import streamlit as st

from workbench.ui.i18n import t

CHOSEN = "import_paths"
"""Session state: what was asked for, as it was typed."""

_TYPES = ["json", "jsonl", "ndjson", "csv", "tsv", "parquet", "arrow", "gz", "zst"]


def choose_sources() -> list[str]:
    """Draw the choice; return what was asked for: paths, folders, globs, hub names."""
    ways = {"path": t("Files on this machine"), "upload": t("Upload"), "hub": t("From the hub")}
    way = st.segmented_control(
        t("Where from"),
        list(ways),
        default="path",
        required=True,
        format_func=ways.__getitem__,
        key="import-way",
        label_visibility="collapsed",
    )
    if way == "upload":
        return _uploaded()
    if way == "hub":
        _ask_hub()
    else:
        _ask_paths()
    chosen: list[str] = st.session_state.get(CHOSEN, [])
    return [name for name in chosen if name.startswith("hub:") == (way == "hub")]


def _ask_paths() -> None:
    with st.form("import-paths", border=False):
        text = st.text_area(
            t("Files, folders or patterns, one a line"),
            key="import-path-text",
            height=80,
            placeholder="/data/conversations.jsonl.gz\n/data/dumps/*.parquet",
        )
        st.caption(
            t(
                "JSON, JSON Lines, CSV, Parquet, Arrow, plain or packed, in any usual schema: "
                "what a file holds is found out by looking into it."
            )
        )
        if st.form_submit_button(t("Look at it"), type="primary", icon=":material/search:"):
            st.session_state[CHOSEN] = [name for line in text.splitlines() if (name := as_path(line))]


def as_path(line: str) -> str:
    """Return the path that somebody typed, or pasted from a file manager: in quotation marks, or as an address."""
    name = line.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'" and not Path(name).exists():
        name = name[1:-1]
    return unquote(name.removeprefix("file://")) if name.startswith("file:///") else name


def _ask_hub() -> None:
    with st.form("import-hub", border=False):
        left, right = st.columns([3, 1])
        name = left.text_input(t("Dataset"), key="import-hub-name", placeholder="owner/name")
        split = right.text_input(t("Split"), key="import-hub-split", value="train")
        if st.form_submit_button(t("Look at it"), type="primary", icon=":material/search:") and name.strip():
            st.session_state[CHOSEN] = [f"hub:{name.strip()}:{split.strip() or 'train'}"]


def _uploaded() -> list[str]:
    return [str(path) for path in uploaded_files(t("Drop files here"), key="import-upload")]


def uploaded_files(label: str, *, key: str, extra: Sequence[str] = ()) -> list[Path]:
    """Write uploads to a folder of this browser session, so that all files are read the same way.

    Args:
        label: What the field is called.
        key: Its widget key.
        extra: Endings that are taken besides those of imports.
    """
    files = st.file_uploader(label, accept_multiple_files=True, type=[*_TYPES, *extra], key=key)
    if not files:
        return []
    folder = Path(st.session_state.setdefault("upload_folder", tempfile.mkdtemp(prefix="workbench-upload-")))
    paths = []
    for file in files:
        path = folder / Path(file.name).name
        if not path.exists() or path.stat().st_size != file.size:
            path.write_bytes(file.getbuffer())
        paths.append(path)
    return paths
