"""What a file holds, before anything is imported: format and why, counts, faults, the first conversations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from crlft.conversation import Conversation
from crlft.formats.preference import PREFERRED, SIDES
from workbench.services.importing import FileReport
from workbench.ui.i18n import said, t, tn
from workbench.ui.views.format_names import title_of
from workbench.ui.views.import_words import in_words
from workbench.ui.widgets.chat import chat
from workbench.ui.widgets.chips import chip, chips, table
from workbench.ui.widgets.errors import plain
from workbench.ui.widgets.layout import section

_FAULT, _REPAIR = "#b5544a", "#b0842c"
_EXAMPLES = 3
PACKED = {
    "json array": "JSON array",
    "json lines": "JSON Lines",
    "json objects": "JSON objects",
    "csv": "CSV table",
    "tsv": "TSV table",
    "hub dataset": "dataset of the hub",
    "byte order mark": "byte order mark",
}
"""How rows are packed, in words; names such as `parquet` and `gzip` stay."""
FOLDED_AT_MOST = 25
"""So many files can be opened one by one: each costs the page as much as a file looked at alone."""


def show_report(report: FileReport) -> None:
    """Draw one file's report."""
    section(name_of(report), _format(report))
    _details(report)


def show_many(reports: Sequence[FileReport]) -> None:
    """Draw the reports of many files: a table of all, and each file's own folded away."""
    head = [t("File"), t("Format"), t("Rows"), t("Conversations"), t("Unreadable")]
    rows = [
        (
            name_of(report),
            title_of(report.format),
            report.rows_seen if report.complete else f"{report.rows_seen:,}+",
            report.conversations if report.complete else f"{report.conversations:,}+",
            report.unreadable,
        )
        for report in reports
    ]
    section(tn(len(reports), "{n} file", "{n} files"))
    table(head, rows, numeric=[2, 3, 4])
    with st.container(gap="xsmall"):
        for report in reports[:FOLDED_AT_MOST]:
            with st.expander(plain(name_of(report)), key=f"wb-report-{report.path}"):
                st.caption(_format(report))
                _details(report)
    if len(reports) > FOLDED_AT_MOST:
        st.caption(t("The first {n} files can be opened here; all are imported.", n=FOLDED_AT_MOST))


def name_of(report: FileReport) -> str:
    """Return a file's name without its folder, or a dataset's."""
    return report.path if report.path.startswith("hub:") else Path(report.path).name


def _format(report: FileReport) -> str:
    parts = report.container.split(", ")
    container = ", ".join(t(PACKED[part]) if part in PACKED else part for part in parts)
    if report.schema:
        return t("columns mapped by hand · {container}", container=container)
    return t(
        "{format} · {container} · known by its first rows: {why}",
        format=title_of(report.format),
        container=container,
        why=said(report.why),
    )


def _details(report: FileReport) -> None:
    chips(_facts(report))
    if report.unreadable:
        st.caption(_quarantined(report))
        reasons = [(line, said(reason)) for line, reason in report.unreadable_examples]
        table([t("Line"), t("Reason")], reasons, numeric=[0], code=True)
    if report.examples:
        examples(report.examples, key=report.path)
    elif report.unreadable == report.rows_seen:
        st.warning(t("Not one row could be read: importing this fills the quarantine only."))


def _quarantined(report: FileReport) -> str:
    if report.unreadable == len(report.unreadable_examples):
        return tn(report.unreadable, "{n} row will go to quarantine:", "{n} rows will go to quarantine:")
    return tn(
        report.unreadable, "{n} row will go to quarantine:", "{n} rows will go to quarantine, for example:"
    )


def examples(conversations: Sequence[Conversation], *, key: str) -> None:
    """Draw the first conversations side by side, each with what may say its class.

    Args:
        conversations: At least one.
        key: Of this place on the page.
    """
    st.caption(t("The first conversations, as they will be imported"))
    with st.container(border=True, key=f"wb-examples-{key}"):
        shown = conversations[:_EXAMPLES]
        for column, example in zip(st.columns(_EXAMPLES), shown, strict=False):
            with column:
                chips(_whose(example))
                chat(example)


def _whose(example: Conversation) -> list[str]:
    preferred = example.metadata.get(PREFERRED)
    parts = [t(side) for side in SIDES if side == preferred]
    parts += [text for text in (example.class_name, example.source) if text]
    return [chip(text) for text in dict.fromkeys(parts)]


def _facts(report: FileReport) -> list[str]:
    seen = tn(report.rows_seen, "{n} row", "{n} rows")
    facts = [chip(seen if report.complete else t("first {n} rows looked at", n=report.rows_seen))]
    if report.conversations != report.rows_seen - report.unreadable:
        facts.append(chip(tn(report.conversations, "{n} conversation", "{n} conversations")))
    facts += [chip(f"{t(role)} × {n:,}", hint=t("turns of this role")) for role, n in report.roles.items()]
    facts += [
        chip(f"{in_words(name)} × {n:,}", _REPAIR, hint=f"{t('mended on reading')} ({name})")
        for name, n in report.repairs.items()
    ]
    facts += [
        chip(f"{in_words(fault)} × {n:,}", _FAULT, hint=f"{t('imported; the cleaning page finds them')} ({fault})")
        for fault, n in report.faults.items()
        if fault != "unreadable"
    ]
    if report.unreadable:
        facts.append(chip(f"{t('unreadable')} × {report.unreadable:,}", _FAULT))
    return facts
