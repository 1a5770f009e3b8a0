"""Conversations out of the project, in every format that can be read, and as a `datasets` folder.

    report = export_conversations(rows, scheme, Path("out.jsonl.gz"), "messages")
    report = export_conversations(rows, scheme, out, "preference", splits={"train": 0.9, "test": 0.1})
    print(preview_export(rows, scheme, Path("out.csv"), "kto").text)      # the same writer, nothing is kept

What a format cannot hold is counted and named; nothing is left out silently. Preference pairs are rows of two
conversations, as they came in.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats import FORMATS, LABELLED, WRITABLE
from crlft.formats.protocol import Format, Outgoing
from crlft.formats.rows_out import TEXTS, rows_out, shape_of_all
from crlft.formats.writing import check_name, container_loss, write_rows
from workbench.domain.errors import WorkbenchError
from workbench.domain.record import Record
from workbench.services.datasetfolder import DATASETS, Card, card_of, write_folder
from workbench.services.splitting import check_splits, part_path, split_apart

__all__ = ["EXPORT_FORMATS", "Card", "ExportPreview", "ExportReport", "export_conversations", "preview_export"]

EXPORT_FORMATS = (*WRITABLE, *LABELLED, DATASETS)
"""Names that `export_conversations` takes; those of `LABELLED` hold only pairs, or labelled answers."""

SHAPE_LOOK = 20_000
"""Conversations behind those shown that a preview looks at: one of several turns changes the shape of all rows."""

WHOLE = "train"
"""The only part where nothing is split."""

OnProgress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    Attributes:
        path: The file or folder; with splits the name they are made from.
        format: The format.
        rows: Rows written.
        lost: What the format cannot hold, in words: in how many conversations.
        classes: Conversations by class; `none` is untagged.
        left_out: Why conversations are in no row, in words: how many.
        files: The files, or the parts of the folder: rows in each.
    """

    path: str
    format: str
    rows: int
    lost: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """The beginning of what would be written.

    Attributes:
        text: The file as the writer writes it for these conversations, unpacked; for a folder its card.
        report: What was lost and left out among them; its paths do not exist.
    """

    text: str
    report: ExportReport


