"""What the rows' classes are: none yet, one for all, or by the values of a field."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.services.importing import ANY_OTHER, FileReport
from workbench.ui.i18n import t
from workbench.ui.widgets.layout import section

VALUES_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """What `import_files` is to be told.

    Attributes:
        field: The row's field whose values name classes, or None.
        mapping: Value of that field to class.
        class_name: One class for every row, or None.
    """

    field: str | None = None
    mapping: dict[str, str] = dataclasses.field(default_factory=dict)
    class_name: str | None = None


def choose_classes(reports: Sequence[FileReport], classes: Sequence[str]) -> Choice:
    """Draw the choice; the fields offered are those whose few values repeat."""
    section(t("Quality classes"), t("who answered says how good the answers are; this can be changed at any time"))
    fields = _fields(reports)
    ways = {"field": t("By a field's values"), "one": t("One class for all"), "none": t("Tag them later")}
    if not fields:
        del ways["field"]
    way = st.segmented_control(
        t("Classes"),
        list(ways),
        default=next(iter(ways)) if fields else "none",
        required=True,
        format_func=ways.__getitem__,
        key="import-class-way",
        label_visibility="collapsed",
    )
    if way == "one":
        return Choice(class_name=st.selectbox(t("Class"), list(classes), key="import-one-class", width=320))
    if way == "field" and fields:
        return _by_field(fields, classes)
    return Choice()


def _fields(reports: Sequence[FileReport]) -> dict[str, Counter[str]]:
    """Return the candidate fields with their values over all files, the likeliest first."""
    merged: dict[str, Counter[str]] = {}
    for report in reports:
        for name, values in report.class_fields.items():
            merged.setdefault(name, Counter()).update(values)
    return merged


def _by_field(fields: dict[str, Counter[str]], classes: Sequence[str]) -> Choice:
    name = st.selectbox(t("Field"), list(fields), key="import-class-field", width=320)
    untagged = t("(untagged)")
    rows = [
        {"value": value, "rows": count, "class": _guess(value, classes) or untagged}
        for value, count in fields[name].most_common(VALUES_SHOWN)
    ]
    edited = st.data_editor(
        rows,
        key=f"import-map-{name}",
        hide_index=True,
        width="content",
        disabled=["value", "rows"],
        column_config={
            "value": st.column_config.TextColumn(t("Value of “{name}”", name=name), width="medium"),
            "rows": st.column_config.NumberColumn(t("Rows looked at")),
            "class": st.column_config.SelectboxColumn(
                t("Class"), options=[untagged, *classes], required=True, width="medium"
            ),
        },
    )
    others = st.selectbox(
        t("All other values"), [untagged, *classes], key=f"import-others-{name}", width=320
    )
    mapping = {str(r["value"]): str(r["class"]) for r in edited if r["class"] != untagged}
    if others != untagged:
        mapping[ANY_OTHER] = others
    if not mapping:
        st.caption(t("No value has a class yet: choose one in the column “Class”, or all rows arrive untagged."))
    return Choice(field=name, mapping=mapping)


def _guess(value: str, classes: Sequence[str]) -> str | None:
    """Return the class of the same name; anything cleverer would decide for the curator."""
    return next((c for c in classes if c.casefold() == value.strip().casefold()), None)
