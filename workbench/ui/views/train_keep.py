"""What is done with a run besides watching it: star, note, baselines, export, delete."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.domain.run import Job
from workbench.services import jobs, runs
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import set_params
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.layout import section


def draw_keep(project: Project, run_id: str) -> None:
    """Draw star, note, export and delete: quiet buttons, behind those that act on the run."""
    row = runs.run_row(project, run_id)
    label = t("Starred") if row.starred else t("Star")
    if st.button(label, icon=":material/star:", type="tertiary", key="run-star"):
        runs.star_run(project, run_id, starred=not row.starred)
        st.rerun()
    with st.popover(t("Note"), icon=":material/edit_note:", type="tertiary"):
        _note(project, row)
    if row.job.status == "done":
        with st.popover(t("Export the model"), icon=":material/folder_copy:", type="tertiary"):
            _export(project, row.job)
    if not row.job.live:
        _delete(project, row.job)


def draw_note(project: Project, run_id: str) -> None:
    """Draw what was noted on a run, if anything."""
    notes = runs.run_row(project, run_id).notes
    if notes:
        st.caption(notes.replace("[", "\\["))


def _note(project: Project, row: runs.RunRow) -> None:
    text = st.text_area(t("Your words on this run"), value=row.notes, key=f"note-{row.job.id}")
    if st.button(t("Keep the note"), type="primary", key="note-keep"):
        runs.note_run(project, row.job.id, text or "", actor=state.curator())
        st.rerun()


def _export(project: Project, job: Job) -> None:
    preset = project.root / "exports" / f"{job.id}-model"
    st.caption(t("The whole folder, with its card and chat template, as any engine loads it."))
    target = st.text_input(t("New folder"), value=str(preset), key="export-model-to")
    if st.button(t("Copy it there"), type="primary", key="export-model"):
        made = runs.export_model(project, job.id, Path(target) if target else None)
        state.say(t("The model lies in {folder}", folder=made))
        st.rerun()


def _delete(project: Project, job: Job) -> None:
    if st.button(t("Delete"), icon=":material/delete:", type="tertiary", key="run-delete"):
        jobs.delete(project, job.id, actor=state.curator())
        state.say(t("It lies in the trash; the list of runs takes it back"), icon=":material/delete:")
        set_params(run=None)
        st.rerun()


def draw_baselines(project: Project, run_id: str) -> None:
    """Draw the run among its baselines, and the button that trains those that are missing."""
    rows, missing = runs.method_table(project, run_id), runs.missing_baselines(project, run_id)
    if len(rows) > 1:
        section(t("Methods from the same base, data and number of steps"))
        classes = list(dict.fromkeys(name for row in rows for name in row.held_out))
        table(
            [
                t("Method"),
                t("Status"),
                t("Steps"),
                *[t("{name}, held out", name=c) for c in classes],
                t("Swap test"),
            ],
            [
                (
                    row.method,
                    t(row.job.status),
                    row.steps,
                    *[f"{row.held_out[c]:.3f}" if c in row.held_out else "–" for c in classes],
                    "–" if row.swap is None else f"{row.swap:+.3f}",
                )
                for row in rows
            ],
            numeric=range(2, 4 + len(classes)),
        )
        st.caption(
            t("One seed each: differences of a few percent mean nothing yet. `crlft ablate` runs several seeds.")
        )
        if st.button(t("Lay them over each other"), icon=":material/stacked_line_chart:"):
            set_params(run=None, beside=",".join(row.job.id for row in rows))
            st.rerun()
    if missing:
        chosen = st.pills(
            t("Baselines not trained yet"),
            missing,
            default=missing,
            selection_mode="multi",
            key=f"baselines-{'-'.join(missing)}",  # of a shorter list, what was chosen of the longer one is gone
        )
        label = tn(len(chosen), "Train the baseline too", "Train the {n} baselines too")
        if st.button(label, icon=":material/playlist_add:", disabled=not chosen, key="train-baselines"):
            made = runs.start_baselines(project, run_id, chosen, actor=state.curator())
            state.say(tn(len(made), "One run waits in line", "{n} runs wait in line"))
            st.rerun()
