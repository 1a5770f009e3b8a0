"""Cleaning: conversations a second over all default rules, and what is found of the faults planted in the sample.

The peer is `ftfy.fix_text` alone over the same texts: one rule of fifteen.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import ftfy

from tests.benchmarks.common import in_turns, versus
from workbench.curate.clean import active_rules, run_rules
from workbench.services import browsing, cleaning
from workbench.services.demo import make_demo
from workbench.services.importing import import_files
from workbench.services.project import create_project, open_project
from workbench.services.sample_data import sample_data_dir

AT_MOST = 8_000
PLANTED = {
    "mojibake": ("mojibake",),
    "html-remnant": ("html",),
    "interface-remnant": ("interface",),
    "personal-data": ("personal-data",),
    "refusal": ("refusal",),
    "truncated": ("truncated",),
    "role-fault": ("role-fault", "empty-answer"),
}
"""Kind of planted fault → the rules that are to find it."""


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return the pace of the rules and of the scan, and [planted, found, recall, precision] by kind."""
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder) / "project")
        import_files(project, [data], actor="bench")
        seqs = browsing.matching_seqs(project, "")[:AT_MOST]
        talks = [r.conversation for r in browsing.get_records(project, seqs)]
        rules = active_rules()
        processor: list[float] = []

        def ours() -> None:
            start = time.process_time()
            for talk in talks:
                run_rules(talk, rules)
            processor.append(time.process_time() - start)

        def peer() -> None:
            for talk in talks:
                for turn in talk.turns:
                    ftfy.fix_text(turn.content)

        seconds = in_turns(ours, peer, rounds)
        start = time.process_time()
        considered = cleaning.scan(project).considered
        scanned = considered / (time.process_time() - start)
        project.close()
        found = _planted(Path(folder) / "sample")
    figures = versus("conversations", len(talks), *seconds, "ftfy.fix_text alone")
    own = {"ours_per_processor_second": round(len(talks) / min(processor), 1)}
    return {**figures, **own, "scan_per_processor_second": round(scanned, 1), "planted": found}


def _planted(folder: Path) -> dict[str, list[float]]:
    make_demo(folder, actor="bench")
    project = open_project(folder)
    records = browsing.iterate_records(project)
    at = {(r.provenance["file"], r.provenance["row"]): r.seq for r in records}
    hits = cleaning.scan(project).hits
    troubles = json.loads((sample_data_dir() / "manifest.json").read_text("utf-8"))["troubles"]
    out: dict[str, list[float]] = {}
    for kind, rules in PLANTED.items():
        planted = {at[e["file"], e["row"]] for e in troubles[kind]}
        caught = {h.seq for h in hits if h.rule in rules}
        both = len(planted & caught)
        out[kind] = [len(planted), both, round(both / len(planted), 3), round(both / max(1, len(caught)), 3)]
    project.close()
    return out
