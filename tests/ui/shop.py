"""A small project with a hostile conversation on top, served to the browser tests of Browse and Tag."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page

from crlft.conversation import Conversation, Turn
from tests.chromium import app_on
from tests.ui.conftest import write_rows
from workbench.curate.text import content_uid
from workbench.domain.record import Record
from workbench.services import browsing, curation
from workbench.services.importing import import_files
from workbench.services.maptexts import MAP_SETTING
from workbench.services.project import Project, create_project
from workbench.store.conversations import insert_records
from workbench.store.settings import set_setting as set_value
from workbench.store.vectors import Cluster, replace_map

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script> :red[x]"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, str]]:
    """A small project with a hostile conversation on top, and the address where the app serves it."""
    folder = tmp_path_factory.mktemp("browser")
    made = create_project(folder / "project", "Shop")
    write_rows(folder / "talk.jsonl")
    table = {"senior": "expert", "crowd": "sub"}
    import_files(made, [folder / "talk.jsonl"], actor="importer", class_field="generator", class_map=table)
    answer = Turn("assistant", HOSTILE, reasoning=HOSTILE)
    conversation = Conversation((Turn("system", "Be **bold**."), Turn("user", HOSTILE), answer))
    with made.database.write() as connection:
        insert_records(connection, [Record(0, content_uid(conversation), conversation, n_turns=2)])
    with made.database.write() as connection:
        seqs = browsing.matching_seqs(made, "")
        places = [(seq, float(seq % 5), float(seq % 3), seq % 2) for seq in seqs]
        regions = [Cluster(0, "grams · kilo", 12, 2, 1), Cluster(1, "monday · day", 13, 2, 1)]
        replace_map(connection, places, regions)
        set_value(connection, MAP_SETTING, {"job_id": "map-1", "embedder": "offline", "created_at": ""})
    with closing(made), app_on(made.root) as url:
        yield made, url


@pytest.fixture
def project(served: tuple[Project, str]) -> Iterator[Project]:
    """The served project; what a test decided is undone after it."""
    made = served[0]
    start = curation.log(made, limit=1)[0].id
    yield made
    for action in curation.log(made, limit=100):
        if action.id > start and action.undoable and action.undone_by is None and action.undoes is None:
            curation.undo(made, action.id, actor="test")


@pytest.fixture
def address(served: tuple[Project, str], project: Project) -> str:
    """Where the app is."""
    return served[1]


def in_store(page: Page, project: Project, seq: int, status: str) -> None:
    """Wait until the store has a decision: the browser paints it before that."""
    for _ in range(100):
        if browsing.get_record(project, seq).status == status:
            return
        page.wait_for_timeout(100)
    assert browsing.get_record(project, seq).status == status
