"""Snapshots: immutable, content-hashed dataset versions of what is tagged and not dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.promptgroups import LEARNT, prompt_key
from workbench.domain.curation import Action
from workbench.domain.errors import NotFound, PlanError
from workbench.domain.record import Record
from workbench.services import snapshotfiles as files
from workbench.services.browsing import compiled
from workbench.services.exporting import Card, ExportPreview, ExportReport, export_conversations, preview_export
from workbench.services.heldout import all_compared, compare_prompts
from workbench.services.progress import current_round
from workbench.services.project import Project
from workbench.services.promptgroups import PromptGroups
from workbench.services.snapshotplan import SnapshotClass, SnapshotPlan, members, plan_of, plan_snapshot
from workbench.store import schema
from workbench.store.actions import decisions_in_force, record_action
from workbench.store.classes import read_scheme
from workbench.store.conversations import chunks, get_records, now
from workbench.store.schema import conversations
from workbench.store.search import Compiled

__all__ = [
    "Snapshot",
    "SnapshotClass",
    "SnapshotPlan",
    "export_snapshot",
    "get_snapshot",
    "held_out_told",
    "list_snapshots",
    "make_snapshot",
    "plan_snapshot",
    "write_aside",
]

Progress = Callable[[int, int | None], None]

HELD_OUT_RULE = (
    "a run with held_out_share s keeps a conversation out of training if the first 8 bytes (big-endian) of the"
    " SHA-256 of its first user turn, stripped, are below s * 2**64; prompts in prompt_groups.json go by the key"
    " that stands there: equal and nearly equal prompts never stand on both sides"
)

_NAME = re.compile(r"\w[\w.\-]{0,63}")
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A dataset version.

    Attributes:
        name: Its name; the folder's too.
        path: The folder.
        hash: SHA-256 over classes and conversations: the same data has the same hash.
        conversations: How many.
        classes: Conversations by class, every class of the project at that time.
        created_at: ISO 8601 UTC time.
        round: The round in which it was made.
        supervised_tokens: Tokens that are trained on.
        query: What it was made with.
        actor: Who made it.
        held_out: What asked held-out prompts: `prompts`, `left_out` and `staying` (conversations by way), and
            `ways_left_out`; empty where the snapshot was made before that was looked at.
    """

    name: str
    path: Path
    hash: str
    conversations: int
    classes: Mapping[str, int]
    created_at: str
    round: int
    supervised_tokens: int = 0
    query: str = ""
    actor: str = ""
    held_out: Mapping[str, Any] = field(default_factory=dict)


def make_snapshot(
    project: Project, name: str, *, query: str = "", actor: str, on_progress: Progress | None = None
) -> Snapshot:
    """Freeze what is tagged, not dropped, matches, and asks no held-out prompt (`workbench.services.heldout`).

    Args:
        project: The project.
        name: Its name: letters, digits, `.`, `_` and `-`.
        query: Which conversations; `status:kept` takes only those that somebody kept.
        actor: Who makes it.
        on_progress: Called with conversations written and their number.

    Raises:
        PlanError: The name is not possible or taken, or nothing would be held.
        QueryError: The query has a mistake.
        ProjectError: The disk is full.
    """
    target = _target(project, name)
    with files.scratch_folder(target) as scratch:
        with _all_compared(project, query) as (connection, ready):
            plan = plan_of(connection, ready, query)
            if plan.faults:
                raise PlanError(plan.faults[0], "tag conversations first, or widen the query")
            scheme, number = read_scheme(connection), current_round(connection)
            decisions = _decisions(connection)
            prompts = PromptGroups()
            records = _noting_prompts(_records(connection, ready), prompts)
            content = files.write_data(scratch / files.DATA, records, scheme, _counter(plan, on_progress))
        files.write_prompt_groups(scratch, prompts.group_of(LEARNT))
        manifest = _manifest(project, name, plan, scheme, content)
        manifest |= {"round": number, "actor": actor, "decisions": decisions}
        files.write_manifest(scratch, manifest)
        with project.database.write() as connection:
            # Under the write lock nobody else can take the name between this look and the move.
            _target(project, name)
            _log(connection, manifest)
            files.seal(scratch, target)
    return _snapshot(target, manifest)


