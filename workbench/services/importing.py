"""Files into the project: every row is imported, already there, or in quarantine with a reason.

    report = inspect_file(path)                     # look first; nothing changes
    report = import_files(project, [path], actor="ann", class_field="generator", class_map={"gpt4": "expert"})
    undo(project, report.action.id, actor="ann")    # drops what came in, with the reason

Rows are stored in transactions of some thousands: a killed import keeps what it had, and importing the same file
again adds only the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crlft.errors import DataError
from crlft.formats.columns import get_column
from crlft.formats.mapping import ColumnMapping
from crlft.formats.sources import find_files, is_hub_name
from workbench.curate.tokens import TokenCounter
from workbench.domain.curation import Action
from workbench.domain.errors import ImportFault
from workbench.services.arrivals import ANY_OTHER, ClassChoice
from workbench.services.columns import remember_mapping, remembered_mappings
from workbench.services.import_run import (
    FINISHED,
    STOPPED,
    UNDER_WAY,
    ImportReport,
    ImportRun,
    OnProgress,
    ShouldStop,
)
from workbench.services.inspecting import FileReport, UnknownSchema, inspect_file, open_file
from workbench.services.progress import current_round
from workbench.services.project import Project
from workbench.services.tagrules import apply_rules
from workbench.store.actions import list_actions
from workbench.store.classes import read_scheme
from workbench.store.quarantine import QuarantineRow, list_quarantine

__all__ = [
    "ANY_OTHER",
    "FileReport",
    "ImportFault",
    "ImportReport",
    "OnProgress",
    "QuarantineRow",
    "Unfinished",
    "UnknownSchema",
    "asked_again",
    "find_sources",
    "get_column",
    "import_files",
    "inspect_file",
    "quarantine_rows",
    "remember_mapping",
    "remembered_mappings",
    "resume_import",
    "unfinished_import",
]


def import_files(
    project: Project,
    paths: Sequence[Path | str],
    *,
    actor: str,
    class_field: str | None = None,
    class_map: Mapping[str, str] | None = None,
    class_name: str | None = None,
    format: str | None = None,
    mapping: ColumnMapping | None = None,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
    round: int | None = None,
    counter: TokenCounter | None = None,
) -> ImportReport:
    """Import files; every file is opened and its format found before the first row is stored.

    Args:
        project: The project.
        paths: Files, folders, globs, or hub datasets (`hub:owner/name`).
        actor: Who imports.
        class_field: The row's field whose value decides the class.
        class_map: Value to class, `*` for all other values; without it values that are class names count. Rows
            without a value stay untagged.
        class_name: One class for every row instead.
        format: Read all files as this format; None finds out for each.
        mapping: Which column is what in all files; None finds out, by mappings remembered where no format fits.
        on_progress: Called after each transaction.
        should_stop: Asked between transactions; what is stored stays, and importing the same again goes on.
        round: The round they arrive in; None is the current one.
        counter: Counts tokens; None is the default one.

    Raises:
        ImportFault: A file cannot be read at all, or the classes asked for make no sense; nothing was stored.
    """
    files = find_sources(paths)
    with project.database.read() as connection:
        choice = ClassChoice(read_scheme(connection), class_name, class_field, dict(class_map or {}))
        number = round or current_round(connection)
    choice.check()
    remembered = remembered_mappings(project)
    formats = []
    for path in files:
        with open_file(path, format, mapping, remembered) as file:
            formats.append(file.detection.format)
    params = {
        "files": files,
        "format": ", ".join(dict.fromkeys(formats)),
        "stated_format": format,
        "class_field": class_field,
        "class_map": dict(choice.class_map),
        "class_name": class_name,
        "mapping": mapping.to_dict() if mapping is not None else None,
    }
    run = ImportRun(project, actor, choice, number, counter, params, on_progress, should_stop)
    for path in files:
        if not run.stopped:
            with open_file(path, format, mapping, remembered) as file:
                run.take(file)
    report = run.finish()
    apply_rules(project, actor=actor)  # an entry of its own in the log, undone by itself
    return report


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An import that was stopped, or killed.

    Attributes:
        action: Its entry of the log; `affected` conversations are in.
        files: What was asked for.
    """

    action: Action
    files: list[str]


def unfinished_import(project: Project) -> Unfinished | None:
    """Return the newest import that did not come to its end, unless it was undone or its files imported since."""
    with project.database.read() as connection:
        log = list_actions(connection, 50, kind="import")
    since: set[str] = set()
    for action in log:
        files = list(action.params.get("files", ()))
        state = action.params.get("state")
        if state in (UNDER_WAY, STOPPED) and action.undone_by is None and not since.issuperset(files):
            return Unfinished(action, files)
        if state == FINISHED:
            since.update(files)
    return None


def resume_import(
    project: Project,
    unfinished: Unfinished,
    *,
    actor: str,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
    counter: TokenCounter | None = None,
) -> ImportReport:
    """Import the same again, as it was asked for: what is in is counted as already there.

    Raises:
        ImportFault: As `import_files`.
    """
    asked = asked_again(unfinished)
    stated = asked.pop("mapping")
    return import_files(
        project,
        asked.pop("paths"),
        actor=actor,
        **asked,
        mapping=ColumnMapping.from_dict(stated) if stated else None,
        on_progress=on_progress,
        should_stop=should_stop,
        counter=counter,
    )


def asked_again(unfinished: Unfinished) -> dict[str, Any]:
    """Return what an unfinished import was asked with, as JSON: `paths`, `format`, `mapping` and the classes."""
    asked = unfinished.action.params
    same = {name: asked.get(name) for name in ("class_field", "class_map", "class_name", "mapping")}
    return {"paths": unfinished.files, "format": asked.get("stated_format"), **same}


def find_sources(names: Sequence[Path | str]) -> list[str]:
    """Return what files, folders, globs and hub names mean: absolute paths and hub names, each once.

    Raises:
        ImportFault: Nothing was named, or a name means nothing.
    """
    if not names:
        raise ImportFault("no file was named", "name at least one")
    hub = [str(name) for name in names if is_hub_name(str(name))]
    try:
        files = find_files([Path(name).expanduser() for name in names if str(name) not in hub])
    except DataError as error:
        raise ImportFault(error.message, error.remedy) from error
    return list(dict.fromkeys([*(str(path.resolve()) for path in files), *hub]))


def quarantine_rows(project: Project, limit: int = 50, offset: int = 0) -> list[QuarantineRow]:
    """Return rows that could not be read, newest first, with file, line, reason and text."""
    with project.database.read() as connection:
        return list_quarantine(connection, limit, offset)
