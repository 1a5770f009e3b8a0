"""A search for leaked evaluation prompts as a file in a job's folder: `leaks.json`."""

from __future__ import annotations

from pathlib import Path

import orjson

from workbench.curate.contamination import Item, Span
from workbench.domain.errors import NotFound
from workbench.services.decontamination import Leak, LeakResult

LEAKS = "leaks.json"


def write_leaks(found: LeakResult, folder: Path) -> None:
    """Write what was found.

    Raises:
        OSError: There is no room for it.
    """
    (folder / LEAKS).write_bytes(orjson.dumps(found))


def read_leaks(folder: Path) -> LeakResult:
    """Return what lies in a folder.

    Raises:
        NotFound: There is nothing, or it cannot be read.
    """
    try:
        body = orjson.loads((folder / LEAKS).read_bytes())
        items = tuple(Item(**item) for item in body.pop("items"))
        leaks = tuple(
            Leak(**{**leak, "spans": tuple(Span(**span) for span in leak["spans"])}) for leak in body.pop("leaks")
        )
        return LeakResult(items=items, leaks=leaks, **body)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise NotFound(f"the leaks in {folder} cannot be read: {error}", "look for leaks again") from error