def write_aside(project: Project, target: Path) -> None:
    """Write what a snapshot made now would hold into a folder that is no snapshot: nothing is logged or named.

    Raises:
        PlanError: Nothing would be held.
        ProjectError: The disk is full.
    """
    with files.scratch_folder(target) as scratch:
        with _all_compared(project, "") as (connection, ready):
            plan = plan_of(connection, ready, "")
            if plan.faults:
                raise PlanError(plan.faults[0], "tag conversations first")
            scheme, prompts = read_scheme(connection), PromptGroups()
            records = _noting_prompts(_records(connection, ready), prompts)
            content = files.write_data(scratch / files.DATA, records, scheme)
        files.write_prompt_groups(scratch, prompts.group_of(LEARNT))  # they decide what is held out
        files.write_manifest(scratch, _manifest(project, target.name, plan, scheme, content))
        files.seal(scratch, target)


@contextmanager
def _all_compared(project: Project, query: str) -> Iterator[tuple[Connection, Compiled]]:
    """Give a reading connection on which every prompt has been compared with the held-out ones.

    Raises:
        QueryError: The query has a mistake.
        PlanError: New prompts keep arriving.
    """
    for _ in range(_TRIES):
        compare_prompts(project)
        with compiled(project, query) as (connection, ready):
            if all_compared(connection):
                yield connection, ready
                return
    raise PlanError(
        "new prompts arrive faster than they are compared with the held-out ones",
        "make the snapshot when the import is done",
    )


