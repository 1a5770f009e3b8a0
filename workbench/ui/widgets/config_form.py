"""The settings of a run as a form, made from `RunConfig`'s own fields, defaults and docstrings.

A field that is left alone is not an override, so the form never repeats a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from crlft.config import CHOICES, RunConfig, field_help
from workbench.ui.i18n import t

ELSEWHERE = frozenset({"snapshot", "base", "method", "classes", "sample_prompts"})
"""Chosen in the page's main part, or only for the shell."""

GROUPS: dict[str, tuple[str, ...]] = {
    "Data": (
        "template",
        "condition_placement",
        "condition_dropout",
        "empty_classes",
        "normalisation",
        "max_tokens",
        "held_out_share",
    ),
    "Budget": ("steps", "epochs", "step_tokens", "save_every", "keep_checkpoints", "evaluate_every"),
    "Optimiser": (
        "learning_rate",
        "learning_rate_probe",
        "schedule",
        "warmup_steps",
        "weight_decay",
        "max_grad_norm",
        "seed",
    ),
    "Adapters": ("adapter", "lora_rank", "lora_alpha", "lora_dropout"),
    "Hardware": (
        "device",
        "precision",
        "threads",
        "micro_batch_tokens",
        "packing",
        "gradient_checkpointing",
        "compile",
    ),
    "Samples": ("sample_count", "sample_tokens"),
}
"""Tab → settings; a test holds that every setting stands in one of them."""

COLUMNS = 3


def config_form(key: str, columns: int = COLUMNS, autos: Mapping[str, str] | None = None) -> dict[str, str]:
    """Draw every setting with its one-line explanation; return those that differ from the default.

    Args:
        key: Prefix of the widget keys; the values survive a switch to another page.
        columns: Fields beside each other.
        autos: Setting → what auto comes to here.
    """
    defaults, helps = RunConfig(), field_help()
    changed: dict[str, str] = {}
    for tab, shown in zip(st.tabs([t(name) for name in GROUPS]), GROUPS.values(), strict=True):
        with tab:
            for start in range(0, len(shown), columns):
                for place, name in zip(st.columns(columns), shown[start : start + columns], strict=False):
                    with place, st.container(gap="xxsmall"):
                        value = _field(f"{key}-{name}", name, getattr(defaults, name), (autos or {}).get(name, ""))
                        st.caption(t(helps.get(name, "")))
                    if value is not None:
                        changed[name] = value
    return changed


def setting_label(name: str) -> str:
    """Return what forms and tables call a setting of a run."""
    return t(name.replace("_", " ").capitalize())


def _field(key: str, name: str, default: Any, auto: str) -> str | None:
    """Draw one field; return its value as text, or None where it stands at the default."""
    named = t("auto: {value}", value=auto) if auto else t("auto")
    label = setting_label(name)
    if name in CHOICES:
        options = CHOICES[name]
        value = st.selectbox(
            label,
            options,
            index=options.index(default),
            format_func=lambda option: named if option == "auto" else option,
            key=key,
            persist_state="session",
        )
        return None if value == default else str(value)
    shown = named if default is None else f"{default:g}" if isinstance(default, float) else str(default)
    text = (st.text_input(label, key=key, placeholder=shown, persist_state="session") or "").strip()
    return text if text and text != shown else None
