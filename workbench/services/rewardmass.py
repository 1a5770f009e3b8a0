"""Rewards before they are saved: where the mass would lie, and one example of each class as trained on.

What is counted is what a snapshot made now would hold: tagged, not dropped, and not held out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, not_, select

from crlft.condition import ClassScheme
from crlft.template import Segment, get_template, render
from workbench.curate.rewardmass import Cell, MassReport, mass_report
from workbench.curate.rewards import with_rewards
from workbench.domain.record import Record
from workbench.services import browsing
from workbench.services.classes import class_scheme
from workbench.services.heldout import HeldOutCounts, compare_prompts, counts_on, held_out_term, trainable
from workbench.services.mapping import map_stamp
from workbench.services.project import Project
from workbench.store.cube import read_cube
from workbench.store.heldout import is_held_out
from workbench.store.schema import conversations, map_clusters, map_points, turn_rewards

_known: dict[Path, tuple[Any, MassMaterial]] = {}
"""Project → what its material was counted of, and the material: pages and sessions share one count."""
_examples: dict[Path, tuple[Any, dict[str, Record]]] = {}
"""Project → the same of its examples: sliders only weigh them anew."""


@dataclass(frozen=True)
class MassMaterial:
    """What is counted once; sliders only weigh it anew.

    Attributes:
        cells: By class, own reward, source and language.
        topics: By class, own reward and region of the map.
        held_out: What asks a held-out prompt, among what is tagged and not dropped; which of it is not counted.
    """

    cells: tuple[Cell, ...]
    topics: tuple[Cell, ...]
    held_out: HeldOutCounts


@dataclass(frozen=True, slots=True)
class TrainedExample:
    """A conversation as it would be trained on.

    Attributes:
        class_name: Its class.
        condition: The class's condition.
        uid: Which conversation.
        segments: Its text in order: control or not, supervised or not.
        turn_weights: What a supervised token of each turn weighs.
    """

    class_name: str
    condition: str
    uid: str
    segments: list[Segment]
    turn_weights: list[float]


def mass_material(project: Project) -> MassMaterial:
    """Count what a snapshot made now would hold; counted anew only where the data, its map or its guard changed.

    Prompts that are new are compared with the held-out ones first (`heldout.compare_prompts`).
    """
    compare_prompts(project)
    stamp = _stamp(project)
    known = _known.get(project.root)
    if known is None or known[0] != stamp:
        with project.database.read() as connection:
            cells, topics = tuple(_cells(connection)), tuple(_topics(connection))
            material = MassMaterial(cells, topics, counts_on(connection, trainable()))
        known = _known[project.root] = (stamp, material)
    return known[1]


def _stamp(project: Project) -> tuple[object, ...]:
    """Return what changes with the data and its map; what is held out, is decided in the log, too."""
    return *browsing.stamp(project), map_stamp(project)


def preview_mass(
    project: Project, material: MassMaterial, rewards: Mapping[str, float] | None = None, beta: float | None = None
) -> MassReport:
    """Return where the mass would lie under other rewards; nothing is saved.

    Raises:
        SchemeError: A class is unknown, or a value makes no sense.
    """
    return mass_report(with_rewards(class_scheme(project), rewards, beta), material.cells, material.topics)


def trained_examples(
    project: Project,
    rewards: Mapping[str, float] | None = None,
    beta: float | None = None,
    template: str = "openchat",
) -> list[TrainedExample]:
    """Return the first short conversation of each class, rendered as in training."""
    scheme: ClassScheme = with_rewards(class_scheme(project), rewards, beta)
    found = _short_ones(project, [c.name for c in scheme.classes])
    out = []
    for c in scheme.classes:
        if c.name in found:
            record = found[c.name]
            segments = list(render(record.conversation, c.condition, get_template(template)))
            weights = scheme.turn_weights(record.conversation)
            out.append(TrainedExample(c.name, c.condition, record.uid, segments, weights))
    return out


def _short_ones(project: Project, names: Sequence[str]) -> dict[str, Record]:
    """Return a short conversation of each class; looked for anew only where the data changed."""
    compare_prompts(project)
    stamp = *_stamp(project), *names
    known = _examples.get(project.root)
    if known is None or known[0] != stamp:
        kept_out, found = held_out_term(project), {}
        for name in names:
            shown = f"class:{name} -status:dropped -{kept_out} tokens<200"
            for row in browsing.search(project, shown, limit=1, order="random").items:
                found[name] = browsing.get_record(project, row.seq)
        known = _examples[project.root] = (stamp, found)
    return known[1]


def _cells(connection: Connection) -> list[Cell]:
    c = conversations.c
    query = (
        select(c.class_name, c.coarse_reward, c.source, c.language, func.count(), func.sum(c.supervised_tokens))
        .where(c.coarse_reward.is_not(None), c.class_name.is_not(None), c.status != "dropped")
        .group_by(c.class_name, c.coarse_reward, c.source, c.language)
    )
    own = [Cell(row[0], row[1], row[2], row[3], "", row[4], row[5] or 0) for row in connection.execute(query)]
    counts: dict[tuple[str, str, str], list[int]] = {}
    for cell in read_cube(connection):
        if cell.key.class_name and cell.key.status != "dropped":
            count = counts.setdefault((cell.key.class_name, cell.key.source, cell.key.language), [0, 0])
            count[0] += cell.n
            count[1] += cell.supervised_tokens
    for mine in own:
        count = counts[mine.class_name, mine.source, mine.language]
        count[0] -= mine.n
        count[1] -= mine.tokens
    cells = own + [Cell(k[0], None, k[1], k[2], "", n, tokens) for k, (n, tokens) in counts.items() if n]
    cells = _less(cells, connection.execute(_held_out(connection, c.source, c.language, literal(""))))
    return _answers_apart(cells, connection.execute(_answers(connection, c.source, c.language, literal(""))))


def _held_out(connection: Connection, *place: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Select what is tagged and stays out of snapshots: class, own reward, place, conversations, tokens."""
    c = conversations.c
    columns = (c.class_name, c.coarse_reward, *place)
    sums = select(*columns, func.count(), func.sum(c.supervised_tokens)).select_from(conversations)
    return sums.where(trainable(), is_held_out(connection)).group_by(*columns)


