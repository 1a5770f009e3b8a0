"""Import: what is in the files is shown first, then they are imported, and every row is accounted for."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from crlft.errors import CrlftError
from crlft.formats.mapping import ColumnMapping
from workbench.services import curation, importing, work
from workbench.services.importing import FileReport, ImportReport, UnknownSchema
from workbench.services.project import Project
from workbench.ui import background, state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto
from workbench.ui.views import acting, following
from workbench.ui.views.format_names import title_of
from workbench.ui.views.import_classes import choose_classes
from workbench.ui.views.import_mapping import map_columns
from workbench.ui.views.import_quarantine import draw_quarantine
from workbench.ui.views.import_report import name_of, show_many, show_report
from workbench.ui.views.import_sources import CHOSEN, choose_sources
from workbench.ui.views.import_words import in_words
from workbench.ui.widgets.errors import error_box, plain
from workbench.ui.widgets.layout import metric_row, page_header, section

TASK = KIND = "import"
AT_ONCE_BYTES = 2_000_000
"""Smaller files are in before a process of its own would have started."""
SHOWN_WHOLE = 3
"""More files than these are a table, and each is opened by itself."""
_stop = threading.Event()
"""Asks the import under way to stop; there is one for each process, as there is one import."""


def draw() -> None:
    """Draw the page."""
    project = state.current_project()
    page_header(
        t("Import"), t("Bring in conversations: look at what a file holds, say what its classes are, import.")
    )
    task = background.task(TASK)
    if task is not None and task.running:
        _under_way()
        return
    job = following.current(project, KIND)
    if job is not None and job.live:
        section(t("Importing"))
        following.watch(project, job, label=t("Rows read"))
        return
    if task is not None and task.error is not None:
        error_box(task.error)
        background.forget(TASK)
    elif task is not None and task.result is not None:
        _result(project, task.result)
        draw_quarantine(project)
        return
    elif job is not None and job.status in ("done", "stopped") and work.has_result(project, job.id):
        _result(project, work.result(project, job.id))
        draw_quarantine(project)
        return
    elif job is not None:
        following.ended_early(project, job)
    if job is None:
        _unfinished(project)
    names = choose_sources()
    if names:
        _look(project, names)
    draw_quarantine(project)


def _under_way() -> None:
    section(t("Importing"), t("You may leave this page; the import goes on."))
    background.show(TASK, label=t("Rows read"))
    if _stop.is_set():
        st.caption(t("Stopping after the rows at hand…"))
    elif st.button(t("Stop"), key="import-stop", icon=":material/stop:"):
        _stop.set()
        st.rerun()


def _unfinished(project: Project) -> None:
    """Offer to go on with an import that was stopped or killed."""
    found = importing.unfinished_import(project)
    if found is None or st.session_state.get("import-passed-over") == found.action.id:
        return
    with st.container(border=True, key="wb-import-unfinished"):
        st.markdown(
            t(
                "The import of **{files}** did not come to its end; {n} conversations are in. "
                "Going on adds only what is missing.",
                files=plain(", ".join(Path(f).name for f in found.files[:3])),
                n=found.action.affected,
            )
        )
        with st.container(horizontal=True):
            _go_on(project, found)
            if st.button(t("Leave it"), key="import-leave"):
                st.session_state["import-passed-over"] = found.action.id
                st.rerun()


def _go_on(project: Project, found: importing.Unfinished) -> None:
    """Draw the button that imports the rest."""
    if st.button(t("Go on"), type="primary", key="import-resume", icon=":material/play_arrow:"):
        _dismiss(project)
        _start(project, importing.asked_again(found))


@st.cache_data(show_spinner=False, max_entries=50)
def _report(path: str, _stamp: tuple[int, int], mappings: Mapping[str, Mapping[str, object]]) -> FileReport:
    """Look at a file; the stamp and the mappings make a changed file or choice a new question."""
    known = {name: ColumnMapping.from_dict(value) for name, value in mappings.items()}
    return importing.inspect_file(path, mappings=known)


def _look(project: Project, names: Sequence[str]) -> None:
    """Show what each file holds, then the classes and the button."""
    reports: list[FileReport] = []
    mappings = {name: m.to_dict() for name, m in importing.remembered_mappings(project).items()}
    for path in _named(names):
        reports += _look_at(project, path, mappings)
    if len(reports) > SHOWN_WHOLE:
        show_many(reports)
    for report in reports:
        if len(reports) <= SHOWN_WHOLE:
            show_report(report)
        if report.schema and st.button(
            t("Change the columns of {name}", name=plain(name_of(report))), key=f"import-remap-{report.path}"
        ):
            importing.remember_mapping(project, report.schema, None, actor=state.curator())
            st.rerun()
    if not reports:
        return
    choice = choose_classes(reports, curation.class_table(project))
    if all(report.complete for report in reports):
        st.caption(_in_all(reports))
    else:
        st.caption(t("Counted in the first rows of each large file; what follows is imported in the same way."))
    label = tn(len(reports), "Import this file", "Import these {n} files")
    if st.button(label, type="primary", icon=":material/download:", key="import-go"):
        paths = [report.path for report in reports]
        asked = {"class_field": choice.field, "class_map": choice.mapping, "class_name": choice.class_name}
        _start(project, {"paths": paths, **asked})


def _named(names: Sequence[str]) -> list[str]:
    """Return the files that names mean, each once; a name that means none is shown as a fault."""
    found: list[str] = []
    for name in names:
        try:
            found += importing.find_sources([name])
        except CrlftError as error:
            error_box(error)
    return list(dict.fromkeys(found))


def _in_all(reports: Sequence[FileReport]) -> str:
    rows = sum(report.rows_seen for report in reports)
    conversations = sum(report.conversations for report in reports)
    counted = tn(rows, "{n} row in all", "{n} rows in all")
    if conversations == rows:
        return counted
    return f"{counted} · {tn(conversations, '{n} conversation', '{n} conversations')}"


def _look_at(project: Project, path: str, mappings: Mapping[str, Mapping[str, object]]) -> list[FileReport]:
    """Return a file's report; a fault, or the choice of its columns, is drawn instead."""
    file = Path(path)
    stamp = file.stat() if file.is_file() else None
    try:
        with st.spinner(t("Looking at {name}…", name=file.name)):
            return [_report(path, (stamp.st_size, stamp.st_mtime_ns) if stamp else (0, 0), mappings)]
    except UnknownSchema as schema:
        map_columns(project, file.name, schema)
    except CrlftError as error:
        error_box(error)
    return []


