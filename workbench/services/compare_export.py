"""A comparison to take along: CSV, Parquet, a page to send round, and preference pairs as TRL reads them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from crlft.formats.tables_out import write_csv
from workbench.domain.comparison import BASE, Column
from workbench.domain.errors import WorkbenchError
from workbench.services.answers import Grid, ballots
from workbench.services.votes import duel, leanings, rank

COLUMNS = (
    "prompt_id", "prompt", "column", "model", "condition", "answer", "tokens", "seconds", "correct",
    "full_quality", "wins", "losses", "ties", "rendered_hash",
)  # fmt: skip


def result_rows(grid: Grid) -> list[dict[str, Any]]:
    """Return one row per answer, with its votes counted."""
    out = []
    for row in grid.rows:
        for cell in row.cells:
            if cell is None:
                continue
            column = grid.comparison.columns[cell.column]
            votes = [(v.choice, "left" if v.left_cell == cell.id else "right") for v in row.votes
                     if cell.id in (v.left_cell, v.right_cell)]  # fmt: skip
            wins = sum(choice == side for choice, side in votes)
            losses = sum(choice in ("left", "right") and choice != side for choice, side in votes)
            values = (
                row.prompt.id, _asked(row.prompt.messages), column.label, column.model, column.condition,
                cell.text, cell.n_tokens, cell.seconds, cell.correct, cell.full,
                wins, losses, len(votes) - wins - losses,
                cell.rendered_hash,
            )  # fmt: skip
            out.append(dict(zip(COLUMNS, values, strict=True)))
    return out


def _asked(messages: tuple[Mapping[str, str], ...]) -> str:
    if len(messages) == 1:
        return messages[0].get("content", "")
    return "\n".join(f"{m.get('role', '')}: {m.get('content', '')}" for m in messages)


def to_csv(grid: Grid) -> bytes:
    """Return the answers as CSV that no spreadsheet takes for formulas."""
    file = io.BytesIO()
    write_csv(result_rows(grid), COLUMNS, file, ",")
    return file.getvalue()


def to_parquet(grid: Grid) -> bytes:
    """Return the answers as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = {name: pa.string() for name in ("prompt_id", "prompt", "column", "model", "condition", "answer")}
    kinds = {
        **texts,
        **dict.fromkeys(("tokens", "wins", "losses", "ties"), pa.int64()),
        **dict.fromkeys(("correct", "full_quality"), pa.bool_()),
        "seconds": pa.float64(),
        "rendered_hash": pa.string(),
    }
    schema = pa.schema([(name, kinds[name]) for name in COLUMNS])
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(result_rows(grid), schema=schema), file)
    return file.getvalue()


def preference_pairs(grid: Grid) -> list[dict[str, Any]]:
    """Return pairs in TRL's conversational schema: `prompt`, `chosen`, `rejected`, each a list of messages.

    A pair is made where judges over two answers to a prompt were not evenly split; equal texts make none.
    """
    pairs = []
    for row in grid.rows:
        cells = {c.id: c for c in row.cells if c is not None}
        net: dict[tuple[int, int], int] = {}
        for v in row.votes:
            if v.choice in ("left", "right") and v.left_cell in cells and v.right_cell in cells:
                low, high = sorted((v.left_cell, v.right_cell))
                won = v.left_cell if v.choice == "left" else v.right_cell
                net[low, high] = net.get((low, high), 0) + (1 if won == low else -1)
        for (low, high), standing in net.items():
            chosen, rejected = (low, high) if standing > 0 else (high, low)
            if standing and cells[low].text.strip() != cells[high].text.strip():
                pairs.append(
                    {
                        "prompt": [dict(m) for m in row.prompt.messages],
                        "chosen": [{"role": "assistant", "content": cells[chosen].text}],
                        "rejected": [{"role": "assistant", "content": cells[rejected].text}],
                    }
                )
    return pairs


def to_pairs(grid: Grid) -> bytes:
    """Return the preference pairs as JSONL; empty where nobody preferred anything."""
    return "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in preference_pairs(grid)).encode()


