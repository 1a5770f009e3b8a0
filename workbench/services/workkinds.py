"""The kinds of work on the project's own data: what is done, how its result is kept and read again.

A kind's `perform` is the service that the shell calls too. Its result is kept in the store where it belongs
there, else in the job's folder; never as pickle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crlft.formats.mapping import ColumnMapping
from crlft.runfolder import RunFolder
from workbench.domain.curation import Action, Plan
from workbench.domain.errors import NotFound
from workbench.services import (
    cleaning,
    curation,
    decontamination,
    duplicates,
    importing,
    leakfile,
    planfile,
    scanfile,
)
from workbench.services.evalitems import HELD_OUT_NAME, held_out_items, read_items
from workbench.services.project import Project

RESULT = "result.json"


class StopAsked(Exception):
    """Somebody asked the work to stop, and nothing that was not committed is kept.

    Attributes:
        done: How far it had come.
    """

    def __init__(self, done: int) -> None:
        super().__init__(f"stopped at {done}")
        self.done = done


def _never() -> bool:
    return False


@dataclass(slots=True)
class Watch:
    """Who looks on while work is done.

    Attributes:
        on_progress: Told how far it is.
        stop_wanted: Asked whether it is to stop.
        job_id: The job's id; empty where it is none.
        folder: The job's folder; None where it is none.
        done: How far it is.
    """

    on_progress: Callable[[int, int | None], None] | None = None
    stop_wanted: Callable[[], bool] = _never
    job_id: str = ""
    folder: Path | None = None
    done: int = field(default=0, init=False)

    def report(self, done: int, total: int | None) -> None:
        """Pass on how far it is."""
        self.done = done
        if self.on_progress is not None:
            self.on_progress(done, total)

    def report_or_stop(self, done: int, total: int | None) -> None:
        """Pass on how far it is.

        Raises:
            StopAsked: It is to stop, and can be stopped anywhere.
        """
        self.report(done, total)
        if self.stop_wanted():
            raise StopAsked(done)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work.

    Attributes:
        perform: Does it.
        save: Keeps its result with the job.
        load: Returns the result of a job.
        bulk: Its large files, of no use once its result was taken.
    """

    perform: Callable[[Project, Mapping[str, Any], Watch], Any]
    save: Callable[[Any, RunFolder], None]
    load: Callable[[Project, RunFolder], Any]
    bulk: tuple[str, ...] = ()


def _search(project: Project, asked: Mapping[str, Any], watch: Watch) -> duplicates.DuplicateResult:
    return duplicates.find_duplicates(project, **asked, on_progress=watch.report_or_stop)


def _load_search(project: Project, folder: RunFolder) -> duplicates.DuplicateResult:
    return duplicates.load_duplicates(project, int(_kept(folder)["result"]))


def _find_leaks(project: Project, asked: Mapping[str, Any], watch: Watch) -> decontamination.LeakResult:
    files = [Path(path) for path in asked["files"]]
    items = [item for path in files for item in read_items(path)]
    names = [path.name for path in files]
    if asked["held_out"]:
        items += held_out_items(project)
        names.append(HELD_OUT_NAME)
    return decontamination.find_leaks(
        project,
        items,
        names=", ".join(names),
        query=asked["query"],
        by_meaning=asked["by_meaning"],
        actor=asked["actor"],
        on_progress=watch.report_or_stop,
    )


def _load_leaks(project: Project, folder: RunFolder) -> decontamination.LeakResult:
    return leakfile.read_leaks(folder.path)


def _scan(project: Project, asked: Mapping[str, Any], watch: Watch) -> cleaning.CleanScan:
    return cleaning.scan(
        project,
        asked["rules"],
        query=asked.get("query", ""),
        verdicts=asked.get("verdicts"),
        params=asked.get("params"),
        on_progress=watch.report_or_stop,
    )


def _load_scan(project: Project, folder: RunFolder) -> cleaning.CleanScan:
    return scanfile.read_scan(folder.path)


def _plan_cleaning(project: Project, asked: Mapping[str, Any], watch: Watch) -> Plan:
    """Plan what a scan's job has found, without the rules and the single hits that somebody left alone."""
    found = scanfile.read_scan(project.runs / asked["scan"]).without(asked["rules_off"])
    exclude = {(int(seq), str(rule)) for seq, rule in asked["unticked"]}
    return cleaning.plan_clean(project, found, exclude=exclude, on_progress=watch.report_or_stop)


def _load_plan(project: Project, folder: RunFolder) -> Plan:
    return planfile.read_plan(folder.path)


def _import(project: Project, asked: Mapping[str, Any], watch: Watch) -> importing.ImportReport:
    """Import; a stop keeps what is stored, and starting again counts it as already there."""
    stated = asked.get("mapping")
    return importing.import_files(
        project,
        asked["paths"],
        actor=asked["actor"],
        class_field=asked.get("class_field"),
        class_map=asked.get("class_map"),
        class_name=asked.get("class_name"),
        format=asked.get("format"),
        mapping=ColumnMapping.from_dict(stated) if stated else None,
        on_progress=watch.report,
        should_stop=watch.stop_wanted,
    )


def _save_import(report: importing.ImportReport, folder: RunFolder) -> None:
    fields = {name: getattr(report, name) for name in report.__dataclass_fields__ if name != "action"}
    folder.write_json(RESULT, {**fields, "action": report.action.id})


def _load_import(project: Project, folder: RunFolder) -> importing.ImportReport:
    kept = dict(_kept(folder))
    action = curation.get_action(project, int(kept.pop("action")))
    return importing.ImportReport(**kept, action=action)


def _apply(project: Project, asked: Mapping[str, Any], watch: Watch) -> Action:
    """Apply the plan that lies in the job's folder, once: what a killed start had committed is not done again."""
    if watch.folder is None:
        raise NotFound("a plan is applied from a job's folder", "use curation.apply_plan")
    before = curation.applied_by(project, watch.job_id)
    if before is not None:
        return before
    plan = planfile.read_plan(watch.folder)
    return curation.apply_plan(
        project, plan, actor=asked["actor"], job_id=watch.job_id, on_progress=watch.report_or_stop
    )


def _save_action(action: Action, folder: RunFolder) -> None:
    folder.write_json(RESULT, {"action": action.id})
    (folder.path / planfile.CHANGES).unlink(missing_ok=True)  # they stand in the log now


def _load_action(project: Project, folder: RunFolder) -> Action:
    return curation.get_action(project, int(_kept(folder)["action"]))


def _kept(folder: RunFolder) -> Mapping[str, Any]:
    kept = folder.read_json(RESULT)
    if kept is None:
        raise NotFound(f"job {folder.path.name} has left no result", "start the work anew from its page")
    return kept


KINDS: dict[str, Kind] = {
    "dedupe": Kind(_search, lambda found, folder: folder.write_json(RESULT, {"result": found.id}), _load_search),
    "leaks": Kind(
        _find_leaks,
        lambda found, folder: leakfile.write_leaks(found, folder.path),
        _load_leaks,
        bulk=(leakfile.LEAKS,),
    ),
    "clean": Kind(
        _scan, lambda found, folder: scanfile.write_scan(found, folder.path), _load_scan, bulk=(scanfile.HITS,)
    ),
    "plan": Kind(
        _plan_cleaning,
        lambda plan, folder: planfile.write_plan(plan, folder.path),
        _load_plan,
        bulk=(planfile.CHANGES,),
    ),
    "import": Kind(_import, _save_import, _load_import),
    "apply": Kind(_apply, _save_action, _load_action, bulk=(planfile.CHANGES,)),
}
"""What `workbench.services.work` can start."""
