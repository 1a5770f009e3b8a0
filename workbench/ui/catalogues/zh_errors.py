"""Chinese for what errors say (message and remedy), gathered by area.

They are raised, logged and given to a shell in English, and recognised by their form where a page shows them
(`workbench.ui.forms`). The order does not count: of the forms that fit, the one with the most fixed text is taken.
The glossary stands in `zh_frame`.
"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.ui.catalogues import zh_errors_curate, zh_errors_data, zh_errors_train, zh_errors_work
from workbench.ui.catalogues.zh_log import HITS
from workbench.ui.catalogues.zh_reasons import FILE_FAULTS, ROW_REASONS

AREAS: Mapping[str, Mapping[str, str]] = {
    area.__name__.rsplit(".", 1)[-1]: area.SENTENCES
    for area in (zh_errors_data, zh_errors_curate, zh_errors_train, zh_errors_work)
}
"""The forms of each area; no two areas have the same."""

SENTENCES: Mapping[str, str] = {
    **HITS, **ROW_REASONS, **FILE_FAULTS, **{form: said for area in AREAS.values() for form, said in area.items()}
}  # fmt: skip
"""English form → Chinese form; what is wrong with rows, conversations and files among them."""
