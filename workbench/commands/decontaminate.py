"""`decontaminate`: evaluation prompts out of the data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.commands.shell import plural, shell_of
from workbench.services import curation
from workbench.services.decontamination import (
    OVERLAP,
    SIMILARITY,
    Leak,
    LeakResult,
    find_leaks,
    leak_text,
    plan_decontamination,
)
from workbench.services.evalitems import HELD_OUT_NAME, held_out_items, read_items

SHOWN = 12


def decontaminate(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]…", help="Evaluation files; without any, the project's held-out prompts."),
    ] = None,
    overlap: Annotated[
        float, typer.Option(help="Share of a prompt's words that stand in common runs of eight.")
    ] = OVERLAP,
    similarity: Annotated[float, typer.Option(help="Least cosine of the embeddings.")] = SIMILARITY,
    meaning: Annotated[bool, typer.Option(help="Compare embeddings, too.")] = True,
    where: Annotated[str, typer.Option("--where", help="The conversations, as a query.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Drop them; without this they are only shown.")] = False,
) -> None:
    """Find conversations that leak what a model is to be evaluated on, and drop them."""
    shell = shell_of(context)
    project = shell.project()
    items = [item for file in files for item in read_items(file)] if files else held_out_items(project)
    names = ", ".join(file.name for file in files) if files else HELD_OUT_NAME
    with shell.progress("Looking for evaluation prompts") as progress:
        found = find_leaks(
            project,
            items,
            names=names,
            query=where,
            by_meaning=meaning,
            actor=shell.actor,
            on_progress=progress,
        )
    leaks = found.at(overlap, similarity)
    plan = plan_decontamination(project, found, overlap=overlap, similarity=similarity)
    action = curation.apply_plan(project, plan, actor=shell.actor) if apply and plan.affected else None
    texts = leak_text(project, leaks[:SHOWN])
    rows = [_row(found, leak, text) for leak, text in zip(leaks[:SHOWN], texts, strict=True)]
    data = {
        "action": action.id if action else None,
        "affected": plan.affected,
        "items": len(found.items),
        "considered": found.considered,
        "leaks": rows,
    }
    lines = [f"  {row['way']:<7} {row['score']:.2f}  {row['item']}: {row['text'][:90]}" for row in rows]
    if len(leaks) > SHOWN:
        lines.append(f"  … and {len(leaks) - SHOWN:,} more, more alike")
    last = f"Done (workbench undo {action.id} takes it back)." if action else "Add --apply to drop them."
    shell.finish(
        data,
        f"{plural(len(leaks), 'conversation')} of {found.considered:,} leak some of "
        f"{plural(len(found.items), 'evaluation prompt')}.",
        *lines,
        *([last] if leaks else []),
    )


def _row(found: LeakResult, leak: Leak, text: str) -> dict[str, Any]:
    spans = [asdict(span) for span in leak.spans]
    return {
        "seq": leak.seq,
        "item": found.items[leak.item].id,
        "way": leak.way,
        "score": leak.score,
        "side": leak.side,
        "spans": spans,
        "text": text,
    }


COMMANDS = (("decontaminate", decontaminate),)