def export_conversations(
    records: Iterable[Record | Conversation],
    scheme: ClassScheme,
    out: Path | str,
    format: str,
    *,
    card: Card | None = None,
    splits: Mapping[str, float] | None = None,
    on_progress: OnProgress | None = None,
    shape: int = TEXTS,
) -> ExportReport:
    """Write conversations to a file, or to a folder that `datasets` reads.

    Args:
        records: What to write, in order; read once, so it may be any iterator.
        scheme: Classes, for conditions and loss weights.
        out: A file whose name says what to write (`.json`, `.jsonl`, `.csv`, `.tsv`, with `.gz` or `.zst` behind
            it if it is to be packed; `.parquet`); for `datasets` a folder. Missing parents are made.
        format: One of `EXPORT_FORMATS`.
        card: What the dataset card says besides the figures; for `datasets`.
        splits: Parts with their shares, such as `{"train": 0.9, "test": 0.1}`; no prompt is in two of them. Files
            are named `out.train.jsonl`.
        on_progress: Called now and then with conversations written and None.
        shape: As of `rows_out`.

    Raises:
        WorkbenchError: The format, the name or a share makes no sense, something stands at `out`, or it cannot be
            written.
    """
    path = Path(out)
    if format not in EXPORT_FORMATS:
        raise WorkbenchError(f"unknown format {format!r}", f"use one of {', '.join(EXPORT_FORMATS)}")
    names = check_splits(splits) if splits else [WHOLE]
    targets = {name: part_path(path, name) if splits and format != DATASETS else path for name in names}
    taken = next((target for target in targets.values() if target.exists()), None)
    if taken is not None:
        raise WorkbenchError(f"{taken} is already there", "name a new file, or remove that one first")
    tally = _Tally(format, scheme, path, on_progress)
    conversations = tally.watch(r.conversation if isinstance(r, Record) else r for r in records)
    with _explained(path):
        if format != DATASETS:
            check_name(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with split_apart(conversations, splits, names) as parts:
            if format == DATASETS:
                tally.files.update(write_folder(parts, scheme, path, card or Card(path.name)))
            else:
                _write_files(parts, targets, FORMATS[format], tally, scheme, shape)
    return tally.report(path, format)


def preview_export(
    records: Iterable[Record | Conversation],
    scheme: ClassScheme,
    out: Path | str,
    format: str,
    *,
    card: Card | None = None,
    limit: int = 20,
    splits: Mapping[str, float] | None = None,
) -> ExportPreview:
    """Return what `export_conversations` writes for the first conversations, by writing them aside.

    For `datasets` it is the card, whose figures are those of all conversations.

    Args:
        records: As of `export_conversations`.
        scheme: As there.
        out: As there; nothing is written to it.
        format: As there.
        card: As there.
        limit: How many conversations are looked at; for `datasets` all are.
        splits: As there; they change the card only.

    Raises:
        WorkbenchError: As there.
    """
    if format == DATASETS:
        tally = _Tally(format, scheme, Path(out), None)
        conversations = tally.watch(r.conversation if isinstance(r, Record) else r for r in records)
        with split_apart(conversations, splits, check_splits(splits) if splits else [WHOLE]) as parts:
            text, files = card_of(parts, scheme, card or Card(Path(out).name))
        tally.files.update(files)
        return ExportPreview(text, tally.report(Path(out), format))
    every = iter(records)
    first = list(islice(every, limit))
    shape = TEXTS
    if format in FORMATS:
        looked_at = (r.conversation if isinstance(r, Record) else r for r in islice(every, SHAPE_LOOK))
        shape = shape_of_all(FORMATS[format], (_outgoing(c, scheme) for c in looked_at))
    with tempfile.TemporaryDirectory(prefix="workbench-preview-") as scratch:
        name = Path(out).name
        packed = Path(name).suffix in (".gz", ".zst")
        aside = Path(scratch) / (Path(name).stem if packed else name)
        shown = aside.with_suffix(".jsonl") if aside.suffix == ".parquet" else aside
        report = export_conversations(first, scheme, shown, format, card=card, shape=shape)
        return ExportPreview(shown.read_text(encoding="utf-8"), report)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Give the formats' faults and the system's the words of this program."""
    try:
        yield
    except DataError as error:
        raise WorkbenchError(error.message, error.remedy) from error
    except OSError as error:
        raise WorkbenchError(
            f"{path} cannot be written: {error.strerror}", "check the folder, its permissions and the disk"
        ) from error


def _write_files(
    parts: Mapping[str, Iterator[Conversation]],
    targets: Mapping[str, Path],
    form: Format,
    tally: _Tally,
    scheme: ClassScheme,
    shape: int,
) -> None:
    """Write a file for each part; if one cannot be written none stays."""
    written: list[Path] = []
    try:
        for name, conversations in parts.items():
            rows = 0
            with write_rows(targets[name]) as put:
                items = (_outgoing(c, scheme) for c in conversations)
                one_shape = check_name(targets[name])[0] not in ("csv", "tsv")
                for row in rows_out(form, items, tally.leave_out, one_shape=one_shape, shape=shape):
                    put(row)
                    tally.note_row(row)
                    rows += 1
            written.append(targets[name])
            tally.files[str(targets[name])] = rows
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _outgoing(c: Conversation, scheme: ClassScheme) -> Outgoing:
    name = c.class_name
    if name is None or name not in scheme:
        return Outgoing(c)
    weights = {
        i: _rounded(weight)
        for i, (turn, weight) in enumerate(zip(c.turns, scheme.turn_weights(c), strict=True))
        if turn.reward is not None and not turn.excluded
    }
    return Outgoing(c, scheme[name].condition, _rounded(scheme.loss_weight(name, c.coarse_reward)), weights)


def _rounded(weight: float) -> float:
    return float(f"{weight:.9g}")  # exp() leaves 0.09999999999999998


class _Tally:
    """Counts what passes by."""

    def __init__(self, format: str, scheme: ClassScheme, path: Path, on_progress: OnProgress | None) -> None:
        self._form = FORMATS[format] if format != DATASETS else None  # its column `conversation` holds all
        self._path, self._on_progress = path, on_progress
        self._seen = 0
        self.lost: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.classes: Counter[str] = Counter({c.name: 0 for c in scheme.classes})
        self.files: dict[str, int] = {}

    def watch(self, conversations: Iterable[Conversation]) -> Iterator[Conversation]:
        """Yield the conversations, counting them."""
        for conversation in conversations:
            if self._form is not None:
                self.lost.update(set(self._form.cannot_hold(conversation)))
            self.classes[conversation.class_name or "none"] += 1
            self._seen += 1
            if self._on_progress is not None and self._seen % 1000 == 0:
                self._on_progress(self._seen, None)
            yield conversation

    def note_row(self, row: Mapping[str, object]) -> None:
        """Count what the file's kind cannot hold of a row."""
        self.lost.update(container_loss(self._path, row))

    def leave_out(self, conversation: Conversation, reason: str) -> None:
        """Count a conversation that is in no row."""
        del conversation
        self.left_out[reason] += 1

    def report(self, path: Path, format: str) -> ExportReport:
        """Return what was counted."""
        return ExportReport(
            path=str(path),
            format=format,
            rows=sum(self.files.values()),
            lost=dict(self.lost.most_common()),
            classes=dict(self.classes),
            left_out=dict(self.left_out.most_common()),
            files=self.files,
        )
