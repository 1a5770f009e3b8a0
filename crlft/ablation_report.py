"""The table of an ablation as JSON and Markdown, from the results of its cells. Torch-free.

`seeds, rows[{method, condition, mean, low, high}]` is what scripts rely on: the share of right answers, from 0
to 1. Beside it stand the share that is also said as it should be (`full`), the differences to C-RLFT, the swap
test, the budget, and where the prompts have groups, the share right in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crlft.intervals import Interval, crossed_interval, student_interval

REFERENCE = "c-rlft"
MEASURES = ("right", "full")
INTERVALS = {
    "rows": "95 %, Student's t over the seeds' means: the prompts are given, the seed (order of the data) varies",
    "differences": "95 %, on the same seed and prompt; variance of seeds and of prompts (crossed random effects, "
    "Cornfield & Tukey 1956; degrees of freedom by Satterthwaite 1946); with one seed over the prompts alone",
    "swap": "95 %, Student's t over the seeds; nats a token that the same held-out answers lose under the wrong "
    "condition; above 0: the condition was learnt",
}


def build_report(results: Sequence[dict[str, Any]], about: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON form.

    Args:
        results: Results of finished cells (`crlft.ablation_cell`), all on the same prompts.
        about: What stands at the top: base, data, budget; taken over as it is.
    """
    methods = list(dict.fromkeys(r["method"] for r in results))
    return {
        "seeds": len({r["seed"] for r in results}),
        "seed_list": sorted({r["seed"] for r in results}),
        "measure": MEASURES[0],
        "rows": [_row(results, m, c) for m in methods for c in _conditions(results, m)],
        "differences": _differences(results, methods),
        "swap": [_swap(results, m) for m in methods if any(r["swap"] for r in _of(results, m))],
        "budget": [_budget(results, m) for m in methods],
        "groups": _groups(results, methods),
        "intervals": INTERVALS,
        **about,
    }


def _of(results: Sequence[dict[str, Any]], method: str) -> list[dict[str, Any]]:
    return sorted((r for r in results if r["method"] == method), key=lambda r: r["seed"])


def _conditions(results: Sequence[dict[str, Any]], method: str) -> list[str]:
    return list(_of(results, method)[0]["answers"])


def answers_array(results: Sequence[dict[str, Any]], condition: str, measure: str) -> NDArray[np.float64]:
    """Return 1 or 0 for every seed and prompt (seeds, prompts)."""
    return np.array([r["answers"][condition][measure] for r in results], dtype=np.float64)


def _row(results: Sequence[dict[str, Any]], method: str, condition: str) -> dict[str, Any]:
    own = _of(results, method)
    found = {
        m: student_interval(answers_array(own, condition, m).mean(axis=1).tolist()).clipped(0, 1) for m in MEASURES
    }
    return {
        "method": method,
        "condition": condition,
        "asked": own[0]["asked"][condition],
        **found["right"].to_dict(),
        "full": found["full"].to_dict(),
        "seeds": [r["seed"] for r in own],
        "by_seed": {m: answers_array(own, condition, m).mean(axis=1).tolist() for m in MEASURES},
        "unanswered": sum(r["unanswered"] for r in own),
    }


def _differences(results: Sequence[dict[str, Any]], methods: Sequence[str]) -> list[dict[str, Any]]:
    """Return C-RLFT under its best condition minus every other row, on the seeds that both have."""
    out = []
    reference = {r["seed"]: r for r in _of(results, REFERENCE)}
    for method in methods if reference else ():
        own = [r for r in _of(results, method) if r["seed"] in reference]
        for condition in _conditions(results, method) if own else ():
            if (method, condition) == (REFERENCE, "best"):
                continue
            found = {}
            for measure in MEASURES:
                ours = answers_array([reference[r["seed"]] for r in own], "best", measure)
                found[measure] = crossed_interval(ours - answers_array(own, condition, measure)).clipped(-1, 1)
            row = {"method": method, "condition": condition, **found["right"].to_dict()}
            out.append({**row, "full": found["full"].to_dict(), "seeds": [r["seed"] for r in own]})
    return out


def _swap(results: Sequence[dict[str, Any]], method: str) -> dict[str, Any]:
    own = [r for r in _of(results, method) if r["swap"]]
    classes = [name for name in own[0]["swap"] if all(name in r["swap"] for r in own)]
    gaps = {n: student_interval([r["swap"][n]["wrong"] - r["swap"][n]["right"] for r in own]) for n in classes}
    return {"method": method, "classes": {name: gap.to_dict() for name, gap in gaps.items()}}


def _budget(results: Sequence[dict[str, Any]], method: str) -> dict[str, Any]:
    own = _of(results, method)
    steps = sum(r["steps"] for r in own)
    first = own[0]
    return {
        "method": method,
        "steps": first["steps"],
        "epochs": first["epochs"],
        "tokens_per_step": sum(r["tokens"] for r in own) / max(1, steps),
        "supervised_tokens_per_step": sum(r["supervised_tokens"] for r in own) / max(1, steps),
        "classes": {
            name: {
                "supervised_tokens_seen": round(row["supervised_tokens"] * first["epochs"]),
                "mass_share": row["mass_share"],
            }
            for name, row in first["classes"].items()
        },
        "seconds": sum(r["seconds"] or 0.0 for r in own) / len(own),
    }


