"""What a run will be trained on: counts, weights, shares, steps, and one rendered example of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from crlft.config import RunConfig
from crlft.methods import METHODS, Method
from crlft.template import get_template, render
from workbench.services import browsing, curation
from workbench.services.preflight import Example, Preflight
from workbench.services.project import Project
from workbench.services.trainset import ClassFigures
from workbench.ui.i18n import t
from workbench.ui.widgets.chips import class_chip, table
from workbench.ui.widgets.layout import metric_row, section
from workbench.ui.widgets.loop_charts import CHART_CONFIG, mass_figure
from workbench.ui.widgets.rendered import rendered_html, rendered_legend


def draw_preflight(project: Project, flight: Preflight, colours: Mapping[str, str]) -> None:
    """Draw what will be trained on.

    Args:
        project: The open project.
        flight: The checked request; without classes it is for what is in the project now.
        colours: Class name to colour.
    """
    method = METHODS[flight.config.method]
    classes = flight.classes or classes_now(project, method)
    section(t("What it will learn from"), t("answer tokens × weight"))
    shares = [(c.name, c.mass_share) for c in classes]
    st.plotly_chart(mass_figure(shares, colours), key="preflight-mass", config=CHART_CONFIG)
    table(
        [t("Class"), t("Stands in the prompt"), t("Conversations"), t("Answer tokens"), t("Weight"), t("Share")],
        [
            (
                c.name,
                c.condition if method.conditioned else "–",
                c.conversations,
                c.supervised_tokens,
                f"{c.loss_weight:.3g}",
                f"{c.mass_share:.1%}",
            )
            for c in classes
        ],
        numeric=range(2, 6),
    )
    _budget(flight)
    _examples(flight.examples or examples_now(project, classes, flight.config), colours)


def _budget(flight: Preflight) -> None:
    parameters = f"{flight.parameters / 1e6:,.1f} M" if flight.parameters else t("not known yet")
    size = t("{n} tokens each", n=flight.step_tokens)
    if not flight.steps:
        size = t("counted when the snapshot is made")
    metric_row(
        [
            (t("Steps"), f"≈ {flight.steps:,}" if flight.steps else "–", size),
            (t("Passes over the data"), f"≈ {flight.epochs:.1f}" if flight.epochs else "–", ""),
            (t("Peak learning rate"), f"{flight.learning_rate:.2g}", ""),
            (t("Parameters of the base"), parameters, ""),
        ]
    )


def classes_now(project: Project, method: Method) -> tuple[ClassFigures, ...]:
    """Return what the project's classes would give to a run now, under a method."""
    rows = curation.class_table(project)
    best = curation.class_scheme(project).best.name
    figures = [
        ClassFigures(r.name, r.condition, r.conversations, r.supervised_tokens, r.loss_weight, r.mass_share)
        for r in rows
        if not method.best_only or r.name == best
    ]
    if method.weighted and not method.best_only:
        return tuple(figures)
    total = sum(c.supervised_tokens for c in figures) or 1
    return tuple(replace(c, loss_weight=1.0, mass_share=c.supervised_tokens / total) for c in figures)


def examples_now(project: Project, classes: Sequence[ClassFigures], config: RunConfig) -> tuple[Example, ...]:
    """Return the first conversation of each class as a run started now would see it."""
    method, template = METHODS[config.method], get_template(config.template)
    scheme = curation.class_scheme(project)
    placement = "both" if config.condition_placement == "both" else "assistant"
    examples = []
    for c in classes:
        items = browsing.search(project, f'class:"{c.name}" -status:dropped', limit=1, order="oldest").items
        if not items:
            continue
        conversation = browsing.get_record(project, items[0].seq).conversation
        condition = c.condition if method.conditioned else ""
        weight = scheme.loss_weight(c.name, conversation.coarse_reward) if method.weighted else 1.0
        segments = render(conversation, condition, template, placement=placement)
        examples.append(Example(c.name, condition, weight, tuple(segments)))
    return tuple(examples)


def _examples(examples: Sequence[Example], colours: Mapping[str, str]) -> None:
    if not examples:
        return
    section(t("As the model will read it"), t("one example of each class; shaded text is what it learns to write"))
    for example in examples:
        st.html(
            f'<div class="wl-example"><div class="wb-chips">{class_chip(example.class_name, colours)}'
            f'<span class="wl-quiet">{rendered_legend(example.loss_weight)}</span></div>'
            f"{rendered_html(example.segments, example.loss_weight)}</div>"
        )
