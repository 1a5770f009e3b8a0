"""Fixtures that every kind of test shares."""

from __future__ import annotations

import os

# Before anything imports these libraries: no network, no threads that a fork could inherit.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Workers that stay would outlive the tests; the test of staying says otherwise for itself.
os.environ["WORKBENCH_STAY_SECONDS"] = "0"

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True, scope="session")
def _own_device_lock(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Jobs of one test process queue among themselves, not behind another's or behind real training."""
    os.environ["WORKBENCH_LOCK_DIR"] = str(tmp_path_factory.mktemp("locks"))


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The sample data's folder."""
    return ROOT / "sample_data"
