"""Colours, type and the style sheet: one calm look in light and dark.

The style sheet uses `currentColor` mixes instead of fixed greys, so that it follows whichever theme the
reader's browser asks for.
"""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).with_name("static")

SANS = (
    "Inter, 'Source Sans', -apple-system, 'Segoe UI', 'PingFang SC', 'Hiragino Sans GB', "
    "'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif"
)

CATEGORICAL = ("#2f7d6d", "#d08a2e", "#4a6fb5", "#a8587a", "#7a8b3c", "#8a6bb8", "#3f95ad", "#b5654a")
"""Series colours that hold contrast on white and on near-black."""

STATUS_COLOURS = {"pending": "#8a8f98", "kept": "#2f7d6d", "dropped": "#b5544a"}
NEUTRAL = "#8a8f98"

STREAMLIT_THEME: dict[str, str] = {
    "theme.font": SANS,
    "theme.baseFontSize": "15",
    "theme.baseRadius": "6px",
    "theme.showSidebarBorder": "true",
    "theme.headingFontSizes": '["1.6rem","1.25rem","1.05rem","0.95rem","0.9rem","0.85rem"]',
    "theme.headingFontWeights": "[650,600,600,600,600,600]",
    "theme.metricValueFontSize": "1.55rem",
    "theme.chartCategoricalColors": "[" + ",".join(f'"{c}"' for c in CATEGORICAL) + "]",
    "theme.light.primaryColor": "#2f7d6d",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f4f5f3",
    "theme.light.textColor": "#20262b",
    "theme.light.borderColor": "#dfe2de",
    "theme.light.sidebar.backgroundColor": "#f7f8f6",
    "theme.dark.primaryColor": "#5bb3a0",
    "theme.dark.backgroundColor": "#14181b",
    "theme.dark.secondaryBackgroundColor": "#1d2327",
    "theme.dark.textColor": "#dfe4e3",
    "theme.dark.borderColor": "#313a3f",
    "theme.dark.sidebar.backgroundColor": "#181d20",
}
"""Streamlit options, given as command line flags by `workbench.ui.launch`."""


def inject_style() -> None:
    """Add the style sheet to the page."""
    import streamlit as st  # the command line reads the options above, and need not wait a second for this

    st.html(STATIC / "workbench.css")
