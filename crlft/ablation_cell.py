"""One cell of an ablation: train one method with one seed, ask it, check its answers.

    OUT/cells/METHOD-SEED/
        config.json, events.jsonl, checkpoints/, model/    the training run (`crlft.runfolder`)
        cell.json        what to ask the model
        answers/         the generation job: request.json → results.jsonl
        result.json      the checked answers: the cell is done

Every part is restartable: training goes on from its checkpoint, answering with what is still missing. Needs torch.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from crlft.checkedprompts import CheckedPrompt, read_checked_prompts
from crlft.checks import check_answer
from crlft.errors import CrlftError, RunError
from crlft.events import Listener
from crlft.runfolder import RunFolder

RESULT = "result.json"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell has to do besides training.

    Attributes:
        method: The training method.
        seed: The seed.
        identity: Hash of everything that decides the result.
        prompts: File of the prompts, absolute.
        group_by: Field of a prompt's line that names its group; empty for none.
        max_new_tokens: Longest answer.
        keep_model: Keep the model folder when done.
    """

    method: str
    seed: int
    identity: str
    prompts: str
    group_by: str
    max_new_tokens: int
    keep_model: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the content of `cell.json`."""
        return asdict(self)


def run_cell(folder: Path, listener: Listener | None = None) -> bool:
    """Carry out a cell; return False where it was stopped before it was done.

    Raises:
        CrlftError: Training or answering failed; the folder says so too.
    """
    cell = _read_cell(folder)
    with FileLock(folder / "cell.lock"):  # of an ablation that was killed, a cell may still be at work
        if (folder / RESULT).exists():
            return True
        return _carry_out(cell, RunFolder(folder), listener)


def _carry_out(cell: Cell, run: RunFolder, listener: Listener | None) -> bool:
    marker = run.marker()
    if not (marker and marker[0] == "done" and run.model.exists()) and not _train(run, listener):
        return False
    from crlft.generation import run_generation
    from crlft.modelfolder import read_card
    from crlft.worker import run_job

    prompts, _ = read_checked_prompts(Path(cell.prompts), cell.group_by)
    card = read_card(run.model)
    if card is None:
        raise RunError(f"{run.model}: has no crlft.json", "delete the cell's folder and start again")
    asked = conditions_to_ask(card.scheme.best.condition, card.scheme.worst.condition, card.method)
    answers = run.path / "answers"
    answers.mkdir(exist_ok=True)
    config = run.read_json("config.json") or {}
    RunFolder(answers).write_json(
        "request.json",
        {
            "columns": [{"model": str(run.model), "condition": text} for text in asked.values()],
            "prompts": [{"id": p.id, "messages": [t.to_dict() for t in p.turns]} for p in prompts],
            "max_new_tokens": cell.max_new_tokens,
            "threads": config.get("threads"),
            "device": config.get("device"),
        },
    )
    if run_job(answers, run_generation)["status"] != "done":
        return False
    run.write_json(RESULT, _result(cell, run, asked, prompts))
    clear_cell(run.path, keep_model=cell.keep_model)
    return True


def conditions_to_ask(best: str, worst: str, method: str) -> dict[str, str]:
    """Return what to ask a model under: its best and worst condition, or none where it learnt none."""
    from crlft.methods import METHODS

    if not METHODS[method].conditioned:
        return {"best": ""}
    return {"best": best, "worst": worst} if worst != best else {"best": best}


def clear_cell(folder: Path, *, keep_model: bool) -> None:
    """Delete what a finished cell no longer needs."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    if not keep_model:
        shutil.rmtree(folder / "model", ignore_errors=True)


def check_texts(prompts: Sequence[CheckedPrompt], texts: Mapping[str, str]) -> dict[str, list[int]]:
    """Return 1 or 0 for each prompt: `right` (states what is so) and `full` (also as it should be said)."""
    found = [check_answer(p.check, texts[p.id]) for p in prompts]
    return {"right": [int(f.correct) for f in found], "full": [int(f.full) for f in found]}


def _train(run: RunFolder, listener: Listener | None) -> bool:
    from crlft.config import RunConfig
    from crlft.training import run_training

    body = run.read_json("config.json")
    if body is None:
        raise RunError(f"{run.path}: no config.json", "delete the cell's folder and start again")
    outcome = run_training(RunConfig.from_dict(body), run.path, listener)
    if outcome.status == "failed":
        raise CrlftError(f"{run.path.name}: {outcome.error}", outcome.remedy)
    return outcome.status == "done"


def _read_cell(folder: Path) -> Cell:
    body = RunFolder(folder).read_json("cell.json")
    if body is None:
        raise RunError(f"{folder}: no cell.json", "name a cell that `crlft ablate` has made")
    return Cell(**body)


def _result(
    cell: Cell, run: RunFolder, asked: Mapping[str, str], prompts: Sequence[CheckedPrompt]
) -> dict[str, Any]:
    lines = (run.path / "answers" / "results.jsonl").read_bytes().splitlines()
    rows = [json.loads(line) for line in lines]
    answers = {
        condition: check_texts(prompts, {r["prompt_id"]: r["text"] for r in rows if r["column"] == column})
        for column, condition in enumerate(asked)
    }
    marker = run.marker()
    metrics = marker[1]["metrics"] if marker else {}
    held_out = metrics.get("held_out") or {}
    return {
        "method": cell.method,
        "seed": cell.seed,
        "identity": cell.identity,
        "asked": dict(asked),
        "prompts": [p.id for p in prompts],
        "groups": [p.group for p in prompts],
        "answers": answers,
        "unanswered": sum(bool(r.get("error")) for r in rows),
        "loss_by_class": held_out.get("loss_by_class", {}),
        "swap": held_out.get("swap", {}),
        "seconds": metrics.get("seconds"),
        **_budget(run),
    }


def _budget(run: RunFolder) -> dict[str, Any]:
    """Return what the training saw, from its own events: tokens are counted, not planned."""
    events, _ = run.read_events()
    data = next(e for e in reversed(events) if e["event"] == "data")
    steps = {e["step"]: e for e in events if e["event"] == "step"}
    return {
        "steps": len(steps),
        "epochs": data["epochs"],
        "tokens": sum(e["tokens"] for e in steps.values()),
        "supervised_tokens": sum(e["tokens"] * e["supervised_share"] for e in steps.values()),
        "classes": {
            row["name"]: {"supervised_tokens": row["supervised_tokens"], "mass_share": row["mass_share"]}
            for row in data["classes"]
        },
        "learning_rate": data["resolved"]["learning_rate"],
    }