_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border:1px solid #ccc;padding:.4rem .6rem;
text-align:left;vertical-align:top}td.t{white-space:pre-wrap;overflow-wrap:anywhere}th{background:#f4f4f2}
.good{color:#2f7d6d}.bad{color:#b5544a}small{color:#666}"""


WORDS = (
    *(_FIGURES := ("column", "condition", "answers", "correct", "full quality", "mean tokens")),
    *(_RANKING := ("column", "strength (log-odds)", "95 % interval", "votes")),
    *(_DUELS := ("pair", "won / tied / lost", "first's share", "at equal length", "sign test p", "votes missing")),
    "{n} prompts · round {round} · {when} · {sampling}", "none", "Votes", "No votes.",
    "Orders that the votes bear out: {orders}.", "{a} above {b}", "{a} against {b}",
    "Left was picked in {left} of the decisive votes, the longer answer in {longer}.",
    "Answers", "prompt", "wrong", BASE,
)  # fmt: skip
"""Every text of the page; `to_html` takes them in another language."""


def to_html(
    grid: Grid, words: Mapping[str, str] | None = None, language: str = "en", title: str | None = None
) -> bytes:
    """Return a page that stands alone: figures, votes with their intervals, every answer. All text is escaped.

    Args:
        grid: The comparison.
        words: What to say for each of `WORDS`; what it lacks is said in English.
        language: Code of that language.
        title: The comparison's name in that language; None is as it is stored.
    """
    say = _Speaker(words or {})
    comparison = grid.comparison
    head = say(
        "{n} prompts · round {round} · {when} · {sampling}",
        n=len(grid.rows),
        round=comparison.round,
        when=comparison.created_at,
        sampling=", ".join(f"{k} {v}" for k, v in comparison.sampling.items()),
    )
    parts = [
        f'<!doctype html><html lang="{escape(language)}"><meta charset="utf-8">',
        f"<title>{escape(title or comparison.name)}</title><style>{_STYLE}</style>",
        f"<h1>{escape(title or comparison.name)}</h1><p>{escape(head)}</p>",
        _figures(grid, say),
        _votes(grid, say),
        _answers(grid, say),
    ]
    return "".join(parts).encode()


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Says a text in the page's language."""

    words: Mapping[str, str]

    def __call__(self, text: str, **values: object) -> str:
        said = self.words.get(text, text)
        return said.format(**values) if values else said


def _label(column: Column, say: _Speaker) -> str:
    return say(BASE) if column.label == BASE else column.label


def _figures(grid: Grid, say: _Speaker) -> str:
    rows = [
        (_label(s.column, say), s.column.condition or say("none"), s.answered,
         _rate(s.correct_rate, s.correct_interval), _rate(s.full_rate, s.full_interval), f"{s.mean_tokens:.1f}")
        for s in grid.summary
    ]  # fmt: skip
    return _table(_FIGURES, rows, say)


def _votes(grid: Grid, say: _Speaker) -> str:
    found = ballots(grid)
    if not found:
        return f"<p>{escape(say('No votes.'))}</p>"
    labels = [_label(c, say) for c in grid.comparison.columns]
    standing = rank(found, len(labels))
    rows = [(labels[s.column], f"{s.strength:+.2f}", f"{s.low:+.2f} … {s.high:+.2f}", s.votes)
            for s in standing.standings]  # fmt: skip
    orders = "; ".join(say("{a} above {b}", a=labels[a], b=labels[b]) for a, b, _, _ in standing.claims)
    claims = say("Orders that the votes bear out: {orders}.", orders=orders or say("none"))
    lean = leanings(found)
    leaning = say(
        "Left was picked in {left} of the decisive votes, the longer answer in {longer}.",
        left=_rate(lean.left.value, (lean.left.low, lean.left.high)),
        longer=_rate(lean.longer.value, (lean.longer.low, lean.longer.high)),
    )
    return (
        f"<h2>{escape(say('Votes'))}</h2>{_table(_RANKING, rows, say)}<p>{escape(claims)}</p>"
        f"{_duels(grid, labels, say)}<p>{escape(leaning)}</p>"
    )


def _duels(grid: Grid, labels: list[str], say: _Speaker) -> str:
    said: list[tuple[object, ...]] = []
    found = ballots(grid)
    for a in range(len(labels)):
        for b in range(a + 1, len(labels)):
            if (d := duel(found, a, b)) is not None:
                even = d.length_controlled
                said.append((
                    say("{a} against {b}", a=labels[a], b=labels[b]), f"{d.wins} / {d.ties} / {d.losses}",
                    _rate(d.share.value, (d.share.low, d.share.high)),
                    "–" if even is None else _rate(even.value, (even.low, even.high)),
                    "< 0.001" if d.p_value < 0.001 else f"{d.p_value:.3f}", d.more_votes,
                ))  # fmt: skip
    return _table(_DUELS, said, say)


def _answers(grid: Grid, say: _Speaker) -> str:
    head = "".join(f"<th>{escape(_label(c, say))}</th>" for c in grid.comparison.columns)
    body = []
    for row in grid.rows:
        cells = []
        for cell in row.cells:
            mark = "" if cell is None or cell.correct is None else (
                f'<small class="good">{escape(say("correct"))}</small>' if cell.correct
                else f'<small class="bad">{escape(say("wrong"))}</small>'
            )  # fmt: skip
            cells.append(f'<td class="t">{escape(cell.text) if cell else "–"}<br>{mark}</td>')
        asked = escape(_asked(row.prompt.messages))
        body.append(f'<tr><td class="t">{asked}</td>{"".join(cells)}</tr>')
    return (
        f"<h2>{escape(say('Answers'))}</h2><table><tr><th>{escape(say('prompt'))}</th>{head}</tr>"
        f"{''.join(body)}</table>"
    )


def _table(head: tuple[str, ...], rows: list[Any], say: _Speaker) -> str:
    cells = "".join(f"<th>{escape(say(h))}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(v))}</td>" for v in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _rate(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None:
        return "–"
    between = f" ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})" if interval else ""
    return f"{100 * value:.1f} %{between}"


WRITERS: Mapping[str, Callable[[Grid], bytes]] = {
    ".csv": to_csv,
    ".parquet": to_parquet,
    ".html": to_html,
    ".jsonl": to_pairs,
}
"""File ending → what it holds."""


def write_report(grid: Grid, path: Path) -> int:
    """Write a comparison by the file's ending; returns the bytes written.

    Raises:
        WorkbenchError: The ending is unknown, there is nothing to write, or the disk refuses.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise WorkbenchError(
            f"{path}: no report has the ending {path.suffix!r}", f"use one of {', '.join(WRITERS)}"
        )
    data = writer(grid)
    if not data:
        raise WorkbenchError("there is no preference pair: nobody preferred one answer", "vote first")
    try:
        path.write_bytes(data)
    except OSError as error:
        raise WorkbenchError(f"{path}: cannot be written ({error.strerror})", "name another place") from error
    return len(data)
