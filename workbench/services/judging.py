"""The model judges the data: which tags are suspect, what the untagged look like, and how far to believe it.

    start_suggest → job writes results.jsonl → collect_suggest → review_queue, plan_proposals, confirm_tags

How far: some tags are swapped before the folds are trained (canaries, see `workbench.curate.evidence`), and the
detector that finds most of them ranks the rest. Every decision is an ordinary action of the log, with undo.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from crlft.condition import ClassScheme
from crlft.config import RunConfig
from crlft.errors import DataError
from crlft.folds import SuggestRequest
from crlft.modelfolder import read_card
from crlft.runfolder import RunFolder
from workbench.curate.evidence import UNTAGGED, plant_canaries
from workbench.domain.curation import Plan
from workbench.domain.errors import JobError, PlanError
from workbench.domain.run import Job
from workbench.jobs import crlft_command, default_device, new_job_id, start_job
from workbench.services import curation, jobs
from workbench.services.agreement import begin_point, end_point
from workbench.services.bases import resolve_base
from workbench.services.browsing import iterate_records
from workbench.services.heldout import held_out_term
from workbench.services.judged import Detected, judge
from workbench.services.project import Project
from workbench.store import judgements as store
from workbench.store.actions import record_action
from workbench.store.classes import read_scheme
from workbench.store.judgements import ORDERS, Judgement
from workbench.store.settings import get_setting, set_setting

__all__ = [
    "ORDERS",
    "Judgement",
    "SuggestReport",
    "collect_suggest",
    "confirm_tags",
    "plan_proposals",
    "reopen_tags",
    "review_queue",
    "start_suggest",
    "suggest_job",
    "suggest_report",
    "wait_for_suggest",
]

CANARY_SHARE = 0.05
"""Share of a pair's smaller class whose tags are swapped each way to measure the detectors."""
_SETTING = "suggest"
_TAKEN_OVER = (
    "template",
    "condition_placement",
    "max_tokens",
    "learning_rate",
    "step_tokens",
    "precision",
    "adapter",
)
"""Settings of the run that its folds share."""


@dataclass(frozen=True, slots=True)
class SuggestReport:
    """What was judged, and how far to believe it.

    Attributes:
        job_id: The job.
        run: The run whose base (or model) judged.
        in_sample: True where the model had trained on what it judged: its suspicions are then too few.
        detector: Whose probabilities rank the queue.
        detections: Every detector on the canaries, best first; none in sample.
        canaries: How many tags were swapped for measuring.
        judged: Conversations with a judgement.
        unscored: Conversations without one (no answer, or none within the context).
        issues: Suspected tags still to be decided.
        tagged: Other tags still to be decided.
        untagged: Proposals for untagged conversations still to be decided.
        agreement: (tag now, proposal, conversations).
    """

    job_id: str
    run: str
    in_sample: bool
    detector: str
    detections: tuple[Detected, ...] = ()
    canaries: int = 0
    judged: int = 0
    unscored: int = 0
    issues: int = 0
    tagged: int = 0
    untagged: int = 0
    agreement: tuple[tuple[str, str, int], ...] = field(default=())


