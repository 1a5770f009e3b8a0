"""Rewards before they are saved: where the mass would lie, and one example of each class as trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select

from crlft.condition import ClassScheme
from crlft.template import Segment, get_template, render
from workbench.curate.rewardmass import Cell, MassReport, mass_report
from workbench.curate.rewards import with_rewards
from workbench.services import browsing
from workbench.services.classes import class_scheme
from workbench.services.project import Project
from workbench.store.cube import read_cube
from workbench.store.schema import conversations, map_clusters, map_points, turn_rewards


@dataclass(frozen=True)
class MassMaterial:
    """What is counted once; sliders only weigh it anew.

    Attributes:
        cells: By class, own reward, source and language.
        topics: By class, own reward and region of the map.
    """

    cells: tuple[Cell, ...]
    topics: tuple[Cell, ...]


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
    """Count what is tagged and not dropped."""
    with project.database.read() as connection:
        return MassMaterial(tuple(_cells(connection)), tuple(_topics(connection)))


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
    out = []
    for c in scheme.classes:
        page = browsing.search(project, f"class:{c.name} -status:dropped tokens<200", limit=1, order="random")
        for row in page.items:
            record = browsing.get_record(project, row.seq)
            segments = list(render(record.conversation, c.condition, get_template(template)))
            weights = scheme.turn_weights(record.conversation)
            out.append(TrainedExample(c.name, c.condition, record.uid, segments, weights))
    return out


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
    return _answers_apart(cells, connection.execute(_answers(c.source, c.language, literal(""))))


def _answers(*place: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Select answers with a reward of their own: class, conversation's reward, place, own reward, tokens."""
    c, a = conversations.c, turn_rewards.c
    columns = (c.class_name, c.coarse_reward, *place)
    return (
        select(*columns, a.reward, func.sum(a.supervised_tokens))
        .select_from(turn_rewards.join(conversations, a.seq == c.seq))
        .where(c.class_name.is_not(None), c.status != "dropped")
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
        .where(c.class_name.is_not(None), c.status != "dropped")
        .group_by(c.class_name, c.coarse_reward, map_clusters.c.title)
    )
    cells = [Cell(row[0], row[1], "", "", row[2], row[3], row[4] or 0) for row in connection.execute(query)]
    answers = (
        _answers(literal(""), literal(""), map_clusters.c.title)
        .join(map_points, map_points.c.seq == c.seq)
        .join(map_clusters, map_clusters.c.cluster == map_points.c.cluster)
    )
    return _answers_apart(cells, connection.execute(answers))
