"""Applying changes: conversations, texts, full-text index, counts and the log, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, select, update

from crlft.conversation import Conversation, Turn
from workbench.domain.curation import MUTABLE_FIELDS, Change
from workbench.domain.errors import PlanError
from workbench.store import textindex, turnrewards
from workbench.store.bulk import among, insert_rows
from workbench.store.conversations import CHUNK, chunks, heads
from workbench.store.cube import CubeDelta, CubeKey
from workbench.store.jsontext import dump
from workbench.store.schema import bodies, changes, conversations


class Measured(Protocol):
    """What follows from a conversation's text."""

    @property
    def n_turns(self) -> int:
        """Number of turns."""

    @property
    def n_tokens(self) -> int:
        """All tokens."""

    @property
    def supervised_tokens(self) -> int:
        """Tokens that are trained on."""

    @property
    def prompt_hash(self) -> str:
        """Hash of the prompt."""

    @property
    def answer_hash(self) -> str:
        """Hash of the last answer."""

    @property
    def language(self) -> str:
        """ISO 639-1 code, or empty."""

    @property
    def turn_rewards(self) -> Sequence[tuple[int, float, int]]:
        """Turn, reward and supervised tokens of answers that have a reward of their own."""


Measure = Callable[[Sequence[Conversation]], Sequence[Measured]]
"""Measures conversations, in order."""

_MEASURED = ("n_turns", "n_tokens", "supervised_tokens", "prompt_hash", "answer_hash")
_STATE = ("class_name", "status", "source", "language", "round", "n_tokens", "supervised_tokens")
_LANGUAGE = 1 + _STATE.index("language")
"""Where a row of seq and `_STATE` holds it."""


SHARED_AT_LEAST = 20
"""From this many conversations with the very same change on, one statement updates them all."""


def moved_on(connection: Connection, planned: Sequence[Change]) -> list[int]:
    """Return the conversations that have another revision than their change was planned against."""
    moved: list[int] = []
    for part in chunks(planned):
        query = select(conversations.c.seq, conversations.c.revision)
        rows = connection.execute(query.where(among(conversations.c.seq, [c.seq for c in part]))).all()
        current: dict[int, int] = {seq: revision for seq, revision in rows}
        moved += [c.seq for c in part if current.get(c.seq) != c.revision]
    return moved


def signed_by(connection: Connection, planned: Sequence[Change], actor: str) -> list[Change]:
    """Return tag changes that also set `tagged_by`: the actor, or empty where the tag is taken away."""
    signed: list[Change] = []
    shared: dict[tuple[int, str], Mapping[str, Any]] = {}

    def with_signature(fields: Mapping[str, Any], by: str) -> Mapping[str, Any]:
        # Equal values share one mapping: a bulk act has few different ones. `planned` keeps `fields` alive,
        # so that its id stays its own.
        return shared.setdefault((id(fields), by), {**fields, "tagged_by": by})

    for part in chunks(planned):
        query = select(conversations.c.seq, conversations.c.tagged_by)
        rows = connection.execute(query.where(among(conversations.c.seq, [c.seq for c in part]))).all()
        current: dict[int, str] = {seq: by for seq, by in rows}
        for change in part:
            before = with_signature(change.before, current.get(change.seq, ""))
            after = with_signature(change.after, actor if change.after.get("class_name") else "")
            signed.append(Change(change.seq, change.revision, before, after))
    return signed


Progress = Callable[[int, int | None], None]
"""Called with changes made and changes in all."""


def apply_changes(
    connection: Connection,
    action_id: int,
    planned: Sequence[Change],
    measure: Measure,
    on_progress: Progress | None = None,
) -> None:
    """Apply changes and write them to the log.

    Args:
        connection: In a write transaction; it is rolled back by the caller on any error.
        action_id: The action they belong to.
        planned: At most one change for each conversation.
        measure: Counts and hashes edited conversations.
        on_progress: Called after each part of a large act; what it raises takes all of them back.

    Raises:
        PlanError: A conversation has moved on, or a change names a field that is not `MUTABLE_FIELDS`.
    """
    moved = moved_on(connection, planned)
    if moved:
        raise PlanError(
            f"{len(moved):,} of {len(planned):,} conversations were changed by somebody else meanwhile",
            "look at the new state and plan again",
        )
    texts = JsonTexts()
    for start in range(0, len(planned), CHUNK):
        part = planned[start : start + CHUNK]
        _apply(connection, action_id, part, measure, texts)
        if on_progress is not None and len(planned) > CHUNK:
            on_progress(start + len(part), len(planned))


class JsonTexts:
    """JSON text of mappings; a bulk act's changes share few of them, and each is written once.

    What it was asked for must live as long as it does: it knows mappings by their identity.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Mapping[str, Any], str]] = {}

    def of(self, value: Mapping[str, Any]) -> str:
        """Return a mapping's JSON text."""
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = (value, dump(dict(value)))
            if len(self._known) > CHUNK:  # changes that differ from each other share nothing
                self._known.clear()
        return known[1]


def _apply(
    connection: Connection, action_id: int, part: Sequence[Change], measure: Measure, texts: JsonTexts
) -> None:
    query = select(conversations.c.seq, *(conversations.c[f] for f in _STATE))
    rows = connection.execute(query.where(among(conversations.c.seq, [c.seq for c in part]))).all()
    states: dict[int, Sequence[Any]] = {row[0]: row for row in rows}
    derived = _edit_texts(connection, part, measure, {seq: row[_LANGUAGE] for seq, row in states.items()})
    if derived:
        part = [_with_language(change, states, derived) for change in part]
    _update_columns(connection, part, derived)
    _count(connection, part, states, derived)
    logged = [(action_id, c.seq, texts.of(c.before), texts.of(c.after)) for c in part]
    insert_rows(connection, changes, ("action_id", "seq", "before", "after"), logged)