def start_suggest(
    project: Project,
    run: str,
    *,
    folds: int = 3,
    steps: int | None = None,
    in_sample: bool = False,
    canaries: float = CANARY_SHARE,
    seed: int = 1,
    actor: str,
) -> Job:
    """Start the job that scores every conversation that is not dropped under every class.

    Args:
        project: The project.
        run: A finished run: its base starts the folds, its template and context hold.
        folds: Number of folds; each one costs a short fine-tuning.
        steps: Steps of each fold's fine-tuning; None leaves it to the trainer.
        in_sample: True scores with the run's own model instead: no training, but it vouches for what it learnt.
        canaries: Share of tags swapped to measure the detectors; 0 for none.
        seed: Seeds the choice of canaries.
        actor: Who asks.

    Raises:
        WorkbenchError: The run has no model, a class has no conversation, or the job cannot be started.
    """
    card = read_card(jobs.job_folder(project, run) / "model")
    if card is None:
        raise JobError(f"run {run} has no finished model", "let it end, or name another run")
    if not 0 <= canaries <= 0.1:
        raise PlanError(f"canaries is {canaries:g}, it must lie between 0 and 0.1", "0.05 is a good share")
    with project.database.read() as connection:
        scheme = read_scheme(connection)
    job_id = new_job_id("suggest")
    folder = RunFolder(jobs.runs_dir(project) / job_id)
    base = str(jobs.get_job(project, run).params.get("base", "offline"))
    try:
        folder.path.mkdir(parents=True)
        swapped = _write_data(project, folder, scheme, 0.0 if in_sample else canaries, seed)
        request = SuggestRequest(
            data=str(folder.path / "data.jsonl"),
            scheme=scheme,
            base=resolve_base(project, base).model,
            model=str(folder.path.parent / run / "model") if in_sample else None,
            folds=folds,
            settings=_settings(project, run, steps),
        )
        folder.write_json("request.json", request.to_dict())
    except OSError as error:
        raise JobError(f"cannot write {folder.path}: {error.strerror}", "make room on the disk") from error
    params = {"run": run, "in_sample": in_sample, "folds": folds, "canaries": len(swapped)}
    folder.write_json("judged.json", {**params, "swapped": swapped})
    start_job(
        jobs.runs_dir(project),
        "suggest",
        crlft_command("suggest", "--run", "{run}"),
        job_id=job_id,
        title=f"judge tags by {run}" + (" (in sample)" if in_sample else f", {folds} folds"),
        params=params,
        device=default_device(),
        offline=True,
    )
    with project.database.write() as connection:
        record_action(connection, "suggest", f"judge tags by {run}", actor, params={**params, "job": job_id})
    return jobs.get_job(project, job_id)


def _write_data(
    project: Project, folder: RunFolder, scheme: ClassScheme, share: float, seed: int
) -> dict[str, str]:
    """Write what is judged; return the swapped tags: row number → the class it really has.

    Raises:
        PlanError: A class has no conversation.
    """
    names = [c.name for c in scheme.classes]
    with (folder.path / "all.jsonl").open("w", encoding="utf-8") as file:
        tags, seqs = [], []
        for record in iterate_records(project, f"-status:dropped -{held_out_term(project)}"):
            tags.append(names.index(c) if (c := record.conversation.class_name) in names else UNTAGGED)
            seqs.append(record.seq)
            plain = replace(record.conversation, id=str(record.seq), metadata={"status": record.status}, source="")
            file.write(json.dumps(plain.to_dict(), ensure_ascii=True) + "\n")
    missing = [name for i, name in enumerate(names) if i not in tags]
    if missing:
        raise PlanError(f"no conversation is tagged {missing[0]!r}", "tag some first, or remove the class")
    swap = plant_canaries(np.array(tags), len(names), share, seed) if share else {}
    with (
        (folder.path / "all.jsonl").open(encoding="utf-8") as source,
        (folder.path / "data.jsonl").open("w", encoding="utf-8") as target,
    ):
        for index, line in enumerate(source):
            row = json.loads(line) | {"class": names[swap[index]]} if index in swap else None
            target.write(json.dumps(row) + "\n" if row else line)
    (folder.path / "all.jsonl").unlink()
    return {str(seqs[i]): names[tags[i]] for i in swap}


def _settings(project: Project, run: str, steps: int | None) -> dict[str, Any]:
    asked = RunFolder(jobs.job_folder(project, run)).read_json("config.json") or {}
    defaults = RunConfig().to_dict()
    taken = {k: asked[k] for k in _TAKEN_OVER if k in asked and asked[k] != defaults[k]}
    return {**taken, **({"steps": steps} if steps else {})}


def suggest_job(project: Project) -> Job | None:
    """Return the newest judging job, or None."""
    return next(iter(jobs.all_jobs(project, "suggest")), None)


def collect_suggest(project: Project, job_id: str) -> SuggestReport:
    """Turn a finished job's scores into judgements, in place of all earlier ones, and report.

    Raises:
        JobError: The job has not come to its end.
        NotFound: There is no such job.
    """
    job = jobs.get_job(project, job_id)
    if job.status != "done":
        raise JobError(f"job {job_id} is {job.status}", job.remedy or "let it end, or resume it")
    with project.database.read() as connection:
        known = get_setting(connection, _SETTING)
        scheme = read_scheme(connection)
    if known and known["job_id"] == job_id:
        return _report(project, known)
    folder = RunFolder(jobs.job_folder(project, job_id))
    facts = folder.read_json("judged.json") or {}
    request = SuggestRequest.from_dict(folder.read_json("request.json") or {})
    if [c.name for c in request.scheme.classes] != [c.name for c in scheme.classes]:
        raise JobError("the classes have changed since the job began", "judge again")
    try:
        verdict = judge(folder, scheme, facts.get("swapped", {}), in_sample=bool(facts.get("in_sample")))
    except (OSError, DataError) as error:
        raise JobError(f"job {job_id}: its scores cannot be read: {error}", "judge again") from error
    known = {
        "job_id": job_id,
        "run": facts.get("run", ""),
        "in_sample": bool(facts.get("in_sample")),
        "detector": verdict.detector,
        "detections": [asdict(d) for d in verdict.detections],
        "canaries": len(facts.get("swapped", {})),
        "judged": len(verdict.judgements),
        "unscored": verdict.unscored,
    }
    with project.database.write() as connection:
        end_point(connection)
        store.replace_judgements(connection, verdict.judgements)
        set_setting(connection, _SETTING, known)
        begin_point(connection, known, job.created_at)
    return _report(project, known)


