"""Import: what is in the file is shown first, then it is imported, and every row is accounted for."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from crlft.errors import CrlftError
from workbench.services import curation, importing
from workbench.services.importing import FileReport, ImportReport
from workbench.services.project import Project
from workbench.ui import background, state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto
from workbench.ui.views import acting
from workbench.ui.views.import_classes import Choice, choose_classes
from workbench.ui.widgets.chat import chat
from workbench.ui.widgets.chips import chip, chips, table
from workbench.ui.widgets.errors import error_box
from workbench.ui.widgets.layout import metric_row, page_header, section

TASK = "import"
_PATHS = "import_paths"
QUARANTINE_SHOWN = 50


def draw() -> None:
    """Draw the page."""
    project = state.current_project()
    page_header(
        t("Import"), t("Bring in conversations: look at what a file holds, say what its classes are, import.")
    )
    task = background.task(TASK)
    if task is not None and task.running:
        section(t("Importing"), t("You may leave this page; the import goes on."))
        background.show(TASK, label=t("Rows read"))
        return
    if task is not None and task.error is not None:
        error_box(task.error)
        background.forget(TASK)
    elif task is not None and task.result is not None:
        _result(task.result)
        return
    paths = _choose_files()
    if paths:
        _inspect(project, paths)
    _quarantine(project)


def _choose_files() -> list[Path]:
    ways = {"path": t("Files on this machine"), "upload": t("Upload")}
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
    with st.form("import-paths", border=False):
        text = st.text_area(
            t("Paths, one a line"),
            key="import-path-text",
            height=80,
            placeholder="/data/conversations.jsonl.gz",
            help=t(
                "ShareGPT, messages, Alpaca and others, as JSON, JSONL or gzip; the format is found by content."
            ),
        )
        if st.form_submit_button(t("Look at it"), type="primary", icon=":material/search:"):
            st.session_state[_PATHS] = [line.strip() for line in text.splitlines() if line.strip()]
    return [Path(p).expanduser() for p in st.session_state.get(_PATHS, [])]


def _uploaded() -> list[Path]:
    """Write uploads to a folder of this browser session, so that all files are read the same way."""
    files = st.file_uploader(
        t("Drop files here"), accept_multiple_files=True, type=["json", "jsonl", "gz", "zst"], key="import-upload"
    )
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


@st.cache_data(show_spinner=False, max_entries=20)
def _report(path: str, _stamp: tuple[int, int]) -> FileReport:
    return importing.inspect_file(Path(path))


def _inspect(project: Project, paths: Sequence[Path]) -> None:
    """Show what each file holds, then the classes and the button."""
    reports: list[tuple[Path, FileReport]] = []
    for path in paths:
        try:
            stamp = path.stat() if path.exists() else None
            with st.spinner(t("Looking at {name}…", name=path.name)):
                found = _report(str(path), (stamp.st_size, stamp.st_mtime_ns) if stamp else (0, 0))
            reports.append((path, found))
        except CrlftError as error:
            error_box(error)
    for path, report in reports:
        _show_report(path, report)
    if not reports:
        return
    classes = curation.class_table(project)
    choice = choose_classes([report for _, report in reports], [row.name for row in classes])
    label = tn(len(reports), "Import this file", "Import these {n} files")
    if st.button(label, type="primary", icon=":material/download:", key="import-go"):
        _start(project, [path for path, _ in reports], choice)


def _show_report(path: Path, report: FileReport) -> None:
    section(
        path.name,
        t("{format} in {container}: {why}", format=report.format, container=report.container, why=report.why),
    )
    seen = tn(report.rows_seen, "{n} row", "{n} rows")
    facts = [chip(seen if report.complete else t("first {n} rows looked at", n=report.rows_seen))]
    facts += [chip(f"{role} × {n:,}", hint=t("turns of this role")) for role, n in report.roles.items()]
    facts += [chip(f"{fault} × {n:,}", "#b5544a") for fault, n in report.faults.items()]
    chips(facts)
    if report.unreadable:
        st.caption(t("{n} rows will go to quarantine, for example:", n=report.unreadable))
        table([t("Line"), t("Reason")], report.unreadable_examples, numeric=[0])
    if report.examples:
        st.caption(t("Examples as they were read"))
        with st.container(border=True, key=f"wb-examples-{path.name}"):
            for column, example in zip(st.columns(min(3, len(report.examples))), report.examples, strict=False):
                with column:
                    chat(example)


def _start(project: Project, paths: Sequence[Path], choice: Choice) -> None:
    who = state.curator()

    def work(report: background.Report) -> ImportReport:
        return importing.import_files(
            project,
            list(paths),
            actor=who,
            class_field=choice.field,
            class_map=choice.mapping,
            class_name=choice.class_name,
            on_progress=report,
        )

    background.start(TASK, work)
    st.session_state.pop(_PATHS, None)
    st.rerun()


def _result(report: ImportReport) -> None:
    """Say where every row went, and what comes next."""
    section(t("Imported"), t("read as {format}", format=report.format))
    metric_row(
        [
            (t("Rows in the files"), report.rows, ""),
            (t("Imported"), report.imported, t("new conversations")),
            (t("Already there"), report.already_there, t("same content, kept once")),
            (t("In quarantine"), report.quarantined, t("could not be read; see below")),
        ]
    )
    with st.container(horizontal=True, key="wb-import-next"):
        if st.button(t("Browse them"), type="primary", key="import-browse"):
            background.forget(TASK)
            goto("browse")
        if st.button(t("Import more"), key="import-more"):
            background.forget(TASK)
            st.rerun()
        if report.imported and st.button(t("Undo this import"), key="import-undo", icon=":material/undo:"):
            acting.undo(state.current_project(), report.action.id)
            background.forget(TASK)
            st.rerun()
    _quarantine(state.current_project())


def _quarantine(project: Project) -> None:
    rows = importing.quarantine_rows(project, limit=QUARANTINE_SHOWN, offset=0)
    if not rows:
        return
    section(t("Quarantine"), t("rows that could not be read; they are kept with file, line and reason"))
    table(
        [t("File"), t("Line"), t("Reason"), t("Row")],
        [(Path(row.file).name, row.line, row.reason, row.raw[:160]) for row in rows],
        numeric=[1],
    )
