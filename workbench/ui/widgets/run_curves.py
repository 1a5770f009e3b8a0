"""What a training run's events say, kept up to date by reading only the new ones.

`RunCurves.add` takes events as `crlft train` writes them and keeps the series that the Train page draws. A
resumed run repeats the steps behind its last checkpoint; the points of the lost stretch are dropped, so a
curve never runs backwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class RunCurves:
    """The series and the last words of one run.

    Attributes:
        steps: One entry per optimiser step, as written (`step`, `loss`, `learning_rate`, …).
        evals: One entry per evaluation.
        samples: Generations during training, newest last.
        data: The last `data` event: counts per class, steps, tokens per step.
        phases: Names of the phases entered, in order.
        warnings: Sentences the worker wants to be seen.
        rehearsal: What one real step at the last start measured: `expected_seconds`, `peak_memory_bytes`, ….
        attempts: How often the run was started.
    """

    steps: list[Mapping[str, Any]] = field(default_factory=list)
    evals: list[Mapping[str, Any]] = field(default_factory=list)
    samples: list[Mapping[str, Any]] = field(default_factory=list)
    data: Mapping[str, Any] = field(default_factory=dict)
    phases: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    rehearsal: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0

    def add(self, events: Iterable[Mapping[str, Any]]) -> bool:
        """Take in new events; return whether there were any."""
        seen = False
        for event in events:
            seen = True
            self._take(event)
        return seen

    def _take(self, event: Mapping[str, Any]) -> None:
        match event.get("event"):
            case "step":
                self.steps.append(event)
            case "eval":
                self.evals.append(event)
            case "sample":
                self.samples.append(event)
            case "data":
                self.data = event
                self._warn(event.get("warnings") or ())
            case "phase":
                self.phases.append(str(event.get("name", "")))
            case "rehearsal":
                self.rehearsal = event
            case "warning":
                self._warn([event.get("message")])
            case "start":
                self.attempts += 1
                self._rewind(int(event.get("step") or 0))
            case _:
                pass

    def _warn(self, messages: Iterable[object]) -> None:
        self.warnings += [str(m) for m in messages if m and str(m) not in self.warnings]

    def _rewind(self, step: int) -> None:
        """Forget what lies behind the step that a start goes on from."""
        self.steps = [e for e in self.steps if int(e.get("step", 0)) <= step]
        self.evals = [e for e in self.evals if int(e.get("step", 0)) <= step]
        self.samples = [e for e in self.samples if int(e.get("step", 0)) <= step]

    def series(self, name: str, class_name: str | None = None) -> tuple[list[int], list[float]]:
        """Return (steps, values) of a per-step figure, thinned to what a plot can show.

        Args:
            name: A field of the `step` events, such as `loss` or `tokens_per_second`.
            class_name: Where the field is a mapping by class, which one.
        """
        return thin(*_points(self.steps, name, class_name))

    def eval_series(self, name: str, class_name: str | None = None) -> tuple[list[int], list[float]]:
        """Return (steps, values) of a figure of the `eval` events."""
        return _points(self.evals, name, class_name)

    def swap_series(self) -> tuple[list[int], list[float]]:
        """Return (steps, nats per token) by which the wrong condition makes held-out answers less likely."""
        xs, ys = [], []
        for event in self.evals:
            pairs = [p for p in (event.get("swap") or {}).values() if isinstance(p, Mapping)]
            if pairs:
                xs.append(int(event.get("step", 0)))
                ys.append(sum(float(p["wrong"]) - float(p["right"]) for p in pairs) / len(pairs))
        return xs, ys

    def mark(self) -> tuple[int, int, int]:
        """Return what changes when a chart would look different: an evaluation, or a hundredth more steps."""
        n = len(self.steps)
        return self.attempts, len(self.evals), n - n % max(1, n // 100)

    def class_names(self) -> list[str]:
        """Return the classes that any loss is known for, in the order they first appear."""
        names: dict[str, None] = {}
        for event in (*self.steps[-50:], *self.evals):
            names.update(dict.fromkeys(event.get("loss_by_class") or ()))
        return list(names)


def _points(
    events: Iterable[Mapping[str, Any]], name: str, class_name: str | None
) -> tuple[list[int], list[float]]:
    xs: list[int] = []
    ys: list[float] = []
    for event in events:
        value = event.get(name)
        if class_name is not None:
            value = value.get(class_name) if isinstance(value, Mapping) else None
        if isinstance(value, int | float) and value == value:
            xs.append(int(event.get("step", 0)))
            ys.append(float(value))
    return xs, ys


def thin(xs: list[int], ys: list[float], limit: int = 400) -> tuple[list[int], list[float]]:
    """Average neighbouring points so that at most `limit` remain; the last step is always among them."""
    if len(xs) <= limit:
        return xs, ys
    size = -(-len(xs) // limit)
    starts = range(0, len(xs), size)
    return (
        [xs[min(i + size, len(xs)) - 1] for i in starts],
        [sum(ys[i : i + size]) / len(ys[i : i + size]) for i in starts],
    )


def smooth(values: list[float], span: int = 20) -> list[float]:
    """Return the exponential moving average with the bias of its start removed.

    Over an eighth of a short series: twenty of its steps would lag so far behind a falling loss that the model
    seems to do better on what it never saw.
    """
    span = min(span, max(3, len(values) // 8))
    alpha, total, weight, out = 2 / (span + 1), 0.0, 0.0, []
    for value in values:
        total = (1 - alpha) * total + alpha * value
        weight = (1 - alpha) * weight + alpha
        out.append(total / weight)
    return out
