"""Set up a comparison: which models, under which conditions, on which prompts, sampled how."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from crlft.condition import ClassScheme
from workbench.domain.comparison import Prompt
from workbench.domain.run import Job
from workbench.services import comparing, training
from workbench.services.project import Project
from workbench.services.promptsets import query_prompts
from workbench.ui import state
from workbench.ui.i18n import said, t, tn
from workbench.ui.nav import goto, param, set_params
from workbench.ui.widgets.compare_grid import prompt_text
from workbench.ui.widgets.layout import empty_state, section

_SETS = ("held-out", "typed", "file", "query", "fixed")


@dataclass(slots=True)
class _Choice:
    runs: list[str] = field(default_factory=list)
    base: bool = True
    conditions: list[str] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    sampling: dict[str, Any] = field(default_factory=dict)


def draw_new(project: Project, scheme: ClassScheme) -> None:
    """Draw the form; starting leads to the comparison's own view."""
    done = [j for j in training.list_runs(project) if j.status == "done"]
    if not done:
        empty_state(
            t("No finished run yet"),
            t("Train a model first. Then its answers under each class stand here side by side."),
            button=t("Go to Train"),
            page="train",
            key="compare-none",
        )
        return
    section(t("New comparison"))
    choice = _Choice()
    left, right = st.columns([1, 1], gap="large")
    with left:
        _who(choice, done, scheme)
    with right:
        choice.prompts = _prompts(project)
        choice.sampling = _sampling()
    _start(project, choice)


def _who(choice: _Choice, done: list[Job], scheme: ClassScheme) -> None:
    titles = {j.id: f"{said(j.title or j.id)} · {j.id}" for j in done}
    asked = param("run")
    choice.runs = st.multiselect(
        t("Models"),
        list(titles),
        default=[asked if asked in titles else done[0].id],
        format_func=lambda run: titles.get(run, run),
        key="compare-runs",
        placeholder=t("choose"),
        help=t("Finished runs, newest first."),
    )
    choice.base = st.toggle(
        t("The base they started from answers too"), value=True, key="compare-base", persist_state="session"
    )
    words = {c.condition: f"{c.name} ({c.condition})" for c in scheme.classes} | {"": t("no condition")}
    choice.conditions = st.multiselect(
        t("Asked under"),
        list(words),
        default=[c.condition for c in scheme.classes],
        format_func=lambda c: words.get(c, c),
        key="compare-conditions",
        placeholder=t("choose"),
        help=t("The class's condition stands in the prompt, as in training."),
    )


def _prompts(project: Project) -> list[Prompt]:
    names = {
        "held-out": t("Held-out prompts"),
        "typed": t("My own"),
        "file": t("A file"),
        "query": t("From the project"),
        "fixed": t("Fixed questions"),
    }
    which = st.segmented_control(
        t("Prompts"), _SETS, default="held-out", required=True, format_func=lambda s: names[s], key="compare-set"
    )
    if which == "typed":
        text = st.text_area(t("One prompt per line"), key="compare-typed", height=140, persist_state="session")
        found = comparing.parse_prompts(text, where=t("your list")) if (text or "").strip() else []
    elif which == "file":
        path = st.text_input(
            t("Path on this machine"),
            key="compare-file",
            help=t("Plain lines, or JSONL with prompt and, if you like, id and check."),
        )
        found = comparing.read_prompts(Path(path).expanduser()) if path else []
    elif which == "query":
        text = st.text_input(t("Query"), key="compare-query", placeholder="status:kept lang:zh")
        found = query_prompts(project, text or "")
    elif which == "fixed":
        found = comparing.fixed_questions()
    else:
        found = comparing.held_out_prompts(project)
        if not found:
            st.info(t("This project has no held-out prompts: type your own, or name a file."))
            if st.button(t("Hold prompts out of training"), type="tertiary", icon=":material/shield:"):
                goto("rounds", panel="Checks")
    return _sampled(_sliced(found))


def _sliced(found: list[Prompt]) -> list[Prompt]:
    """Let the reader take only some languages, topics or sources."""
    values = sorted({(name, value) for p in found for name, value in p.tags.items()})
    if len(values) < 2:
        return found
    chosen = st.multiselect(
        t("Only"),
        values,
        format_func=lambda pair: f"{t(pair[0])}: {pair[1]}",
        key="compare-slices",
        placeholder=t("all languages, topics and sources"),
    )
    for name in dict.fromkeys(name for name, _ in chosen):
        wanted = {value for other, value in chosen if other == name}
        found = [p for p in found if p.tags.get(name) in wanted]
    return found


def _sampled(found: list[Prompt]) -> list[Prompt]:
    """Let the reader take fewer: a fixed random choice, so that the same number means the same prompts."""
    if not found:
        return []
    count = len(found)
    if count > 10:
        count = int(
            st.number_input(t("How many of {n}", n=count), min_value=1, max_value=count, value=count, step=10)
        )
    if count < len(found):
        chosen = set(random.Random(0).sample(range(len(found)), count))
        found = [p for i, p in enumerate(found) if i in chosen]
    with st.expander(t("See the prompts")):
        st.dataframe(
            {t("id"): [p.id for p in found], t("prompt"): [prompt_text(p) for p in found]},
            hide_index=True,
            height=220,
        )
    return found


def _sampling() -> dict[str, Any]:
    with st.expander(t("Sampling")):
        first, second, third = st.columns(3)
        tokens = first.number_input(t("Longest answer, tokens"), 1, 4096, 96, key="compare-tokens")
        warmth = second.number_input(
            t("Temperature"), 0.0, 2.0, 0.0, 0.1, key="compare-temperature", help=t("0 takes the likeliest word.")
        )
        seed = third.number_input(t("Seed"), 0, 2**31 - 1, 0, key="compare-seed")
    return {"max_new_tokens": int(tokens), "temperature": float(warmth), "seed": int(seed)}


def _start(project: Project, choice: _Choice) -> None:
    columns = len(choice.runs) * len(choice.conditions) + (1 if choice.base else 0)
    answers = columns * len(choice.prompts)
    name = st.text_input(t("Name"), key="compare-name", placeholder=t("made from models and prompts if empty"))
    ready = bool(choice.prompts and choice.runs and choice.conditions)
    with st.container(horizontal=True, vertical_alignment="center"):
        label = tn(answers, "Generate {n} answer", "Generate {n} answers") if ready else t("Generate")
        clicked = st.button(label, type="primary", disabled=not ready, icon=":material/play_arrow:")
        if not ready:
            st.caption(t("Choose at least one model, one condition and one prompt."))
    if clicked:
        comparison = comparing.start_comparison(
            project,
            runs=choice.runs,
            include_base=choice.base,
            conditions=choice.conditions,
            prompts=choice.prompts,
            sampling=choice.sampling,
            name=name or "",
            actor=state.curator(),
        )
        set_params(comparison=comparison.id, run=None)
        st.rerun()
