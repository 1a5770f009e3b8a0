"""Series of a run from its events: nothing counted twice, nothing running backwards."""

import json
import math

import pytest

from workbench.ui.widgets.loop_charts import chart_figure
from workbench.ui.widgets.run_curves import RunCurves, smooth, thin
from workbench.ui.widgets.run_lines import loss_chart, small_charts


def step(n, loss=1.0, **more):
    return {"event": "step", "step": n, "total": 100, "loss": loss, **more}


def test_resume_drops_the_lost_stretch():
    curves = RunCurves()
    curves.add([{"event": "start", "attempt": 1, "step": 0}, *(step(n, loss=n) for n in range(1, 31))])
    curves.add([{"event": "sample", "step": 30, "text": "lost"}])
    curves.add([{"event": "start", "attempt": 2, "step": 20}, *(step(n, loss=100 + n) for n in range(21, 25))])
    xs, ys = curves.series("loss")
    assert xs == list(range(1, 25))
    assert ys[19:21] == [20, 121]
    assert curves.samples == []
    assert curves.attempts == 2


def test_a_nan_or_missing_figure_is_no_point():
    curves = RunCurves()
    curves.add([step(1, loss=math.nan), step(2, loss=2.0), step(3, loss=None), {"event": "step", "step": 4}])
    assert curves.series("loss") == ([2], [2.0])


def test_loss_by_class_and_evaluations():
    curves = RunCurves()
    curves.add(
        [
            step(1, loss_by_class={"expert": 2.0, "sub": 3.0}),
            step(2, loss_by_class={"sub": 2.5}),
            {"event": "eval", "step": 2, "loss": 1.5, "loss_by_class": {"expert": 1.0}},
        ]
    )
    assert curves.class_names() == ["expert", "sub"]
    assert curves.series("loss_by_class", "expert") == ([1], [2.0])
    assert curves.series("loss_by_class", "sub") == ([1, 2], [3.0, 2.5])
    assert curves.eval_series("loss") == ([2], [1.5])


@pytest.mark.parametrize("n", [1, 399, 400, 401, 1000, 4001])
def test_thinning_keeps_the_end_and_the_mean(n):
    xs, ys = thin(list(range(1, n + 1)), [1.0] * n)
    assert len(xs) <= 400
    assert xs[-1] == n
    assert xs == sorted(set(xs))
    assert ys == [1.0] * len(xs)


def test_smoothing_has_no_bias_at_the_start():
    assert smooth([4.0, 4.0, 4.0]) == pytest.approx([4.0, 4.0, 4.0])
    assert smooth([]) == []
    assert 0 < smooth([0.0, 1.0])[1] < 1


def test_the_swap_test_is_how_much_worse_the_wrong_class_does():
    curves = RunCurves()
    swap = {"expert": {"right": 1.0, "wrong": 1.5}, "sub": {"right": 2.0, "wrong": 2.1}}
    curves.add([{"event": "eval", "step": 5, "swap": swap}, {"event": "eval", "step": 9, "loss": 1.0}])
    xs, ys = curves.swap_series()
    assert xs == [5]
    assert ys == pytest.approx([0.3])


def test_warnings_come_once_whoever_says_them():
    curves = RunCurves()
    curves.add([{"event": "warning", "message": "one"}, {"event": "data", "warnings": ["one", "short"]}])
    curves.add([{"event": "data", "warnings": ["short"]}])
    assert curves.warnings == ["one", "short"]


def test_charts_are_drawn_anew_only_when_they_would_look_different():
    curves = RunCurves()
    curves.add([step(n, grad_norm=1.0) for n in range(1, 251)])
    first = curves.mark()
    curves.add([step(251)])
    assert curves.mark() == first, "one step in 250 is not to be seen"
    curves.add([{"event": "eval", "step": 251, "loss": 1.0}])
    again = curves.mark()
    assert again != first
    curves.add([step(n) for n in range(252, 260)])
    assert curves.mark() != again


def test_both_ways_of_drawing_show_the_same_lines():
    curves = RunCurves()
    more = {"tokens_per_second": 9.0, "learning_rate": 0.1}
    curves.add([step(n, loss=1 / n, loss_unweighted=2 / n, **more) for n in range(1, 1001)])
    curves.add([{"event": "eval", "step": 500, "loss": 0.7, "loss_weighted": 0.6}])
    chart = loss_chart(curves)
    light, figure = chart.light(), chart_figure(chart)
    assert [line["name"] for line in light["lines"]] == [trace.name for trace in figure.data]
    assert [trace.mode for trace in figure.data] == [*["lines"] * 3, *["lines+markers"] * 2]
    for line, trace in zip(light["lines"], figure.data, strict=True):
        assert line["x"][-1] == trace.x[-1]
        assert line["y"][-1] == pytest.approx(trace.y[-1], rel=0.2)
        assert 1 <= len(line["x"]) <= 240
    assert json.dumps(light)
    assert [c.y for c in small_charts(curves)] == ["tokens per second", "learning rate"]
