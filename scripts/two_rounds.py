"""Round 1 and round 2 on the sample data: does the review queue help more than looking at random?

    python scripts/two_rounds.py OUT [--seed 1] [--wrong-tags 0] [--decisions 200] [--steps 500]

Round 1 is trained on the sample data after duplicates and troubles are dealt with. Then the model judges the tags
(three held-out folds), and a careful curator, who knows the truth, decides the first conversations of the queue:
suspected tags, then untagged conversations by reward mass. Round 2 is trained on what stands after that. Beside it
stands another round 2, for which as many conversations were drawn at random and decided with the same care. All
three are asked the 300 held-out prompts as the best class, judged by program; differences are paired by prompt.

`--wrong-tags N` swaps N more tags beforehand, half in each direction: the sample plants thirty only. Every stage
is kept in OUT, so a run that was cut short goes on. The result is OUT/result.json and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "sample_data"))

import make as world  # noqa: E402

from workbench.services import (  # noqa: E402
    browsing,
    cleaning,
    comparing,
    curation,
    demo,
    duplicates,
    judging,
    rounds,
    snapshots,
    statistics,
    training,
)
from workbench.services.project import Project, open_project  # noqa: E402

CURATOR = "careful-curator"


def truth() -> dict[str, str]:
    """Return the class that every conversation of the sample really has, by its id in the files."""
    _, taboo = world.held_out(random.Random(f"{world.SEED} held-out"))
    talks, _ = world.conversations(random.Random(f"{world.SEED} conversations"), taboo)
    return {t.id: t.quality for t in talks}


def known(project: Project, right: dict[str, str]) -> dict[int, tuple[str | None, str]]:
    """Return for every conversation that is not dropped: number → (its tag, its true class)."""
    rows = browsing.iterate_records(project, "-status:dropped")
    return {
        r.seq: (r.conversation.class_name, right[r.conversation.id]) for r in rows if r.conversation.id in right
    }


def tag(project: Project, classes: dict[int, str]) -> int:
    """Give conversations their classes by ordinary, undoable actions; return how many changed."""
    changed = 0
    for name in sorted(set(classes.values())):
        plan = curation.plan_tag(project, name, seqs=[s for s, c in classes.items() if c == name])
        if plan.changes:
            changed += curation.apply_plan(project, plan, actor=CURATOR).affected
    return changed


def prepare(root: Path, right: dict[str, str], wrong_tags: int, seed: int) -> dict[str, Any]:
    """Import the sample, drop duplicates, clean, and swap some tags."""
    shutil.rmtree(root, ignore_errors=True)
    demo.make_demo(root, actor=CURATOR)
    project = open_project(root)
    found = duplicates.find_duplicates(project, method="near")
    curation.apply_plan(project, duplicates.plan_dedupe(project, found), actor=CURATOR)
    curation.apply_plan(project, cleaning.plan_clean(project, cleaning.scan(project)), actor=CURATOR)
    rows, rng = known(project, right), random.Random(seed)
    swapped = {}
    for name, other in (("expert", "sub"), ("sub", "expert")):
        own = sorted(s for s, (given, true) in rows.items() if given == true == name)
        swapped |= dict.fromkeys(rng.sample(own, wrong_tags // 2), other)
    tag(project, swapped)
    rows = known(project, right)
    wrong = sum(given is not None and given != true for given, true in rows.values())
    untagged = sum(given is None for given, _ in rows.values())
    snapshots.make_snapshot(project, "round-1", actor=CURATOR)
    project.close()
    return {"conversations": len(rows), "wrong_tags": wrong, "untagged": untagged}


def trained(root: Path, snapshot: str, steps: int, seed: int) -> dict[str, Any]:
    """Train on a snapshot and answer the held-out prompts; returns run, and (right, full) by prompt."""
    project = open_project(root)
    request = training.TrainRequest(snapshot=snapshot, overrides={"steps": steps, "seed": seed})
    job = training.wait_for(project, training.start_training(project, request, actor=CURATOR).id)
    if job.status != "done":
        raise SystemExit(f"run {job.id} {job.status}: {job.error}")
    best = curation.class_scheme(project).best.condition
    comparison = comparing.start_comparison(
        project,
        runs=[job.id],
        include_base=False,
        conditions=[best],
        prompts=comparing.held_out_prompts(project),
        sampling={"max_new_tokens": 64},
        actor=CURATOR,
    )
    grid = comparing.wait_for_comparison(project, comparison.id)
    cells = {row.prompt.id: row.cells[0] for row in grid.rows}
    project.close()
    return {"run": job.id, "verdicts": {p: [bool(c.correct), bool(c.full)] for p, c in cells.items() if c}}


def judged(root: Path, run: str, steps: int) -> dict[str, Any]:
    """Let the model judge the tags; returns the detector and its figures."""
    project = open_project(root)
    job = judging.start_suggest(project, run, folds=3, steps=steps, actor=CURATOR)
    report = judging.wait_for_suggest(project, job.id)
    project.close()
    return {"detector": report.detector, "auc": {d.detector: round(d.auc, 4) for d in report.detections}}


def decide(root: Path, right: dict[str, str], count: int, seed: int, *, by_queue: bool) -> dict[str, Any]:
    """Decide conversations with care, chosen by the queue or at random, and freeze round 2."""
    project = open_project(root)
    rows = known(project, right)
    if by_queue:
        queue = judging.review_queue(project, order="suspicion", limit=count, issues_only=True)
        queue += judging.review_queue(project, order="mass", tagged=False, limit=count)
        chosen = [j.seq for j in queue if j.seq in rows][:count]
        agreed = sum(j.proposal == rows[j.seq][1] for j in queue[:count] if j.seq in rows)
    else:
        chosen, agreed = random.Random(seed).sample(sorted(rows), count), 0
    rounds.start_next_round(project, actor=CURATOR)
    mended = sum(rows[s][0] not in (None, rows[s][1]) for s in chosen)
    newly = sum(rows[s][0] is None for s in chosen)
    changed = tag(project, {s: rows[s][1] for s in chosen})
    snapshots.make_snapshot(project, "round-2", actor=CURATOR)
    project.close()
    out = {"decided": len(chosen), "changed": changed, "mended": mended, "newly_tagged": newly}
    return {**out, "proposal_right": agreed} if by_queue else out


def stage(out: Path, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a stage's result, doing the work only once."""
    kept = out / f"{name}.json"
    if not kept.exists():
        sys.stderr.write(f"{name} …\n")
        kept.write_text(json.dumps(work()), encoding="utf-8")
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def difference(first: dict[str, Any], second: dict[str, Any], place: int) -> list[float]:
    """Return points by which the first lies above the second, with the paired 95 % interval."""
    pairs = [(first["verdicts"][p][place], second["verdicts"][p][place]) for p in first["verdicts"]]
    found = statistics.paired_difference(pairs)
    return [round(v, 1) for v in (found.points, found.low, found.high)] if found else []


