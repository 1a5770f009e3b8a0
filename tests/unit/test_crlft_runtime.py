"""The environment that torch finds: settled by commands and workers, left alone by `import crlft`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from crlft import cli, runtime
from workbench.jobs import stay


@pytest.fixture
def bare(monkeypatch):
    for name in runtime.SETTINGS:
        monkeypatch.setenv(name, "")  # so that it is taken back afterwards
        monkeypatch.delenv(name)


def settled() -> dict[str, str]:
    return {name: os.environ[name] for name in runtime.SETTINGS if name in os.environ}


def test_what_somebody_set_stays(bare, monkeypatch):
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "7")
    runtime.settle()
    assert settled() == {**runtime.SETTINGS, "LRU_CACHE_CAPACITY": "7"}


def test_the_command_line_settles_it_first(bare, monkeypatch):
    seen = []
    monkeypatch.setattr(cli, "app", lambda: seen.append(settled()))
    cli.main()
    assert seen == [runtime.SETTINGS]


def test_the_worker_that_stays_settles_it_first(bare, monkeypatch, tmp_path):
    class Enough(Exception):
        pass

    def begin(folder):
        assert settled() == runtime.SETTINGS
        raise Enough

    monkeypatch.setattr(stay, "_generating", begin)
    monkeypatch.setattr(sys, "argv", ["stay", str(tmp_path)])
    with pytest.raises(Enough):
        stay.main()


def test_the_library_leaves_the_process_alone(bare):
    code = "import os, crlft, crlft.runtime; print(*(n for n in crlft.runtime.SETTINGS if n in os.environ))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
