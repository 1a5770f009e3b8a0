"""What the rows' classes are: none yet, one for all, or by the values of a field."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from crlft.formats.preference import PREFERRED
from workbench.services.classes import ClassRow
from workbench.services.importing import ANY_OTHER, FileReport
from workbench.ui.i18n import t, tn
from workbench.ui.widgets.errors import plain
from workbench.ui.widgets.layout import section

VALUES_SHOWN = 24
_UNSET = ""
_GOOD, _BAD = ("chosen", "true"), ("rejected", "false")


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


def choose_classes(reports: Sequence[FileReport], table: Sequence[ClassRow]) -> Choice:
    """Draw the choice; the fields offered are those whose few values repeat.

    Args:
        reports: What the files hold.
        table: The project's classes.
    """
    classes = [row.name for row in sorted(table, key=lambda row: -row.reward)]
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
    """Draw one line for each of the most frequent values, and one for all that have no class of their own."""
    name = st.selectbox(t("Field"), list(fields), key="import-class-field", width=320)
    counts = fields[name]
    mapping: dict[str, str] = {}
    named = [(value, count) for value, count in counts.most_common() if value]
    if len(named) > VALUES_SHOWN and not st.toggle(
        t("Show all {n} values", n=len(named)), key=f"import-all-values-{name}"
    ):
        chosen_ones = {v for v, _ in named if st.session_state.get(f"import-class-{name}-{v}")}
        named = [(v, n) for i, (v, n) in enumerate(named) if i < VALUES_SHOWN or v in chosen_ones]
    with st.container(width=640, gap="xxsmall", key="wb-import-values"):
        for value, count in named:
            label = f"{plain(value)}  :small[:gray[{_counted(name, count)}]]"
            chosen = _line(label, value, classes, key=f"import-class-{name}-{value}", unset=t("as all others"))
            if chosen:
                mapping[value] = chosen
        others = _line(t("all others"), ANY_OTHER, classes, key=f"import-others-{name}", unset=t("untagged"))
    if others:
        mapping[ANY_OTHER] = others
    if counts.get(""):
        st.caption(
            tn(counts[""], "{n} row without a value stays untagged.", "{n} rows without a value stay untagged.")
        )
    if not mapping:
        st.caption(t("No value has a class yet: choose some, or all rows arrive untagged."))
    # An empty table would be read as "the values are class names": then no field is given at all.
    return Choice(field=name, mapping=mapping) if mapping else Choice()


def _counted(field: str, count: int) -> str:
    """Return how often a value stands there: a pair is one row and two conversations, one for each side."""
    if field == PREFERRED:
        return tn(count, "{n} conversation", "{n} conversations")
    return tn(count, "{n} row", "{n} rows")


def _line(label: str, value: str, classes: Sequence[str], *, key: str, unset: str) -> str:
    """Draw a value with the choice of its class; returns the class, or empty."""
    left, right = st.columns([3, 2], vertical_alignment="center")
    left.markdown(label)
    options = [_UNSET, *classes]
    guess = _guess(value, classes)
    return right.selectbox(
        t("all others") if value == ANY_OTHER else plain(value),
        options,
        index=options.index(guess) if guess else 0,
        format_func=lambda name: name or unset,
        key=key,
        label_visibility="collapsed",
    )


def _guess(value: str, classes: Sequence[str]) -> str | None:
    """Return the class of the same name, or for a pair's sides and for labels the best and the worst class.

    Args:
        value: The field's value.
        classes: By reward, the best first.
    """
    said = value.strip().casefold()
    if said in _GOOD or said in _BAD:
        return classes[0] if said in _GOOD else classes[-1]
    return next((c for c in classes if c.casefold() == said), None)
