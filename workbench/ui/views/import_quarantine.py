"""The quarantine on the import page: rows with file, line and reason; edited here and sent again; written out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import streamlit as st

from crlft.errors import CrlftError
from workbench.services import quarantine as service
from workbench.services.project import Project
from workbench.services.quarantine import QuarantineRow
from workbench.ui import state
from workbench.ui.i18n import said, t, tn
from workbench.ui.widgets.errors import error_box, guarded, plain
from workbench.ui.widgets.layout import pager, section

PAGE = 10
EDITABLE_CHARACTERS = 50_000
"""Longer rows are mended in a file: a browser's text field grows slow."""


def draw_quarantine(project: Project) -> None:
    """Draw the quarantine; nothing where it is empty."""
    total = service.quarantine_page(project, 0).total
    if not total:
        return
    section(
        t("Quarantine"),
        tn(
            total,
            "{n} row that could not be read; mend it and send it again",
            "{n} rows that could not be read; mend them and send them again",
        ),
    )
    _list(project)


@st.fragment
@guarded
def _list(project: Project) -> None:
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    containing = left.text_input(
        t("Only rows with"),
        key="quarantine-search",
        placeholder=t("part of a file's name, a reason or the row's text"),
    )
    if right.button(t("Write to a file"), icon=":material/download:", key="quarantine-export", width="stretch"):
        _export(project, containing)
    page = int(st.session_state.get("quarantine-pager", 0))
    found = service.quarantine_page(project, PAGE, page * PAGE, containing)
    if not found.matching:
        st.caption(t("No row in quarantine holds this."))
        return
    for row in found.rows:
        _row(project, row)
    pager("quarantine-pager", total=found.matching, page_size=PAGE)


def _row(project: Project, row: QuarantineRow) -> None:
    where = f"{Path(row.file).name} · {t('line {n}', n=row.line)}"
    with st.expander(f"**{plain(where)}**  {plain(said(row.reason)[:300])}", key=f"wb-quarantine-{row.id}"):
        st.caption(plain(row.file))
        if len(row.raw) > EDITABLE_CHARACTERS or not row.raw:
            st.code(row.raw[:2000] or t("(nothing could be read here)"), language=None, wrap_lines=True)
            st.caption(t("This row is mended in a file: write the quarantine to one, and send it by the shell."))
            return
        key, height = f"quarantine-text-{row.id}", min(400, _height(row.raw))
        text = st.text_area(t("The row, as JSON"), value=row.raw, key=key, height=height)
        if st.button(t("Send again"), key=f"quarantine-send-{row.id}", type="primary", icon=":material/redo:"):
            _send(project, row, text)


def _height(text: str) -> int:
    return 90 + 22 * (text.count("\n") + len(text) // 110)


def _send(project: Project, row: QuarantineRow, text: str) -> None:
    sent = service.send_again(project, {row.id: text}, actor=state.curator())
    if row.id in sent.quarantined:
        error_box(service.ImportFault(sent.quarantined[row.id], t("mend what is named and send it again")))
        return
    name = f"{Path(row.file).name}:{row.line}"
    new = t("{name} is imported.", name=name)
    state.say(new if sent.imported else t("{name} is read; the project has it already.", name=name))
    st.rerun()


def _export(project: Project, containing: str) -> None:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    out = project.root / "exports" / f"quarantine-{stamp}.jsonl"
    try:
        n = service.write_quarantine(project, out, containing)
    except CrlftError as error:
        error_box(error)
        return
    st.success(t("{n} rows are in {path}; mend `raw`, then `workbench quarantine --send FILE`.", n=n, path=out))
