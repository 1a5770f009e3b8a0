"""Where the sample data and the offline base lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.domain.errors import ProjectError


def sample_data_dir() -> Path:
    """Return the folder of the sample data.

    It stands beside the packages in a checkout; `CRLFT_SAMPLE_DATA` names another place.

    Raises:
        ProjectError: It is not there.
    """
    named = os.environ.get("CRLFT_SAMPLE_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "sample_data"
    if not (folder / "classes.json").is_file():
        raise ProjectError(
            f"no sample data in {folder}", "work in a checkout of the project, or point CRLFT_SAMPLE_DATA to it"
        )
    return folder