def _less(cells: Iterable[Cell], rows: Iterable[Sequence[Any]]) -> list[Cell]:
    """Take conversations away from the cells where they are counted; cells without any are gone."""
    less = {tuple(place): (n, tokens or 0) for *place, n, tokens in rows}
    rest = []
    for cell in cells:
        n, tokens = less.get((cell.class_name, cell.reward, cell.source, cell.language, cell.topic), (0, 0))
        if cell.n > n:
            rest.append(replace(cell, n=cell.n - n, tokens=cell.tokens - tokens) if n else cell)
    return rest


def _answers(connection: Connection, *place: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Select answers with a reward of their own: class, conversation's reward, place, own reward, tokens."""
    c, a = conversations.c, turn_rewards.c
    columns = (c.class_name, c.coarse_reward, *place)
    return (
        select(*columns, a.reward, func.sum(a.supervised_tokens))
        .select_from(turn_rewards.join(conversations, a.seq == c.seq))
        .where(trainable(), not_(is_held_out(connection)))
        .group_by(*columns, a.reward)
    )


def _answers_apart(cells: Sequence[Cell], answers: Iterable[Sequence[Any]]) -> list[Cell]:
    """Move the tokens of answers with a reward of their own into cells of their own, without conversations."""
    moved: dict[tuple[Any, ...], int] = {}
    apart = []
    for name, overridden, source, language, topic, reward, tokens in answers:
        place = (name, overridden, source, language, topic)
        moved[place] = moved.get(place, 0) + tokens
        apart.append(Cell(name, reward, source, language, topic, 0, tokens))
    rest = [
        replace(cell, tokens=cell.tokens - moved[place])
        if (place := (cell.class_name, cell.reward, cell.source, cell.language, cell.topic)) in moved
        else cell
        for cell in cells
    ]
    return rest + apart


def _topics(connection: Connection) -> list[Cell]:
    c = conversations.c
    query = (
        select(c.class_name, c.coarse_reward, map_clusters.c.title, func.count(), func.sum(c.supervised_tokens))
        .join(map_points, map_points.c.seq == c.seq)
        .join(map_clusters, map_clusters.c.cluster == map_points.c.cluster)
        .where(trainable())
        .group_by(c.class_name, c.coarse_reward, map_clusters.c.title)
    )
    cells = [Cell(row[0], row[1], "", "", row[2], row[3], row[4] or 0) for row in connection.execute(query)]
    place = (literal(""), literal(""), map_clusters.c.title)
    less, answers = (_on_map(select(connection, *place)) for select in (_held_out, _answers))
    return _answers_apart(_less(cells, connection.execute(less)), connection.execute(answers))


def _on_map(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    of_point = map_points.c.seq == conversations.c.seq
    return query.join(map_points, of_point).join(map_clusters, map_clusters.c.cluster == map_points.c.cluster)
