"""A bar for commands made of items: steps of an ablation's cells, conversations of a scoring."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar


class ItemProgress:
    """A listener (`crlft.events.Listener`) for `progress` (done, total, eta_seconds) and for lines to print.

    Without a terminal only the lines are printed; `quiet` prints nothing.
    """

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        self._title = title
        self._quiet = quiet
        self._console = Console(stderr=True)
        self._bar: Bar | None = None
        self._task: Any = None

    def __enter__(self) -> ItemProgress:
        if not self._quiet and self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
            self._bar = Bar(*columns, console=self._console)
            self._task = self._bar.add_task(self._title, total=None, note="")
            self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, event: str, fields: dict[str, Any]) -> None:
        """Show an event."""
        if event == "progress" and self._bar:
            note = ", ".join(filter(None, [fields.get("note", ""), left(fields["eta_seconds"])]))
            self._bar.update(self._task, completed=fields["done"], total=fields["total"], note=note)
        elif event == "line" and not self._quiet:
            self._console.print(fields["text"], markup=False, highlight=False, soft_wrap=True)


def left(seconds: float | None) -> str:
    """Return the time left in words."""
    if seconds is None:
        return "time left unknown"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min left"
    return f"{minutes} min {rest:02d} s left" if minutes else f"{rest} s left"
