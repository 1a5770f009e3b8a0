"""`held-out`: the prompts that a project is judged by, and what of the data asks them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.shell import plural, shell_of
from workbench.services import browsing, heldout, prompts, promptsets

SHOWN = 12


def held_out(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="Hold out these: plain lines, or JSONL with prompt (or messages), id, check."),
    ] = None,
    draw: Annotated[int, typer.Option(help="Hold out so many prompts of the project, drawn by content.")] = 0,
    where: Annotated[str, typer.Option("--where", help="Draw from conversations that match.")] = "",
    leave_out: Annotated[
        str, typer.Option(help="Leave out of snapshots up to: copy, near (usual) or reworded.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for the log.")] = "",
) -> None:
    """Show or set the held-out prompts, and what of the data asks them and stays out of snapshots."""
    if file is not None and draw:
        raise typer.BadParameter("name a file or draw prompts, not both", param_hint="--draw")
    shell = shell_of(context)
    project = shell.project()
    if file is not None:
        prompts.set_held_out(project, prompts.read_prompts(file), actor=shell.actor)
    elif draw:
        prompts.set_held_out(project, promptsets.draw_prompts(project, draw, where), actor=shell.actor)
    if leave_out:
        heldout.leave_out(project, leave_out, actor=shell.actor, reason=reason)
    with shell.progress("Comparing prompts") as progress:
        heldout.compare_prompts(project, progress)
    counts = heldout.held_out_counts(project)
    found = heldout.held_out_conversations(project)
    rows = browsing.summaries(project, [h.seq for h in found[:SHOWN]])
    asking = {row.seq: row for row in rows}
    shell.finish(
        {
            "prompts": counts.prompts,
            "ways": dict(counts.ways),
            "left_out": list(counts.left_out),
            "conversations": [{**h._asdict(), "id": asking[h.seq].uid} for h in found[:SHOWN] if h.seq in asking],
        },
        f"{plural(counts.prompts, 'held-out prompt')}. Of the conversations that are tagged and not dropped, "
        f"{counts.out:,} stay out of snapshots and {counts.staying:,} that nearly ask one stay in.",
        *(
            f"  {way:<9} {n:>6,}  {'left out' if way in counts.left_out else 'stays in'}"
            for way, n in counts.ways.items()
        ),
        *(
            f"  {h.way:<9} {h.similarity:.2f}  {h.prompt_id}: {asking[h.seq].uid}  {asking[h.seq].prompt[:70]!r}"
            for h in found[:SHOWN]
            if h.seq in asking
        ),
    )


COMMANDS = (("held-out", held_out),)
