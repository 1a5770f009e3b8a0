"""What a run would be trained on: a snapshot, or what a snapshot made now would hold. Figures, not texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, func, not_, select

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.runfolder import RunFolder
from workbench.curate.rewards import ClassCount, reward_mass
from workbench.services.browsing import get_record, search
from workbench.services.classes import own_rewards
from workbench.services.heldout import compare_prompts, held_out_term, trainable
from workbench.services.project import Project
from workbench.store.classes import read_scheme
from workbench.store.cube import read_cube
from workbench.store.heldout import is_held_out
from workbench.store.schema import conversations


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """A class within a snapshot.

    Attributes:
        name: The class.
        condition: What stands in the prompt.
        conversations: How many.
        supervised_tokens: Tokens that are learnt (by the project's tokenizer).
        loss_weight: The class's weight.
        mass_share: Its share of the sum of weight times tokens, 0 to 1.
    """

    name: str
    condition: str
    conversations: int
    supervised_tokens: int
    loss_weight: float
    mass_share: float


@dataclass(frozen=True, slots=True)
class TrainSet:
    """Figures of what is trained on.

    Attributes:
        name: What to call it in a sentence.
        path: The snapshot's folder, or None for what is in the project now.
        scheme: Its classes.
        classes: Figures of every class, also of those without conversations.
        tokens: All tokens by class.
    """

    name: str
    path: Path | None
    scheme: ClassScheme
    classes: tuple[ClassFigures, ...]
    tokens: Mapping[str, int]


def read_train_set(path: Path) -> TrainSet:
    """Read a snapshot's figures.

    Raises:
        DataError: The folder is no whole snapshot.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    manifest = RunFolder(path).read_json("manifest.json") or {}
    scheme = manifest.get("scheme")
    if not isinstance(scheme, dict) or not (path / "data.parquet").is_file():
        raise DataError(f"{path} is no whole snapshot", "make the snapshot again")
    classes = ClassScheme.from_dict(scheme)
    wanted = ["class", "n_tokens", "supervised_tokens", "loss_weight"]
    try:
        table = pq.read_table(path / "data.parquet", columns=wanted)
    except pa.ArrowException as error:
        raise DataError(f"{path} is no whole snapshot", "make the snapshot again") from error
    # By name: the table has the columns in the file's order, not in the order asked for.
    columns = [table.column(name).to_pylist() for name in wanted]
    names = [c.name for c in classes.classes]
    count, tokens, supervised = (dict.fromkeys(names, 0) for _ in range(3))
    mass = dict.fromkeys(names, 0.0)
    for name, n, learnt, weight in zip(*columns, strict=True):
        if name in count:
            count[name] += 1
            tokens[name] += n or 0
            supervised[name] += learnt or 0
            mass[name] += (learnt or 0) * (1.0 if weight is None else weight)
    total = sum(mass.values()) or 1.0
    figures = tuple(
        ClassFigures(
            name=c.name,
            condition=c.condition,
            conversations=count[c.name],
            supervised_tokens=supervised[c.name],
            loss_weight=classes.loss_weight(c.name),
            mass_share=mass[c.name] / total,
        )
        for c in classes.classes
    )
    return TrainSet(f"snapshot {path.name}", path, classes, figures, tokens)


def current_train_set(project: Project) -> TrainSet:
    """Return the figures of what a snapshot made now would hold: tagged, not dropped, and not held out.

    Counted from the cube, less the few that are held out.
    """
    compare_prompts(project)
    with project.database.read() as connection:
        scheme, held = read_scheme(connection), is_held_out(connection)
        sums = {c.name: [0, 0, 0] for c in scheme.classes}
        for cell in read_cube(connection):
            if cell.key.status != "dropped" and cell.key.class_name in sums:
                _add(sums[cell.key.class_name], (cell.n, cell.n_tokens, cell.supervised_tokens))
        for name, *less in _held_out_sums(connection, held):
            _add(sums[name], [-n for n in less])
        own = own_rewards(connection, not_(held))
    counts = {name: ClassCount(n, supervised) for name, (n, _, supervised) in sums.items()}
    figures = tuple(
        ClassFigures(
            c.name,
            c.condition,
            counts[c.name].conversations,
            counts[c.name].supervised_tokens,
            mass.loss_weight,
            mass.share,
        )
        for c, mass in zip(scheme.classes, reward_mass(scheme, counts, own), strict=True)
    )
    return TrainSet("the project", None, scheme, figures, {name: tokens for name, (_, tokens, _) in sums.items()})


def _add(sums: list[int], more: Sequence[int]) -> None:
    sums[:] = [a + b for a, b in zip(sums, more, strict=True)]


def _held_out_sums(connection: Connection, held: ColumnElement[bool]) -> Iterable[tuple[str, int, int, int]]:
    c = conversations.c
    sums = select(c.class_name, func.count(), func.sum(c.n_tokens), func.sum(c.supervised_tokens))
    return [tuple(row) for row in connection.execute(sums.where(trainable(), held).group_by(c.class_name))]


def first_of_each_class(project: Project, data: TrainSet) -> dict[str, Conversation]:
    """Return the first conversation of every class that has one."""
    wanted = {c.name for c in data.classes if c.conversations}
    if data.path is not None:
        return _first_in_snapshot(data.path, wanted)
    found = {}
    for name in wanted:
        shown = f'class:"{name}" -status:dropped -{held_out_term(project)}'
        items = search(project, shown, limit=1, order="oldest").items
        if items:
            found[name] = get_record(project, items[0].seq).conversation
    return found


def _first_in_snapshot(path: Path, wanted: set[str]) -> dict[str, Conversation]:
    """Read until one conversation of every class is found."""
    import pyarrow.parquet as pq

    found: dict[str, Conversation] = {}
    for batch in pq.ParquetFile(path / "data.parquet").iter_batches(512, columns=["class", "conversation"]):
        names, texts = batch.column("class").to_pylist(), batch.column("conversation").to_pylist()
        for name, text in zip(names, texts, strict=True):
            if name in wanted and name not in found:
                found[name] = Conversation.from_dict(json.loads(text))
        if len(found) == len(wanted):
            break
    return found
