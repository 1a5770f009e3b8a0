"""What formats are called on the pages, for people who do not know the names that `--format` takes."""

from __future__ import annotations

from crlft.formats import FORMATS
from crlft.formats.mapping import MappedColumns
from workbench.services.datasetfolder import DATASETS
from workbench.ui.i18n import t

KINDS = {
    "messages": "messages (OpenAI)",
    "preference": "preference pairs",
    "kto": "KTO (answers labelled good or bad)",
    "prompt-completion": "prompt and completion",
    MappedColumns.name: "columns mapped by hand",
    DATASETS: "datasets folder with a card",
}
"""Formats that have no name of their own, in words."""


def title_of(format_names: str) -> str:
    """Return what readers call a format, or several with commas between: `ShareGPT` for `sharegpt`."""
    return ", ".join(t(KINDS[n]) if n in KINDS else FORMATS[n].title for n in format_names.split(", "))
