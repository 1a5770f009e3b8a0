"""`import`, `quarantine`, `search`, `snapshot`, `export`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.shell import plural, shell_of
from workbench.domain.errors import WorkbenchError
from workbench.services import browsing, importing, snapshots


def _class_map(pairs: list[str]) -> dict[str, str]:
    table = {}
    for pair in pairs:
        value, equals, name = pair.rpartition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not VALUE=CLASS", param_hint="--map")
        table[value] = name
    return table


def import_command(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files to import.")],
    class_name: Annotated[str | None, typer.Option("--class", help="One class for every row.")] = None,
    class_field: Annotated[str | None, typer.Option(help="The field that names who answered.")] = None,
    class_map: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="VALUE=CLASS", help="Class for a value of that field; * for the others."),
    ] = None,
    format_name: Annotated[str | None, typer.Option("--format", help="Do not detect: read as this.")] = None,
) -> None:
    """Import conversations; what cannot be read goes to quarantine."""
    shell = shell_of(context)
    project = shell.project()
    with shell.progress("Importing") as progress:
        report = importing.import_files(
            project,
            files,
            actor=shell.actor,
            class_field=class_field,
            class_map=_class_map(class_map or []),
            class_name=class_name,
            format=format_name,
            on_progress=progress,
        )
    lines = [
        f"{plural(report.rows, 'row')} read as {report.format}: {report.imported:,} imported, "
        f"{report.already_there:,} already there, {report.quarantined:,} in quarantine."
    ]
    if report.quarantined:
        lines.append("See workbench quarantine for the reasons.")
    shell.finish(dataclasses.asdict(report), *lines)


def quarantine(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="How many rows.")] = 20,
) -> None:
    """Show rows that could not be read, with file, line and reason."""
    shell = shell_of(context)
    rows = importing.quarantine_rows(shell.project(), limit=limit)
    lines = [f"{Path(row.file).name}:{row.line}  {row.reason}" for row in rows]
    shell.finish({"rows": [dataclasses.asdict(r) for r in rows]}, *(lines or ["The quarantine is empty."]))


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help='Such as: class:none lang:zh turns>2 "exact phrase"')] = "",
    limit: Annotated[int, typer.Option(help="How many to show.")] = 20,
    order: Annotated[str, typer.Option(help="newest, oldest, longest, shortest or random.")] = "newest",
) -> None:
    """Find conversations."""
    shell = shell_of(context)
    page = browsing.search(shell.project(), query, limit=limit, order=order)
    lines = [f"{plural(page.total, 'conversation')}"]
    for item in page.items:
        name = item.class_name or "untagged"
        lines.append(f"{item.uid}  {name:<10} {item.status:<8} {item.prompt[:70]!r}")
    items = [{"id": item.uid, **dataclasses.asdict(item)} for item in page.items]
    shell.finish({"total": page.total, "items": items}, *lines)


def snapshot(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The snapshot's name.")],
    query: Annotated[str, typer.Option("--where", help="Only conversations that match.")] = "",
) -> None:
    """Freeze what is tagged and not dropped as an immutable, content-hashed dataset."""
    shell = shell_of(context)
    made = snapshots.make_snapshot(shell.project(), name, query=query, actor=shell.actor)
    shell.finish(
        {
            "snapshot": made.name,
            "conversations": made.conversations,
            "hash": made.hash,
            "path": str(made.path),
            "classes": made.classes,
        },
        f"Snapshot {made.name}: {plural(made.conversations, 'conversation')}, hash {made.hash[:12]}.",
    )


def export(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="The snapshot's name.")],
    out: Annotated[Path, typer.Argument(help="File (or folder, for datasets) to write.")],
    format_name: Annotated[str, typer.Option("--format", help="The format's name.")] = "messages",
) -> None:
    """Write a snapshot in another format."""
    shell = shell_of(context)
    if out.exists():
        raise WorkbenchError(f"{out} is already there", "name a new file, or remove that one first")
    report = snapshots.export_snapshot(shell.project(), name, out, format_name)
    lines = [f"{plural(report.rows, 'conversation')} written to {out}."]
    lines += [f"  {format_name} cannot hold: {what} ({count:,} times)" for what, count in report.lost.items()]
    shell.finish({"rows": report.rows, "out": str(out), "lost": report.lost}, *lines)


COMMANDS = (
    ("import", import_command),
    ("quarantine", quarantine),
    ("search", search),
    ("snapshot", snapshot),
    ("export", export),
)