def suggest_report(project: Project) -> SuggestReport | None:
    """Return what the last collected job said, as it stands now; None where nothing was judged."""
    with project.database.read() as connection:
        known = get_setting(connection, _SETTING)
    return _report(project, known) if known else None


def _report(project: Project, known: Mapping[str, Any]) -> SuggestReport:
    with project.database.read() as connection:
        issues, tagged, untagged = store.count_open(connection)
        table = store.agreement(connection)
    detections = tuple(Detected(**d) for d in known["detections"])
    rest = {k: v for k, v in known.items() if k != "detections"}
    return SuggestReport(
        **rest, detections=detections, issues=issues, tagged=tagged, untagged=untagged, agreement=tuple(table)
    )


def wait_for_suggest(project: Project, job_id: str, on_event: jobs.OnEvent | None = None) -> SuggestReport:
    """Follow a job to its end, then collect it.

    Raises:
        JobError: It failed, was stopped or killed.
    """
    job = jobs.wait_for(project, job_id, on_event)
    if job.status != "done":
        raise JobError(f"job {job_id} {job.status}: {job.error}", job.remedy or "resume it, or judge again")
    return collect_suggest(project, job_id)


def review_queue(
    project: Project,
    *,
    order: str = "suspicion",
    tagged: bool = True,
    limit: int = 50,
    issues_only: bool = False,
) -> list[Judgement]:
    """Return what is still to be decided, first what deserves a look most.

    Args:
        project: The project.
        order: `suspicion`, `uncertainty` or `mass` (reward mass at stake).
        tagged: Suspected tags; False gives proposals for untagged conversations, surest last under `uncertainty`.
        limit: How many.
        issues_only: Only tags that confident learning holds for wrong.

    Raises:
        PlanError: There is no such order.
    """
    if order not in ORDERS:
        raise PlanError(f"there is no order {order!r}", f"use one of {', '.join(ORDERS)}")
    with project.database.read() as connection:
        return store.queue(connection, order=order, tagged=tagged, limit=limit, issues_only=issues_only)


def plan_proposals(project: Project, seqs: Sequence[int]) -> Plan:
    """Plan to give conversations the classes that the model proposes; those without a proposal stay as they are.

    Raises:
        PlanError: A proposed class is gone.
    """
    with project.database.read() as connection:
        found = store.get_judgements(connection, seqs)
    groups: dict[str, list[int]] = {}
    for judgement in found.values():
        groups.setdefault(judgement.proposal, []).append(judgement.seq)
    plans = [curation.plan_tag(project, name, seqs=group) for name, group in sorted(groups.items())]
    changes = [c for plan in plans for c in plan.changes]
    n = len(changes)
    return Plan(
        "tag",
        f"tag {n:,} conversation{'' if n == 1 else 's'} as the model proposes",
        changes,
        "the model's proposal",
        sum(plan.unchanged for plan in plans),
        {"job": next(iter(found.values())).job_id if found else ""},
    )


def confirm_tags(project: Project, seqs: Sequence[int], *, actor: str) -> None:
    """Note that these tags are right whatever the model says; `reopen_tags` takes it back."""
    with project.database.write() as connection:
        store.confirm(connection, seqs, actor)
        record_action(connection, "confirm", f"confirm {len(seqs)} tags", actor, params={"seqs": list(seqs)})


def reopen_tags(project: Project, seqs: Sequence[int], *, actor: str) -> None:
    """Take a confirmation back: the conversations stand in the queue again."""
    with project.database.write() as connection:
        store.confirm(connection, seqs, "")
        record_action(connection, "confirm", f"reopen {len(seqs)} tags", actor, params={"seqs": list(seqs)})
