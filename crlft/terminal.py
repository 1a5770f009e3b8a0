"""What the command line shows: a progress bar, one JSON object for machines, errors with remedies."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from crlft.errors import CrlftError

DATA_HELP = "A snapshot's folder, or conversations in any format: a file, folder, glob or hub:owner/name."
CLASSES_HELP = "JSON file with classes and rewards, for data without; field and values in it tag by a field."


class Progress:
    """A listener for a job's events (`crlft.events.Listener`) that draws them on a terminal.

    Without a terminal it prints a line now and then; `quiet` prints nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True)
        self._bar: Bar | None = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if not self._quiet and self._console.is_terminal:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=self._console,
            )
            self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, event: str, fields: dict[str, Any]) -> None:
        """Show an event."""
        if self._quiet:
            return
        if event == "data":
            self._data(fields)
        elif event == "step":
            self._step(fields)
        elif event == "sample":
            who = fields["condition"] or "unconditioned"
            self._line(f"  [{who}] {fields['prompt'][:60]} → {fields['text'][:120]}")
        elif event == "eval":
            by_class = ", ".join(f"{k} {v:.3f}" for k, v in fields["loss_by_class"].items())
            self._line(f"step {fields['step']}: held-out loss {fields['loss']:.3f} ({by_class})")

    def _data(self, fields: dict[str, Any]) -> None:
        for line in account_lines(fields):
            self._line(line)

    def _step(self, fields: dict[str, Any]) -> None:
        note = f"loss {fields['loss']:.3f}"
        if self._bar:
            if self._task is None:
                self._task = self._bar.add_task("training", total=fields["total"], note=note)
            self._bar.update(self._task, completed=fields["step"], note=note)
        elif fields["step"] % max(1, fields["total"] // 20) == 0:
            self._line(f"step {fields['step']}/{fields['total']}: {note}")

    def _line(self, text: str) -> None:
        # Texts come from data: no markup, no highlighting, no control characters that move the cursor.
        clean = "".join(c if c.isprintable() else " " for c in text)
        self._console.print(clean, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def catching_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Turn the first Ctrl-C into a wish to stop; the second one ends the program."""

    def on_interrupt(signum: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, before)
        sys.stderr.write("stopping at the next safe point; Ctrl-C once more ends it at once\n")
        stop()

    try:
        before = signal.signal(signal.SIGINT, on_interrupt)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def account_lines(data: dict[str, Any]) -> list[str]:
    """Return the `data` event for reading: classes, warnings, budget."""
    lines = [
        f"{row['name']}: {row['conversations']} conversations, {row['supervised_tokens']} supervised tokens, "
        f"weight {row['weight']:.3g}, {row['mass_share']:.1%} of the reward mass{_lost(row)}"
        for row in data["classes"]
    ]
    lines += [f"note: {warning}" for warning in data["warnings"]]
    lines.append(f"{data['steps']} steps of about {data['tokens_per_step']:.0f} tokens, {data['epochs']} epochs")
    lines.append(
        f"{data['trained_parameters']:,} of {data['parameters']:,} parameters are trained; about "
        f"{data['memory_bytes'] / 1e9:.1f} GB of memory, {data['free_memory_bytes'] / 1e9:.1f} GB are free"
    )
    return lines


def _lost(row: dict[str, Any]) -> str:
    """Return what is not trained on as it came: cut off, without an answer, left out; nothing where all is."""
    kinds = {"truncated": "cut off", "unsupervised": "without an answer in the context", "dropped": "left out"}
    told = [f"{row[kind]} {words}" for kind, words in kinds.items() if row[kind]]
    return f" ({', '.join(told)})" if told else ""


def say(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def finish(body: dict[str, Any], as_json: bool, text: str) -> None:
    """Write a command's result."""
    if as_json:
        say(json.dumps(body, ensure_ascii=False))
    elif text:
        say(text)


def complain(error: CrlftError, as_json: bool | None = None) -> int:
    """Write an error and its remedy, as JSON to standard output where asked; return exit code 1."""
    if as_json if as_json is not None else "--json" in sys.argv:
        say(json.dumps({"error": error.message, "remedy": error.remedy}, ensure_ascii=False))
    else:
        sys.stderr.write(f"error: {error.message}\n")
        if error.remedy:
            sys.stderr.write(f"remedy: {error.remedy}\n")
    return 1
