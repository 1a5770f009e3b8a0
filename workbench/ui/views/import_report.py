"""What a file holds, before anything is imported: format and why, counts, faults, the first conversations."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.services.importing import FileReport
from workbench.ui.i18n import said, t, tn
from workbench.ui.views.import_words import in_words
from workbench.ui.widgets.chat import chat
from workbench.ui.widgets.chips import chip, chips, table
from workbench.ui.widgets.layout import section

_FAULT, _REPAIR = "#b5544a", "#b0842c"
_EXAMPLES = 3


def show_report(report: FileReport) -> None:
    """Draw one file's report."""
    name = report.path if report.path.startswith("hub:") else Path(report.path).name
    section(
        name,
        t(
            "{format} in {container}: {why}",
            format=report.format,
            container=report.container,
            why=said(report.why),
        ),
    )
    chips(_facts(report))
    if report.unreadable:
        st.caption(
            tn(
                report.unreadable,
                "{n} row will go to quarantine:",
                "{n} rows will go to quarantine, for example:",
            )
        )
        reasons = [(line, said(reason)) for line, reason in report.unreadable_examples]
        table([t("Line"), t("Reason")], reasons, numeric=[0])
    if report.examples:
        st.caption(t("The first conversations, as they will be imported"))
        with st.container(border=True, key=f"wb-examples-{report.path}"):
            shown = report.examples[:_EXAMPLES]
            for column, example in zip(st.columns(len(shown)), shown, strict=True):
                with column:
                    chat(example)


def _facts(report: FileReport) -> list[str]:
    seen = tn(report.rows_seen, "{n} row", "{n} rows")
    facts = [chip(seen if report.complete else t("first {n} rows looked at", n=report.rows_seen))]
    if report.conversations != report.rows_seen - report.unreadable:
        facts.append(chip(tn(report.conversations, "{n} conversation", "{n} conversations")))
    facts += [chip(f"{role} × {n:,}", hint=t("turns of this role")) for role, n in report.roles.items()]
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
