"""What a snapshot's data amounts to, read from its columns without touching the texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.runfolder import RunFolder


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
    """A snapshot's figures.

    Attributes:
        path: The snapshot's folder.
        scheme: Its classes.
        classes: Figures of every class, also of those without conversations.
        tokens: All tokens by class.
    """

    path: Path
    scheme: ClassScheme
    classes: tuple[ClassFigures, ...]
    tokens: Mapping[str, int]


def read_train_set(path: Path) -> TrainSet:
    """Read a snapshot's figures.

    Raises:
        DataError: The folder is no whole snapshot.
    """
    import pyarrow.parquet as pq

    manifest = RunFolder(path).read_json("manifest.json") or {}
    scheme = manifest.get("scheme")
    if not isinstance(scheme, dict) or not (path / "data.parquet").is_file():
        raise DataError(f"{path} is no whole snapshot", "make the snapshot again")
    classes = ClassScheme.from_dict(scheme)
    wanted = ["class", "n_tokens", "supervised_tokens", "loss_weight"]
    table = pq.read_table(path / "data.parquet", columns=wanted)
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
    return TrainSet(path, classes, figures, tokens)


def first_of_each_class(data: TrainSet) -> dict[str, Conversation]:
    """Return the first conversation of every class in a snapshot; stops reading when all are found."""
    import pyarrow.parquet as pq

    wanted = {c.name for c in data.classes if c.conversations}
    found: dict[str, Conversation] = {}
    for batch in pq.ParquetFile(data.path / "data.parquet").iter_batches(512, columns=["class", "conversation"]):
        names, texts = batch.column("class").to_pylist(), batch.column("conversation").to_pylist()
        for name, text in zip(names, texts, strict=True):
            if name in wanted and name not in found:
                found[name] = Conversation.from_dict(json.loads(text))
        if len(found) == len(wanted):
            break
    return found
