"""`import`, `quarantine`, `search`, `snapshot`, `export`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from crlft.errors import DataError
from crlft.formats.mapping import ColumnMapping
from workbench.commands.shell import Shell, plural, shell_of
from workbench.services import browsing, importing, snapshots
from workbench.services import quarantine as quarantines
from workbench.services.project import Project

_ROLE = "role:"
"""Before a word that stands for a role: `--column role:clerk=assistant`."""


def _class_map(pairs: list[str]) -> dict[str, str]:
    table = {}
    for pair in pairs:
        value, equals, name = pair.rpartition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not VALUE=CLASS", param_hint="--map")
        table[value] = name
    return table


def _mapping(pairs: list[str]) -> ColumnMapping | None:
    table: dict[str, Any] = {}
    for pair in pairs:
        what, equals, name = pair.rpartition("=") if pair.startswith(_ROLE) else pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not WHAT=NAME", param_hint="--column")
        if what.startswith(_ROLE):
            table.setdefault("roles", {})[what.removeprefix(_ROLE)] = name
        else:
            table[what] = name
    try:
        return ColumnMapping.from_dict(table) if table else None
    except DataError as error:
        raise typer.BadParameter(str(error), param_hint="--column") from error


def _look(
    shell: Shell, project: Project, files: list[str], format_name: str | None, mapping: ColumnMapping | None
) -> None:
    """Show what files hold, importing nothing."""
    remembered = importing.remembered_mappings(project)
    reports = [
        importing.inspect_file(path, format_name, mapping=mapping, mappings=remembered)
        for path in importing.find_sources(files)
    ]
    lines = []
    for r in reports:
        seen = plural(r.rows_seen, "row") + ("" if r.complete else " looked at")
        lines.append(f"{r.path}: {r.format} in {r.container}; {seen}, {plural(r.conversations, 'conversation')}")
        lines.append(f"  {r.why}")
        for what, counts in (("turns", r.roles), ("faults", r.faults), ("repairs", r.repairs)):
            if counts:
                lines.append(f"  {what}: " + ", ".join(f"{name} × {n:,}" for name, n in counts.items()))
        lines += [f"  classes by {name}: " + ", ".join(f"{v} × {n:,}" for v, n in list(counts.items())[:12])
                  for name, counts in list(r.class_fields.items())[:3]]  # fmt: skip
    shell.finish({"files": [{**dataclasses.asdict(r), "examples": [e.to_dict() for e in r.examples]}
                            for r in reports]}, *lines)  # fmt: skip


def import_command(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(help="Files, folders, globs, or hub:owner/name.")],
    class_name: Annotated[str | None, typer.Option("--class", help="One class for every row.")] = None,
    class_field: Annotated[str | None, typer.Option(help="The field that names who answered.")] = None,
    class_map: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="VALUE=CLASS", help="Class for a value of that field; * for the others."),
    ] = None,
    format_name: Annotated[str | None, typer.Option("--format", help="Do not detect: read as this.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="WHAT=NAME",
            help="Unknown schema: the column of prompt, answer, system, messages, class_field, source or id; "
            "in a list of turns role_field, text_field, and role:WORD=user for what a role is called.",
        ),
    ] = None,
    look: Annotated[bool, typer.Option("--look", help="Only show what the files hold.")] = False,
) -> None:
    """Import conversations from files, folders, globs or the hub; what cannot be read goes to quarantine."""
    shell = shell_of(context)
    project = shell.project()
    mapping = _mapping(columns or [])
    if look:
        _look(shell, project, files, format_name, mapping)
        return
    with shell.progress("Importing") as progress:
        report = importing.import_files(
            project,
            files,
            actor=shell.actor,
            class_field=class_field,
            class_map=_class_map(class_map or []),
            class_name=class_name,
            format=format_name,
            mapping=mapping,
            on_progress=progress,
        )
    lines = [
        f"{plural(report.rows, 'row')} read as {report.format}: {report.imported:,} imported, "
        f"{report.already_there:,} already there, {report.quarantined:,} in quarantine."
    ]
    named = {name: n for name, n in report.classes.items() if n and name != "none"}
    untagged = report.classes.get("none", 0)
    if named or class_field:
        counts = {**named, "untagged": untagged} if untagged else named
        lines.append(f"By class: {', '.join(f'{name} {n:,}' for name, n in counts.items())}.")
    if class_field and not named:
        lines.append(f"No row had a class by the field {class_field!r}; --look shows the fields.")
    if report.quarantined:
        lines.append("See workbench quarantine for the reasons.")
    shell.finish(dataclasses.asdict(report), *lines)


def quarantine(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many rows to show.")] = 20,
    containing: Annotated[str, typer.Option(help="Only rows with this text in file, reason or row.")] = "",
    show: Annotated[int | None, typer.Option(metavar="ID", help="Show one row's whole text.")] = None,
    export_to: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Write them to a file, to mend them there.")
    ] = None,
    send: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read mended rows (id and raw) from a file, import them.")
    ] = None,
) -> None:
    """Show rows that could not be read; write them out, and send them again when they are mended."""
    shell = shell_of(context)
    project = shell.project()
    if send is not None:
        sent = quarantines.send_again(project, quarantines.read_edits(send), actor=shell.actor)
        counts = {"imported": sent.imported, "already_there": sent.already_there}
        rows = sent.imported + sent.already_there + len(sent.quarantined)
        lines = [
            f"{plural(rows, 'row')} sent again: {sent.imported:,} imported, {sent.already_there:,} already there, "
            f"{len(sent.quarantined):,} still in quarantine.",
            *(f"  {number}: {reason}" for number, reason in sent.quarantined.items()),
        ]
        shell.finish({"rows": rows, **counts, "quarantined": sent.quarantined}, *lines)
        return
    if export_to is not None:
        written = quarantines.write_quarantine(project, export_to, containing)
        shell.finish({"rows": written, "out": str(export_to)}, f"{plural(written, 'row')} written to {export_to}.")
        return
    page = quarantines.quarantine_page(project, limit, containing=containing)
    if show is not None:
        page = dataclasses.replace(page, rows=[quarantines.quarantine_row(project, show)])
    lines = [f"{row.id:>6}  {Path(row.file).name}:{row.line}  {row.reason}" for row in page.rows]
    lines += [row.raw for row in page.rows if show is not None]
    if page.matching > len(page.rows) and show is None:
        lines.append(f"… {page.matching - len(page.rows):,} more; --limit shows them, --export writes them all.")
    data = {"total": page.total, "rows": [dataclasses.asdict(r) for r in page.rows]}
    shell.finish(data, *(lines or ["The quarantine is empty."]))


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help='Such as: class:none lang:zh turns>2 "exact phrase"')] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
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
            "held_out": made.held_out,
        },
        f"Snapshot {made.name}: {plural(made.conversations, 'conversation')}, hash {made.hash[:12]}.",
        *(f"{line}." for line in snapshots.held_out_told(made.held_out)),
    )


def _shares(pairs: list[str]) -> dict[str, float]:
    shares = {}
    for pair in pairs:
        name, _, share = pair.partition("=")
        try:
            shares[name] = float(share)
        except ValueError as error:
            said = f"{pair!r} is not PART=SHARE, such as test=0.1"
            raise typer.BadParameter(said, param_hint="--split") from error
    return shares


def export(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="The snapshot's name.")],
    out: Annotated[Path, typer.Argument(help="File (or folder, for datasets) to write.")],
    format_name: Annotated[str, typer.Option("--format", help="The format's name.")] = "messages",
    split: Annotated[
        list[str] | None,
        typer.Option(metavar="PART=SHARE", help="Parts by prompt, such as --split train=0.9 --split test=0.1."),
    ] = None,
    license_name: Annotated[str, typer.Option("--license", help="What the card of datasets says.")] = "other",
    preview: Annotated[
        int, typer.Option(min=0, help="Only show what would be written for so many conversations.")
    ] = 0,
) -> None:
    """Write a snapshot in another format."""
    shell = shell_of(context)
    shares = _shares(split or [])
    if preview:
        shown = snapshots.preview_snapshot(
            shell.project(), name, out, format_name, limit=preview, splits=shares or None, license=license_name
        )
        data = {"text": shown.text, "lost": shown.report.lost, "left_out": shown.report.left_out}
        shell.finish(data, shown.text)
        return
    with shell.progress("Writing") as progress:
        report = snapshots.export_snapshot(
            shell.project(), name, out, format_name, progress, splits=shares or None, license=license_name
        )
    lines = [f"{plural(report.rows, 'row')} written to {', '.join(report.files) if shares else out}."]
    lines += [f"  {format_name} cannot hold: {what} ({count:,} times)" for what, count in report.lost.items()]
    lines += [f"  left out: {plural(count, 'conversation')}, {why}" for why, count in report.left_out.items()]
    shell.finish({**dataclasses.asdict(report), "out": str(out)}, *lines)


COMMANDS = (
    ("import", import_command),
    ("quarantine", quarantine),
    ("search", search),
    ("snapshot", snapshot),
    ("export", export),
)