def _target(project: Project, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise PlanError(
            f"{name!r} cannot be a snapshot's name", "use letters, digits, '.', '_' and '-', such as round-1"
        )
    target = project.snapshots / name
    if target.exists():
        raise PlanError(f"there is a snapshot {name!r} already", "snapshots never change: choose another name")
    return target


def _records(connection: Connection, ready: Compiled) -> Iterator[Record]:
    c = conversations.c
    seqs = list(connection.execute(members(connection, ready.restrict(select(c.seq))).order_by(c.uid)).scalars())
    for part in chunks(seqs, files.ROWS_PER_GROUP):
        yield from get_records(connection, part)


def _noting_prompts(records: Iterator[Record], prompts: PromptGroups) -> Iterator[Record]:
    for record in records:
        asked = record.conversation.prompt
        prompts.add(prompt_key(asked), asked)
        yield record


def _counter(plan: SnapshotPlan, on_progress: Progress | None) -> Callable[[], None] | None:
    if on_progress is None:
        return None
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done % 500 == 0 or done == plan.conversations:
            on_progress(done, plan.conversations)

    return count


def _decisions(connection: Connection) -> list[str]:
    """Say what was done to the data, one sentence each, oldest first."""
    actions, small = decisions_in_force(connection)
    told = [f"{a.at[:10]} {a.title}" + (f": {a.reason}" if a.reason else "") for a in actions]
    if small:
        told.append(
            "1 decision over a single conversation" if small == 1 else f"{small:,} over single conversations"
        )
    return told


def _manifest(
    project: Project, name: str, plan: SnapshotPlan, scheme: ClassScheme, content: str
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "name": name,
        "project": project.name,
        "hash": content,
        "created_at": now(),
        "query": plan.query,
        "conversations": plan.conversations,
        "supervised_tokens": plan.supervised_tokens,
        "classes": [asdict(c) for c in plan.classes],
        "scheme": scheme.to_dict(),
        "warnings": list(plan.warnings),
        "held_out_rule": HELD_OUT_RULE,
        "held_out": {
            "prompts": plan.held_out.prompts,
            "ways_left_out": list(plan.held_out.left_out),
            "left_out": {way: n for way, n in plan.held_out.ways.items() if way in plan.held_out.left_out},
            "staying": {way: n for way, n in plan.held_out.ways.items() if way not in plan.held_out.left_out},
        },
    }


def _log(connection: Connection, manifest: Mapping[str, Any]) -> Action:
    columns = (
        "name",
        "hash",
        "query",
        "conversations",
        "supervised_tokens",
        "classes",
        "round",
        "created_at",
        "actor",
    )
    connection.execute(schema.snapshots.insert().values(**{k: manifest[k] for k in columns}))
    title = f"snapshot {manifest['name']} of {manifest['conversations']:,} conversations"
    params = {k: manifest[k] for k in ("name", "hash", "query", "round", "conversations")}
    return record_action(connection, "snapshot", title, manifest["actor"], params=params)


def _snapshot(path: Path, manifest: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        name=path.name,
        path=path,
        hash=manifest["hash"],
        conversations=manifest["conversations"],
        classes={c["name"]: c["conversations"] for c in manifest["classes"]},
        created_at=manifest["created_at"],
        round=manifest["round"],
        supervised_tokens=manifest["supervised_tokens"],
        query=manifest["query"],
        actor=manifest["actor"],
        held_out=manifest.get("held_out", {}),
    )


def held_out_told(held_out: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence on what a snapshot left out for asking held-out prompts; none where none were."""
    if not held_out.get("prompts"):
        return ()
    out, staying = sum(held_out["left_out"].values()), held_out["staying"]
    ways = " and ".join(f"{n:,} {way}" for way, n in held_out["left_out"].items())
    prompts = held_out["prompts"]
    told = f"{out:,} conversations left out because they ask one of {prompts:,} held-out prompts ({ways})"
    kept = ", ".join(f"{n:,} {way}" for way, n in staying.items() if n)
    return (f"{told}; kept in all the same: {kept}" if kept else told,)


def list_snapshots(project: Project) -> list[Snapshot]:
    """Return all snapshots, newest first. The folders are the truth: one copied in from elsewhere counts."""
    found = []
    for folder in project.snapshots.glob("[!.]*"):
        manifest = files.read_manifest(folder)
        if manifest is not None:
            found.append(_snapshot(folder, manifest))
    return sorted(found, key=lambda s: (s.created_at, s.name), reverse=True)


def get_snapshot(project: Project, name: str) -> Snapshot:
    """Return a snapshot.

    Raises:
        NotFound: There is none of this name.
    """
    manifest = files.read_manifest(project.snapshots / name) if _NAME.fullmatch(name) else None
    if manifest is None:
        known = ", ".join(s.name for s in list_snapshots(project))
        remedy = f"use one of {known}" if known else "make one first"
        raise NotFound(f"there is no snapshot {name!r}", remedy)
    return _snapshot(project.snapshots / name, manifest)


def export_snapshot(
    project: Project,
    name: str,
    out: Path | str,
    format: str,
    on_progress: Progress | None = None,
    *,
    splits: Mapping[str, float] | None = None,
    license: str = "other",
) -> ExportReport:
    """Write a snapshot in another format, or as a `datasets` folder with a card.

    Args:
        project: The project.
        name: The snapshot.
        out: The file, or for `datasets` the folder, to write.
        format: One of `workbench.services.exporting.EXPORT_FORMATS`.
        on_progress: Called with conversations written.
        splits: Parts by prompt with their shares.
        license: What the card says: an SPDX name in small letters.

    Raises:
        NotFound: There is no such snapshot.
        WorkbenchError: The format is unknown, or `out` is there already or cannot be written.
    """
    rows, scheme, card = _outgoing(project, name, license)
    return export_conversations(rows, scheme, out, format, card=card, splits=splits, on_progress=on_progress)


def preview_snapshot(
    project: Project,
    name: str,
    out: Path | str,
    format: str,
    *,
    limit: int = 20,
    splits: Mapping[str, float] | None = None,
    license: str = "other",
) -> ExportPreview:
    """Return the beginning of what `export_snapshot` writes, or the whole card; nothing is written.

    Raises:
        NotFound: There is no such snapshot.
        WorkbenchError: As `export_snapshot`.
    """
    rows, scheme, card = _outgoing(project, name, license)
    return preview_export(rows, scheme, out, format, card=card, limit=limit, splits=splits)


def _outgoing(project: Project, name: str, license: str) -> tuple[Iterator[Conversation], ClassScheme, Card]:
    snapshot = get_snapshot(project, name)
    manifest = files.read_manifest(snapshot.path) or {}
    scheme = ClassScheme.from_dict(manifest["scheme"])
    told = (*manifest.get("decisions", ()), *held_out_told(snapshot.held_out))
    card = Card(f"{project.name} {name}", license, told)
    return files.iterate_conversations(snapshot.path), scheme, card