def two_rounds(out: Path, *, seed: int, wrong_tags: int, decisions: int, steps: int) -> dict[str, Any]:
    """Carry out the whole; see the module."""
    out.mkdir(parents=True, exist_ok=True)
    right, queue, chance = truth(), out / "queue", out / "random"
    data = stage(out, "data", lambda: prepare(queue, right, wrong_tags, seed))
    first = stage(out, "round-1", lambda: trained(queue, "round-1", steps, seed))
    judgement = stage(out, "judged", lambda: judged(queue, first["run"], steps // 2))
    if not (out / "random-decisions.json").exists() and not (out / "queue-decisions.json").exists():
        shutil.rmtree(chance, ignore_errors=True)
        shutil.copytree(queue, chance)
    arms = {}
    for name, root in (("queue", queue), ("random", chance)):
        made = stage(
            out,
            f"{name}-decisions",
            lambda root=root, name=name: decide(root, right, decisions, seed, by_queue=name == "queue"),  # type: ignore[misc]
        )
        arms[name] = made, stage(out, f"{name}-round-2", lambda root=root: trained(root, "round-2", steps, seed))  # type: ignore[misc]
    figures = {}
    for place, what in enumerate(("right", "full")):
        rates = {
            n: round(sum(v[place] for v in r["verdicts"].values()) / len(r["verdicts"]), 4)
            for n, r in (("round_1", first), ("queue", arms["queue"][1]), ("random", arms["random"][1]))
        }
        figures[what] = {
            **rates,
            "queue_minus_round_1": difference(arms["queue"][1], first, place),
            "queue_minus_random": difference(arms["queue"][1], arms["random"][1], place),
        }
    return {
        "seed": seed,
        "steps": steps,
        "planted": wrong_tags,
        "data": data,
        "judged": judgement,
        "decisions": {n: made for n, (made, _) in arms.items()},
        **figures,
    }


def main() -> None:
    """Read the command line and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the projects and the stages")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wrong-tags", type=int, default=0, help="tags swapped beforehand, half each way")
    parser.add_argument("--decisions", type=int, default=200)
    parser.add_argument("--steps", type=int, default=500, help="of every run; each fold takes half")
    asked = parser.parse_args()
    result = two_rounds(
        asked.out, seed=asked.seed, wrong_tags=asked.wrong_tags, decisions=asked.decisions, steps=asked.steps
    )
    line = json.dumps(result)
    (asked.out / "result.json").write_text(line + "\n", encoding="utf-8")
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
