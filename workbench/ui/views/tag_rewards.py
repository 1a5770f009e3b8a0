"""Rewards: what each class counts, seen before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from workbench.services import curation
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.views import acting
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.layout import section

REWARD_RANGE = (-1.0, 2.0)
BETA_RANGE = (0.05, 3.0)


@st.fragment
@guarded
def draw(project: Project, classes: Sequence[ClassRow]) -> None:
    """Draw a slider for each class and β, and what the model will mostly learn from."""
    state.show_messages()
    scheme = curation.class_scheme(project)
    left, right = st.columns([2, 3], gap="large")
    with left:
        section(t("Rewards"), t("only differences matter: weight = exp((r - best) / β)"))
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
    preview = curation.preview_rewards(project, rewards, beta)
    with right:
        section(t("Reward mass"), t("supervised tokens × weight: what the model will mostly learn from"))
        st.plotly_chart(_bars(preview), key="reward-mass", config={"displayModeBar": False})
        table(
            [t("Class"), t("Reward"), t("Loss weight"), t("Supervised tokens"), t("Share of the mass")],
            [
                (
                    r.name,
                    f"{rewards[r.name]:g}",
                    f"{r.loss_weight:.3g}",
                    r.supervised_tokens,
                    f"{r.mass_share:.1%}",
                )
                for r in preview
            ],
            numeric=[1, 2, 3, 4],
        )
        for warning in _warnings(preview):
            st.warning(warning, icon=":material/balance:")
    with left:
        _save(project, classes, rewards, beta, scheme.beta)


def _slider(row: ClassRow) -> float:
    return st.slider(
        f"{row.name} · {row.condition}",
        *_range(row.reward, REWARD_RANGE),
        value=float(row.reward),
        step=0.01,
        key=f"reward-{row.name}-{row.reward:g}",
    )


def _range(value: float, usual: tuple[float, float]) -> tuple[float, float]:
    """Return the usual range, widened where the value lies outside."""
    return min(usual[0], value), max(usual[1], value)


def _bars(preview: Sequence[ClassRow]) -> go.Figure:
    """Return two stacked bars: the tokens as they are, and as they will count."""
    tokens = sum(r.supervised_tokens for r in preview) or 1
    bars = [t("as data"), t("as it counts")]
    figure = go.Figure()
    for row in preview:
        shares = [row.supervised_tokens / tokens, row.mass_share]
        figure.add_bar(
            y=bars,
            x=shares,
            orientation="h",
            name=row.name,
            marker_color=row.colour,
            text=[f"{row.name} {s:.0%}" if s > 0.08 else "" for s in shares],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate="%{y}: %{x:.1%}<extra>" + row.name.replace("<", "&lt;") + "</extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=170,
        margin={"l": 0, "r": 10, "t": 4, "b": 4},
        showlegend=False,
        xaxis={"tickformat": ".0%", "range": [0, 1], "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True},
    )
    return figure


def _warnings(preview: Sequence[ClassRow]) -> list[str]:
    held = [r for r in preview if r.conversations]
    out = [
        t("“{name}” has under 2 % of the mass: the model will hardly learn from it.", name=r.name)
        for r in held
        if r.mass_share < 0.02
    ]
    out += [t("“{name}” has no conversations.", name=r.name) for r in preview if not r.conversations]
    if len({r.loss_weight for r in held}) == 1 and len(held) > 1:
        out.append(t("All classes weigh the same: only the condition tells them apart."))
    return out


def _save(
    project: Project, classes: Sequence[ClassRow], rewards: dict[str, float], beta: float, old_beta: float
) -> None:
    changed = {row.name: rewards[row.name] for row in classes if rewards[row.name] != row.reward}
    new_beta = abs(beta - old_beta) > 5e-4
    if not st.button(t("Save rewards"), type="primary", disabled=not (changed or new_beta), key="reward-save"):
        return
    action = None
    for name, reward in changed.items():
        action = curation.set_class(project, name, reward=reward, actor=state.curator())
    if new_beta:
        action = curation.set_beta(project, beta, actor=state.curator())
    if action is not None:
        acting.notify(action)
    st.rerun()