def _start(project: Project, request: Mapping[str, Any]) -> None:
    """Import small files here and now, all others as a job."""
    _stop.clear()
    sizes = [Path(p).stat().st_size if Path(p).is_file() else AT_ONCE_BYTES for p in request["paths"]]
    names = ", ".join(Path(p).name for p in request["paths"][:3])
    small = sum(sizes) < AT_ONCE_BYTES
    title = f"import of {names}"
    following.begin(project, KIND, request, title=title, small=small, key=TASK, should_stop=_stop.is_set)
    st.session_state.pop(CHOSEN, None)
    st.rerun()


def _dismiss(project: Project) -> None:
    """Put the last import's result away."""
    background.forget(TASK)
    following.done_with(project, KIND)


def _by_class(report: ImportReport) -> None:
    """Say what classes the rows brought, where they brought any."""
    counts = {t("untagged") if name == "none" else plain(name): n for name, n in report.classes.items() if n}
    if set(report.classes) - {"none"} and counts:
        st.caption(t("By class: {what}", what=", ".join(f"{name} × {n:,}" for name, n in counts.items())))


def _result(project: Project, report: ImportReport) -> None:
    """Say where every row went, and what comes next."""
    read_as = t("read as {format}", format=title_of(report.format))
    section(t("Stopped") if report.stopped else t("Imported"), read_as)
    pairs = report.conversations != report.imported
    metric_row(
        [
            (t("Rows in the files"), report.rows, t("up to where it was stopped") if report.stopped else ""),
            (
                t("Imported"),
                report.imported,
                t("{n} conversations", n=report.conversations) if pairs else t("new conversations"),
            ),
            (t("Already there"), report.already_there, t("same content, kept once")),
            (t("In quarantine"), report.quarantined, t("could not be read; see below")),
        ]
    )
    st.caption(
        t(
            "{rows} rows = {imported} imported + {there} already there + {bad} in quarantine",
            rows=report.rows,
            imported=report.imported,
            there=report.already_there,
            bad=report.quarantined,
        )
    )
    _by_class(report)
    if report.already_there and not report.imported and not report.quarantined:
        st.info(t("Nothing new: the project has all of it already."), icon=":material/check:")
    if report.repairs:
        mended = ", ".join(f"{in_words(name)} × {n:,}" for name, n in report.repairs.items())
        st.caption(t("Mended on reading: {what}", what=mended))
    with st.container(horizontal=True, key="wb-import-next"):
        rest = importing.unfinished_import(project) if report.stopped else None
        if rest is not None:
            _go_on(project, rest)
        weight: Literal["primary", "secondary"] = "secondary" if rest else "primary"
        if st.button(t("Browse them"), type=weight, key="import-browse", disabled=not report.rows):
            _dismiss(project)
            goto("browse")
        if st.button(t("Import more"), key="import-more"):
            _dismiss(project)
            st.rerun()
        if report.conversations and st.button(t("Undo this import"), key="import-undo", icon=":material/undo:"):
            acting.undo(project, report.action.id)
            _dismiss(project)
            st.rerun()