def _with_language(
    change: Change, states: Mapping[int, Sequence[Any]], derived: Mapping[int, Mapping[str, Any]]
) -> Change:
    """Write a language that follows from new turns into the change, so that undo restores it."""
    new, old = derived.get(change.seq, {}).get("language"), states[change.seq][_LANGUAGE]
    if new is None or new == old or "language" in change.after:
        return change
    return Change(
        change.seq, change.revision, {**change.before, "language": old}, {**change.after, "language": new}
    )


def _edit_texts(
    connection: Connection, part: Sequence[Change], measure: Measure, languages: Mapping[int, str]
) -> dict[int, dict[str, Any]]:
    """Write the turns that change; return the columns that follow from them by seq."""
    edited = [c for c in part if "turns" in c.after]
    if not edited:
        return {}
    query = select(bodies.c.seq, bodies.c.turns).where(bodies.c.seq.in_([c.seq for c in edited]))
    old: dict[int, Any] = {seq: turns for seq, turns in connection.execute(query)}
    new = [Conversation(tuple(Turn.from_dict(t) for t in c.after["turns"])) for c in edited]
    statement = update(bodies).where(bodies.c.seq == bindparam("at")).values(turns=bindparam("new"))
    connection.execute(statement, [{"at": c.seq, "new": list(c.after["turns"])} for c in edited])
    texts = [(c.seq, textindex.index_text(old[c.seq]), textindex.index_text(c.after["turns"])) for c in edited]
    textindex.replace(connection, [entry for entry in texts if entry[1] != entry[2]])
    seqs, measures = [c.seq for c in edited], measure(new)
    derived: dict[int, dict[str, Any]] = {
        seq: {**{f: getattr(measured, f) for f in _MEASURED}, **heads(conversation)}
        for seq, conversation, measured in zip(seqs, new, measures, strict=True)
    }
    turnrewards.replace(connection, {seq: m.turn_rewards for seq, m in zip(seqs, measures, strict=True)})
    # A language that the source stated, against what the text looked like, is not ours to change.
    other = [(seq, m.language) for seq, m in zip(seqs, measures, strict=True) if m.language != languages[seq]]
    before = measure([Conversation(tuple(Turn.from_dict(t) for t in old[seq])) for seq, _ in other])
    for (seq, language), looked_like in zip(other, before, strict=True):
        if looked_like.language == languages[seq]:
            derived[seq]["language"] = language
    return derived


def _update_columns(
    connection: Connection, part: Sequence[Change], derived: Mapping[int, Mapping[str, Any]]
) -> None:
    """Set the changed columns and count each revision up."""
    groups: dict[int, list[Change]] = {}
    for change in part:
        groups.setdefault(id(change.after), []).append(change)
    single: list[Change] = []
    for group in groups.values():
        after = group[0].after
        _check_fields(group[0])
        if "turns" in after or len(group) < SHARED_AT_LEAST:
            single += group
        else:
            same = update(conversations).where(among(conversations.c.seq, [c.seq for c in group]))
            connection.execute(same.values(**after, revision=conversations.c.revision + 1))
    _update_singly(connection, single, derived)


def _check_fields(change: Change) -> None:
    unknown = change.after.keys() - set(MUTABLE_FIELDS)
    if unknown:
        raise PlanError(
            f"conversation {change.seq}: {min(unknown)!r} cannot be changed",
            f"change one of {', '.join(MUTABLE_FIELDS)}",
        )


def _update_singly(
    connection: Connection, single: Sequence[Change], derived: Mapping[int, Mapping[str, Any]]
) -> None:
    """Update rows that differ from each other, with one statement for each set of columns."""
    batches: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for change in single:
        values = dict(derived.get(change.seq, {})) | {k: v for k, v in change.after.items() if k != "turns"}
        row = {f"new_{k}": v for k, v in values.items()} | {"at": change.seq}
        batches.setdefault(tuple(sorted(values)), []).append(row)
    for names, rows in batches.items():
        bound: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        statement = update(conversations).where(conversations.c.seq == bindparam("at"))
        connection.execute(statement.values(**bound, revision=conversations.c.revision + 1), rows)


def _count(
    connection: Connection,
    part: Sequence[Change],
    states: Mapping[int, Sequence[Any]],
    derived: Mapping[int, Mapping[str, Any]],
) -> None:
    """Move the changed conversations from their old cells of the cube to the new ones."""
    delta = CubeDelta()
    # Summed first by where they come from and what becomes of them: a bulk act has few such ways.
    ways: dict[tuple[Any, ...], list[int]] = {}
    afters = {id(change.after): change.after for change in part}
    for change in part:
        seq, class_name, status, source, language, number, n_tokens, supervised = states[change.seq]
        way = ways.setdefault((id(change.after), class_name, status, source, language, number), [0, 0, 0, 0, 0])
        way[0] += 1
        way[1] += n_tokens
        way[2] += supervised
        if seq in derived:
            n_tokens, supervised = derived[seq]["n_tokens"], derived[seq]["supervised_tokens"]
        way[3] += n_tokens
        way[4] += supervised
    for (key, class_name, status, source, language, number), (n, n_tokens, supervised, *becomes) in ways.items():
        after = afters[key]
        delta.add(CubeKey(class_name or "", status, source, language, number), -n, -n_tokens, -supervised)
        place = (after.get("class_name", class_name) or "", after.get("status", status))
        delta.add(CubeKey(*place, source, after.get("language", language), number), n, *becomes)
    delta.apply(connection)
