"""Conversations out of the project, in every format that can be read, and as a `datasets` folder.

What a format cannot hold is counted and named; nothing is left out silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats import FORMATS, WRITABLE
from crlft.formats.writing import check_name, write_rows
from workbench.domain.errors import WorkbenchError
from workbench.domain.record import Record
from workbench.services.datasetfolder import DATASETS, Card, write_folder

__all__ = ["EXPORT_FORMATS", "Card", "ExportReport", "export_conversations"]

EXPORT_FORMATS = (*WRITABLE, DATASETS)
"""Names that `export_conversations` takes."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    Attributes:
        path: The file or folder.
        format: The format.
        rows: Conversations written.
        lost: What the format cannot hold, in words: in how many conversations.
        classes: Conversations by class; `none` is untagged.
    """

    path: str
    format: str
    rows: int
    lost: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)


def export_conversations(
    records: Iterable[Record | Conversation],
    scheme: ClassScheme,
    out: Path | str,
    format: str,
    *,
    card: Card | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> ExportReport:
    """Write conversations to a file, or to a folder that `datasets` reads.

    Args:
        records: What to write, in order; read once, so it may be any iterator.
        scheme: Classes, for conditions and loss weights.
        out: A file whose name ends with `.json` or `.jsonl`, with `.gz` or `.zst` behind it if it is to be packed;
            for `datasets` a folder. Missing parents are made.
        format: One of `EXPORT_FORMATS`.
        card: What the dataset card says besides the figures; for `datasets`.
        on_progress: Called now and then with conversations written and None.

    Raises:
        WorkbenchError: The format or the name is unknown, something stands at `out`, or it cannot be written.
    """
    path = Path(out)
    if format not in EXPORT_FORMATS:
        raise WorkbenchError(f"unknown format {format!r}", f"use one of {', '.join(EXPORT_FORMATS)}")
    if path.exists():
        raise WorkbenchError(f"{path} is already there", "name a new file, or remove that one first")
    tally = _Tally(format, scheme, on_progress)
    conversations = (r.conversation if isinstance(r, Record) else r for r in records)
    try:
        if format != DATASETS:
            check_name(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if format == DATASETS:
            write_folder(tally.watch(conversations), scheme, path, card or Card(path.name))
        else:
            _write_file(tally.watch(conversations), scheme, path, format)
    except DataError as error:
        raise WorkbenchError(error.message, error.remedy) from error
    except OSError as error:
        raise WorkbenchError(
            f"{path} cannot be written: {error.strerror}", "check the folder, its permissions and the disk"
        ) from error
    return ExportReport(str(path), format, tally.rows, dict(tally.lost.most_common()), dict(tally.classes))


def _write_file(conversations: Iterator[Conversation], scheme: ClassScheme, path: Path, format: str) -> None:
    form = FORMATS[format]
    with write_rows(path) as put:
        for c in conversations:
            known = c.class_name is not None and c.class_name in scheme
            condition = scheme[c.class_name].condition if known and c.class_name else ""
            weight = scheme.loss_weight(c.class_name, c.coarse_reward) if known and c.class_name else 1.0
            put(form.write(c, condition=condition, loss_weight=weight))


class _Tally:
    """Counts what passes by."""

    def __init__(
        self, format: str, scheme: ClassScheme, on_progress: Callable[[int, int | None], None] | None
    ) -> None:
        self._cannot_hold = FORMATS[format].cannot_hold if format != DATASETS else _nothing
        self._on_progress = on_progress
        self.rows = 0
        self.lost: Counter[str] = Counter()
        self.classes: Counter[str] = Counter({c.name: 0 for c in scheme.classes})

    def watch(self, conversations: Iterable[Conversation]) -> Iterator[Conversation]:
        """Yield the conversations, counting them."""
        for conversation in conversations:
            self.lost.update(set(self._cannot_hold(conversation)))
            self.classes[conversation.class_name or "none"] += 1
            self.rows += 1
            if self._on_progress is not None and self.rows % 1000 == 0:
                self._on_progress(self.rows, None)
            yield conversation


def _nothing(conversation: Conversation) -> Sequence[str]:
    """Name what a `datasets` folder loses: its column `conversation` holds all."""
    del conversation
    return ()