def _groups(results: Sequence[dict[str, Any]], methods: Sequence[str]) -> list[dict[str, Any]]:
    """Return the share right of each group of prompts, a mean over seeds."""
    names = np.array(results[0]["groups"]) if results else np.array([])
    if not any(names):
        return []
    out = []
    for method in methods:
        for condition in _conditions(results, method):
            right = answers_array(_of(results, method), condition, "right").mean(axis=0)
            shares = {str(g): float(right[names == g].mean()) for g in sorted(set(names.tolist()))}
            out.append({"method": method, "condition": condition, "right": shares})
    return out


def markdown(report: dict[str, Any]) -> str:
    """Return the report for reading."""
    lines = ["# Ablation", "", *_head(report), ""]
    lines += _table(
        ["method", "asked under", "right", "right, and said in full"],
        [[r["method"], _asked(r), _percent(r), _percent(r["full"])] for r in report["rows"]],
    )
    if report["differences"]:
        lines += ["", f"## {REFERENCE} under its best condition, minus…", ""]
        lines += _table(
            ["method", "condition", "right, points", "in full, points"],
            [[d["method"], d["condition"], _points(d), _points(d["full"])] for d in report["differences"]],
        )
        lines += ["", "Bold: the interval lies on one side of zero. No correction for several comparisons."]
    if report["groups"]:
        groups = list(report["groups"][0]["right"])
        lines += ["", "## Right by group", ""]
        rows = [
            [g["method"], g["condition"], *(f"{100 * g['right'][n]:.0f} %" for n in groups)]
            for g in report["groups"]
        ]
        lines += _table(["method", "condition", *groups], rows)
    lines += _swap_lines(report) + _budget_lines(report)
    lines += ["", "## Intervals", ""]
    lines += [f"- {where}: {words}." for where, words in report["intervals"].items()]
    return "\n".join(lines) + "\n"


def _head(report: dict[str, Any]) -> list[str]:
    seeds = ", ".join(str(s) for s in report["seed_list"]) or "none"
    return [
        f"Base `{report['base']}`, data `{report['data']}` ({report['data_hash'][:12]}), "
        f"{report['cells_done']} of {report['cells']} cells done, seeds {seeds}.",
        f"One budget for all: {report['steps']} steps of about {report['step_tokens']} tokens, learning rate "
        f"{report['learning_rate']:g}, whatever the method trains on.",
        f"{report['prompts']} held-out prompts, answered greedily and checked by program; "
        f"{report['prompts_unchecked']} without a check are left out, "
        f"{report['prompts_in_data']} stand word for word in the data.",
    ]


def _swap_lines(report: dict[str, Any]) -> list[str]:
    if not report["swap"]:
        return []
    classes = list(report["swap"][0]["classes"])
    rows = [[s["method"], *(_nats(s["classes"].get(n)) for n in classes)] for s in report["swap"]]
    heads = [f"answers of {name}, nats a token" for name in classes]
    return ["", "## Swap test: what the wrong condition costs", "", *_table(["method", *heads], rows)]


def _budget_lines(report: dict[str, Any]) -> list[str]:
    if not report["budget"]:
        return []
    classes = list(report["budget"][0]["classes"])
    rows = [
        [
            b["method"],
            str(b["steps"]),
            f"{b['tokens_per_step']:.0f}",
            f"{b['epochs']:.2f}",
            *(
                f"{b['classes'][n]['supervised_tokens_seen']} ({100 * b['classes'][n]['mass_share']:.0f} %)"
                for n in classes
            ),
        ]
        for b in report["budget"]
    ]
    heads = [f"answer tokens of {n} seen (share of the loss)" for n in classes]
    return ["", "## Budget", "", *_table(["method", "steps", "tokens a step", "epochs", *heads], rows)]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    out = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return out + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def _asked(row: dict[str, Any]) -> str:
    return f"{row['asked']} ({row['condition']})" if row["asked"] else "no condition"


def _interval(found: dict[str, Any]) -> Interval:
    return Interval(found["mean"], found["low"], found["high"])


def _percent(found: dict[str, Any]) -> str:
    i = _interval(found)
    if i.low is None or i.high is None:
        return f"{100 * i.mean:.1f} %"
    return f"{100 * i.mean:.1f} % [{100 * i.low:.1f}, {100 * i.high:.1f}]"


def _points(found: dict[str, Any]) -> str:
    i = _interval(found)
    if i.low is None or i.high is None:
        return f"{100 * i.mean:+.1f}"
    words = f"{100 * i.mean:+.1f} [{100 * i.low:+.1f}, {100 * i.high:+.1f}]"
    return f"**{words}**" if i.excludes_zero else words


def _nats(found: dict[str, Any] | None) -> str:
    if found is None:
        return "–"
    i = _interval(found)
    return f"{i.mean:+.3f}" if i.low is None else f"{i.mean:+.3f} [{i.low:+.3f}, {i.high:+.3f}]"
