"""Rewards: what each class counts, seen before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from crlft.errors import CrlftError
from workbench.curate.rewardmass import PRESETS, ClassPart, MassReport, preset_rewards
from workbench.services import curation, rewardmass
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.views import acting, reward_parts
from workbench.ui.views.heldout import compared, draw_left_out
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import error_box, guarded
from workbench.ui.widgets.layout import section

REWARD_RANGE = (-3.0, 2.0)
BETA_RANGE = (0.05, 3.0)


def draw(project: Project, classes: Sequence[ClassRow]) -> None:
    """Draw a slider for each class and β, and what the model will mostly learn from."""
    if compared(project):
        _draw(project, classes)


@st.fragment
@guarded
def _draw(project: Project, classes: Sequence[ClassRow]) -> None:
    state.show_messages()
    scheme = curation.class_scheme(project)
    material = rewardmass.mass_material(project)
    left, right = st.columns([2, 3], gap="large")
    with left:
        section(t("Rewards"), t("only differences matter: weight = exp((r - best) / β)"))
        _presets(classes, rewardmass.preview_mass(project, material), scheme.beta)
        rewards = {row.name: _slider(row) for row in classes}
        beta = st.slider(
            t("β: how gently rewards become weights"),
            *_range(scheme.beta, BETA_RANGE),
            value=float(scheme.beta),
            step=0.001,
            format="%.3f",
            key=f"reward-beta-{scheme.beta:g}",  # another saved value (an undo) makes a new slider
            help=t("Small β: only the best class counts. Large β: all nearly alike. 0.391 gives 1 : 0.1."),
        )
    report = rewardmass.preview_mass(project, material, rewards, beta)
    colours = {row.name: row.colour for row in classes}
    with right:
        section(t("Reward mass"), t("supervised tokens × weight: what the model will mostly learn from"))
        st.plotly_chart(_bars(report.classes, colours), key="reward-mass", config={"displayModeBar": False})
        table(
            [t("Class"), t("Reward"), t("Loss weight"), t("Supervised tokens"), t("Share of the mass")],
            [
                (
                    r.name,
                    f"{r.reward:g}",
                    f"{r.loss_weight:.3g}",
                    r.tokens,
                    f"{r.mass_share:.1%}",
                )
                for r in report.classes
            ],
            numeric=[1, 2, 3, 4],
        )
        reward_parts.summary(report)
        for warning in reward_parts.warnings(report):
            st.warning(warning, icon=":material/balance:")
        if material.held_out.out:
            draw_left_out(material.held_out, "")
    with left:
        _save(project, classes, rewards, beta, scheme.beta)
    reward_parts.places(report, colours)
    reward_parts.examples(rewardmass.trained_examples(project, rewards, beta), colours)


def _presets(classes: Sequence[ClassRow], saved: MassReport, beta: float) -> None:
    def choose() -> None:
        name = st.session_state["reward-preset"]
        if name is not None:
            counted = [(c.name, c.reward, c.tokens) for c in saved.classes]
            for row_name, reward in preset_rewards(name, counted, beta).items():
                row = next(r for r in classes if r.name == row_name)
                st.session_state[_slider_key(row)] = min(max(reward, REWARD_RANGE[0]), REWARD_RANGE[1])

    st.selectbox(
        t("Begin with"),
        list(PRESETS),
        index=None,
        format_func=lambda name: t(PRESETS[name]),
        key="reward-preset",
        placeholder=t("a preset; nothing is saved yet"),
        on_change=choose,
    )


def _slider_key(row: ClassRow) -> str:
    return f"reward-{row.name}-{row.reward:g}"


def _slider(row: ClassRow) -> float:
    st.session_state.setdefault(_slider_key(row), float(row.reward))  # a preset sets it too
    low, high = _range(row.reward, REWARD_RANGE)
    return st.slider(f"{row.name} · {row.condition}", low, high, step=0.01, key=_slider_key(row))


def _range(value: float, usual: tuple[float, float]) -> tuple[float, float]:
    """Return the usual range, widened where the value lies outside."""
    return min(usual[0], value), max(usual[1], value)


def _bars(preview: Sequence[ClassPart], colours: Mapping[str, str]) -> go.Figure:
    """Return two stacked bars: the tokens as they are, and as they will count."""
    tokens = sum(r.tokens for r in preview) or 1
    bars = [t("as data"), t("as it counts")]
    figure = go.Figure()
    for row in preview:
        shares = [row.tokens / tokens, row.mass_share]
        figure.add_bar(
            y=bars,
            x=shares,
            orientation="h",
            name=row.name,
            marker_color=colours[row.name],
            text=[f"{row.name} {s:.0%}" if s > 0.08 else "" for s in shares],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate="%{y}: %{x:.1%}<extra>" + row.name.replace("<", "&lt;") + "</extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=170,
        margin={"l": 0, "r": 22, "t": 4, "b": 4},
        showlegend=False,
        xaxis={"tickformat": ".0%", "range": [0, 1], "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True},
    )
    return figure


def _save(
    project: Project, classes: Sequence[ClassRow], rewards: dict[str, float], beta: float, old_beta: float
) -> None:
    changed = {row.name: rewards[row.name] for row in classes if rewards[row.name] != row.reward}
    new_beta = abs(beta - old_beta) > 5e-4
    if not st.button(t("Save rewards"), type="primary", disabled=not (changed or new_beta), key="reward-save"):
        return
    try:
        action = curation.set_rewards(project, changed, beta if new_beta else None, actor=state.curator())
    except CrlftError as error:
        error_box(error)
        return
    acting.notify(action)
    st.rerun()
