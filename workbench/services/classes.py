"""Classes, rewards and beta: showing, previewing, changing. Every change is an action and can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, true

from crlft.condition import DEFAULT_BETA, ClassScheme
from crlft.errors import SchemeError
from workbench.curate.rewards import OwnReward, reward_mass, with_rewards
from workbench.domain.curation import Action
from workbench.domain.errors import NotFound, PlanError
from workbench.services.palette import PALETTE
from workbench.services.project import Project
from workbench.store.actions import record_action
from workbench.store.classes import ClassEntry, read_classes, read_scheme
from workbench.store.conversations import now
from workbench.store.cube import read_cube
from workbench.store.objects import change_object, read_object, write_object
from workbench.store.schema import conversations, turn_rewards
from workbench.store.settings import get_setting

KEYS = "123456789"
"""The digits that can tag."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class, and how many carry it; conversations that are dropped do not count.

    What of it would be trained on, and its share of the mass, is `rewardmass.preview_mass`'s to say.

    Attributes:
        name: Short name.
        condition: The text that stands before the role.
        reward: Coarse reward.
        colour: `#rrggbb`.
        key: The digit that tags with it, or empty.
        conversations: How many carry it.
        loss_weight: w = exp((r - r_max) / beta).
    """

    name: str
    condition: str
    reward: float
    colour: str
    key: str
    conversations: int
    loss_weight: float


def class_scheme(project: Project) -> ClassScheme:
    """Return the classes with beta.

    Raises:
        SchemeError: There is no class.
    """
    with project.database.read() as connection:
        return read_scheme(connection)


def class_table(project: Project) -> list[ClassRow]:
    """Return every class with its weight, and how many conversations carry it."""
    with project.database.read() as connection:
        scheme = read_scheme(connection)
        counts: dict[str, int] = {}
        for cell in read_cube(connection):
            if cell.key.status != "dropped" and cell.key.class_name:
                counts[cell.key.class_name] = counts.get(cell.key.class_name, 0) + cell.n
        return [
            ClassRow(
                e.name,
                e.condition,
                e.reward,
                e.colour,
                e.key,
                counts.get(e.name, 0),
                scheme.loss_weight(e.name),
            )
            for e in read_classes(connection)
        ]


def _refuse_infinite(connection: Connection, scheme: ClassScheme) -> None:
    """Raise SchemeError where a weight, also one of a reward of its own, would not be finite."""
    reward_mass(scheme, {}, own_rewards(connection))


def own_rewards(connection: Connection, where: ColumnElement[bool] | None = None) -> list[OwnReward]:
    """Return the rewards that conversations and answers have of their own, without dropped and untagged ones.

    Args:
        connection: Any connection.
        where: A condition on `conversations`; None is all.
    """
    narrowed = true() if where is None else where
    c = conversations.c
    query = (
        select(c.class_name, c.coarse_reward, func.sum(c.supervised_tokens))
        .where(c.coarse_reward.is_not(None), c.class_name.is_not(None), c.status != "dropped", narrowed)
        .group_by(c.class_name, c.coarse_reward)
    )
    own = [OwnReward(name, reward, tokens) for name, reward, tokens in connection.execute(query)]
    return own + answer_rewards(connection, kept_answers().where(narrowed))


def kept_answers() -> Select[*tuple[Any, ...]]:
    """Select the answers with a reward of their own whose conversations are tagged and not dropped."""
    c, a = conversations.c, turn_rewards.c
    columns = (c.class_name, a.reward, func.sum(a.supervised_tokens), c.coarse_reward)
    joined = select(*columns).select_from(turn_rewards.join(conversations, a.seq == c.seq))
    # coalesce keeps SQLite from walking the index of classes, which holds every tagged conversation, to find the
    # few answers with a reward: 16 ms at 50,000 conversations, and this is asked on every page.
    return joined.where(func.coalesce(c.class_name, "") != "", func.coalesce(c.status, "") != "dropped")


def answer_rewards(connection: Connection, answers: Select[*tuple[Any, ...]]) -> list[OwnReward]:
    """Return the rewards of single answers among `kept_answers`, as restricted by the caller."""
    c, a = conversations.c, turn_rewards.c
    grouped = answers.group_by(c.class_name, a.reward, c.coarse_reward)
    return [OwnReward(*row) for row in connection.execute(grouped)]


def set_class(
    project: Project,
    name: str,
    condition: str | None = None,
    reward: float | None = None,
    colour: str | None = None,
    key: str | None = None,
    *,
    actor: str,
) -> Action:
    """Change a class, or make one.

    Args:
        project: The project.
        name: The class; an unknown name makes a new one.
        condition: The text that stands before the role; None leaves it, or for a new class is its name.
        reward: Coarse reward; None leaves it.
        colour: `#rrggbb`; None leaves it, or for a new class is the next of the palette.
        key: The digit that tags with it; None leaves it, or for a new class is the next free one.
        actor: Who does it.

    Returns:
        The entry of the log; number 0, and no entry, where the class is so already.

    Raises:
        SchemeError: The classes would contradict each other, or a new class has no reward.
        PlanError: The key is another class's.
    """
    with project.database.write() as connection:
        entries = read_classes(connection)
        old = next((e for e in entries if e.name == name), None)
        base = old or _new_entry(entries, name, reward)
        entry = replace(
            base,
            condition=base.condition if condition is None else condition,
            reward=base.reward if reward is None else float(reward),
            colour=base.colour if colour is None else colour,
            key=base.key if key is None else key,
        )
        _check_key(entries, entry)
        title = f"make class {name}" if old is None else f"change class {name}"
        return _change(connection, "classes", name, entry.to_dict(), title, actor)


def _new_entry(entries: list[ClassEntry], name: str, reward: float | None) -> ClassEntry:
    if reward is None:
        known = ", ".join(repr(e.name) for e in entries)
        raise SchemeError(f"unknown class {name!r}", f"use one of {known}, or give a reward to make it")
    if not name.strip() or any(c.isspace() or c in ',:"' for c in name) or name in ("none", "any"):
        raise SchemeError(
            f"{name!r} cannot be a class's name", "use letters and digits; the words stand in its condition"
        )
    taken, colours = {e.key for e in entries}, {e.colour for e in entries}
    key = next((k for k in KEYS if k not in taken), "")
    colour = next((c for c in PALETTE if c not in colours), PALETTE[len(entries) % len(PALETTE)])
    position = max((e.position for e in entries), default=-1) + 1
    return ClassEntry(name, name, reward, colour, key, position)


def _check_key(entries: list[ClassEntry], entry: ClassEntry) -> None:
    if entry.key and (len(entry.key) != 1 or entry.key not in KEYS):
        raise PlanError(f"class {entry.name!r}: key {entry.key!r} is no digit from 1 to 9", "choose one of them")
    holder = next((e.name for e in entries if e.key and e.key == entry.key and e.name != entry.name), None)
    if holder:
        raise PlanError(f"key {entry.key} tags with class {holder!r} already", "choose another digit")


def remove_class(project: Project, name: str, *, actor: str) -> Action:
    """Remove a class that no conversation carries.

    Raises:
        NotFound: There is no such class.
        PlanError: Conversations carry it, or it is the last one.
    """
    with project.database.write() as connection:
        if read_object(connection, "classes", name) is None:
            known = ", ".join(repr(e.name) for e in read_classes(connection))
            raise NotFound(f"there is no class {name!r}", f"use one of {known}")
        return _change(connection, "classes", name, None, f"remove class {name}", actor)


GRADES = {"excellent": 1.0, "good": 0.75, "fair": 0.5, "poor": 0.25, "bad": 0.0}
"""Class → reward of the preset of five grades; a condition is the name with a capital."""


def make_grades(project: Project, *, actor: str) -> Action:
    """Make five classes from excellent to bad, and remove those that no conversation carries; one undo for all.

    Classes that are carried stay as they are, with their keys.

    Raises:
        PlanError: The five classes are there already.
        SchemeError: One of their conditions is another class's.
    """
    with project.database.write() as connection:
        entries = read_classes(connection)
        carried = {cell.key.class_name for cell in read_cube(connection) if cell.n}
        missing = {name: reward for name, reward in GRADES.items() if name not in {e.name for e in entries}}
        if not missing:
            raise PlanError("the five grades are there already", "see the list of classes")
        leaving = [e for e in entries if e.name not in carried and e.name not in GRADES]
        staying = [e for e in entries if e not in leaving]
        objects = []
        for name, reward in missing.items():
            entry = replace(_new_entry(staying, name, reward), condition=name.capitalize())
            staying.append(entry)
            objects.append(change_object("classes", name, None, entry.to_dict()))
        objects += [change_object("classes", e.name, e.to_dict(), None) for e in leaving]
        for change in objects:
            write_object(connection, change["table"], change["key"], change["after"])
        _refuse_infinite(connection, read_scheme(connection))
        return record_action(
            connection, "classes", "make five grades", actor, params={"objects": objects}, undoable=True
        )


def set_beta(project: Project, beta: float, *, actor: str) -> Action:
    """Set the temperature beta.

    Raises:
        SchemeError: It is not a finite number above 0, or makes a weight infinite.
    """
    with project.database.write() as connection:
        was = get_setting(connection, "beta", DEFAULT_BETA)
        title = f"set beta from {was:g} to {beta:g}"
        return _change(connection, "settings", "beta", float(beta), title, actor)


def set_rewards(
    project: Project, rewards: Mapping[str, float], beta: float | None = None, *, actor: str
) -> Action:
    """Set several rewards, and beta, as one action that one undo takes back.

    Raises:
        SchemeError: A class is unknown, or a weight would not be finite.
        PlanError: Everything is so already.
    """
    with project.database.write() as connection:
        scheme = with_rewards(read_scheme(connection), rewards, beta)
        _refuse_infinite(connection, scheme)
        objects = []
        for entry in read_classes(connection):
            reward = scheme[entry.name].reward
            if reward != entry.reward:
                after = replace(entry, reward=reward).to_dict()
                objects.append(change_object("classes", entry.name, entry.to_dict(), after))
        before = get_setting(connection, "beta")
        if beta is not None and scheme.beta != get_setting(connection, "beta", DEFAULT_BETA):
            objects.append(change_object("settings", "beta", before, scheme.beta))
        if not objects:
            raise PlanError("the rewards are so already", "move a slider first")
        for change in objects:
            write_object(connection, change["table"], change["key"], change["after"])
        named = ", ".join(f"{o['key']} {_reward_in(o['after']):g}" for o in objects)
        return record_action(
            connection, "classes", f"set rewards: {named}", actor, params={"objects": objects}, undoable=True
        )


def _reward_in(value: Any) -> float:
    return float(value["reward"] if isinstance(value, Mapping) else value)


def _change(connection: Connection, table: str, key: str, after: object, title: str, actor: str) -> Action:
    before = read_object(connection, table, key)
    if before == after:
        return Action(0, "classes", f"{title}: nothing to change", actor, now(), "", 0, {}, undoable=False)
    write_object(connection, table, key, after)
    _refuse_infinite(connection, read_scheme(connection))
    objects = [change_object(table, key, before, after)]
    return record_action(connection, "classes", title, actor, params={"objects": objects}, undoable=True)
