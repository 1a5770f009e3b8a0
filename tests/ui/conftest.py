"""A small real project, and the whole app on it without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.chromium import browser, page
from workbench.services import importing
from workbench.services.project import Project, create_project
from workbench.ui import background, state
from workbench.ui.launch import APP_FILE

__all__ = ["browser", "page"]

OpenPage = Callable[..., AppTest]

QUESTIONS = (
    "How many grams are in a kilo?",
    "七加四等于几？",
    "Which day follows Monday?",
    "What costs <b>9</b>?",
)


def rows() -> list[dict[str, object]]:
    """Return 24 rows: four questions, each answered by two experts, two crowds and two unknown hands."""
    hands = ("senior", "senior", "crowd", "crowd", "", "")
    return [
        {
            "messages": [
                {"role": "user", "content": question},
                {"role": "assistant", "content": f"answer {n} from {hand or 'nobody'}"},
            ],
            **({"generator": hand} if hand else {}),
        }
        for question in QUESTIONS
        for n, hand in enumerate(hands)
    ]


def write_rows(path: Path) -> Path:
    """Write a messages file of those rows and one that cannot be read."""
    lines = [json.dumps(row, ensure_ascii=False) for row in rows()]
    path.write_text("\n".join([*lines, '{"messages": 7}']) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def source_file(tmp_path: Path) -> Path:
    """A messages file of those rows and one that cannot be read."""
    return write_rows(tmp_path / "talk.jsonl")


@pytest.fixture
def empty_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project without conversations, the one the app opens."""
    made = create_project(tmp_path / "project", "Shop")
    monkeypatch.setenv(state.PROJECT_VARIABLE, str(made.root))
    yield made
    for name in [*background._tasks]:
        background.forget(name)
    state.current_project().close()
    state._open.cache_clear()
    made.close()


@pytest.fixture
def project(empty_project: Project, source_file: Path) -> Project:
    """A project with 24 conversations: 8 expert, 8 sub, 8 untagged; one row in quarantine."""
    table = {"senior": "expert", "crowd": "sub"}
    importing.import_files(
        empty_project, [source_file], actor="importer", class_field="generator", class_map=table
    )
    return empty_project


@pytest.fixture
def open_page() -> OpenPage:
    """Open a page of the app: `open_page("browse", q="class:none")`."""

    def open_it(page: str, **params: str) -> AppTest:
        app = AppTest.from_file(str(APP_FILE), default_timeout=60)
        for name, value in params.items():
            app.query_params[name] = value
        app.run()
        if page != "project":
            app.switch_page(f"../pages/{page}.py")
            for name, value in params.items():  # switching pages clears them
                app.query_params[name] = value
            app.run()
        assert not app.exception, app.exception[0].value
        return app

    return open_it
