"""A sortable table whose rows open with one click anywhere in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st


def click_table(
    columns: Mapping[str, Sequence[object]], key: str, *, column_config: Mapping[str, Any] | None = None
) -> int | None:
    """Draw a table; return the row that was clicked, or None.

    Args:
        columns: Head to values, all of the same length.
        key: Widget key.
        column_config: As `st.dataframe` takes it; numbers without one are grouped by thousands.
    """
    numbers = {
        head: st.column_config.NumberColumn(format="localized")
        for head, values in columns.items()
        if any(isinstance(v, int) and not isinstance(v, bool) for v in values)
    }
    event = st.dataframe(
        columns,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-cell",
        placeholder="–",
        key=key,
        column_config={**numbers, **(column_config or {})},
    )
    cells = event["selection"]["cells"]
    return int(cells[0][0]) if cells else None
