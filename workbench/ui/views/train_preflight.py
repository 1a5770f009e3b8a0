"""What a run will be trained on: counts, weights, shares, steps, and one rendered example of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from crlft.methods import METHODS
from workbench.services.preflight import Example, Preflight
from workbench.ui.i18n import t
from workbench.ui.widgets.chips import class_chip, table
from workbench.ui.widgets.layout import metric_row, section
from workbench.ui.widgets.loop_charts import CHART_CONFIG, mass_figure
from workbench.ui.widgets.rendered import rendered_html, rendered_legend


def draw_preflight(flight: Preflight, colours: Mapping[str, str]) -> None:
    """Draw what will be trained on.

    Args:
        flight: The checked request.
        colours: Class name to colour.
    """
    method = METHODS[flight.config.method]
    classes = flight.classes
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
    _examples(flight.examples, colours)


def _budget(flight: Preflight) -> None:
    parameters = f"{flight.parameters / 1e6:,.1f} M" if flight.parameters else t("not known yet")
    size = t("{n} tokens each", n=flight.step_tokens)
    metric_row(
        [
            (t("Steps"), f"≈ {flight.steps:,}" if flight.steps else "–", size),
            (t("Passes over the data"), f"≈ {flight.epochs:.1f}" if flight.epochs else "–", ""),
            (t("Peak learning rate"), f"{flight.learning_rate:.2g}", ""),
            (t("Parameters of the base"), parameters, ""),
        ]
    )


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
