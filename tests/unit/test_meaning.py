"""Searches by meaning beside filters; ranges, histograms, best matches, saved views, health."""

from __future__ import annotations

import numpy as np
import pytest

from crlft.conversation import Conversation, Turn
from crlft.neighbours import write_index
from workbench.curate.text import content_uid, measure_many
from workbench.domain.errors import PlanError, QueryError
from workbench.domain.record import Record
from workbench.services import browsing, meaning, views
from workbench.services.health import dataset_health
from workbench.services.maptexts import MAP_SETTING, MEMBERS
from workbench.services.project import create_project, set_setting
from workbench.store.conversations import insert_records

TOPICS = ("poems", "sums", "cities")


@pytest.fixture
def project(tmp_path):
    """Thirty conversations about three topics, embedded by topic; the second half is Chinese by its label."""
    made = create_project(tmp_path / "project")
    conversations = [
        Conversation(
            (Turn("user", f"about {TOPICS[i % 3]} {i}"), Turn("assistant", "word " * (i + 1))),
            source=f"s{i % 2}",
            language="zh" if i >= 15 else "en",
            class_name="expert" if i % 5 == 0 else None,
        )
        for i in range(30)
    ]
    records = [
        Record(0, content_uid(c), c, n_turns=m.n_turns, n_tokens=m.n_tokens, supervised_tokens=m.supervised_tokens)
        for c, m in zip(conversations, measure_many(conversations), strict=True)
    ]
    with made.database.write() as connection:
        seqs = np.array(insert_records(connection, records).seqs)
    folder = made.runs / "map-1"
    folder.mkdir(parents=True)
    vectors = np.eye(3, 8, dtype=np.float32)[np.arange(30) % 3] + 0.01 * np.arange(30)[:, None] * np.eye(1, 8, 7)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    write_index(folder, vectors[:27].astype(np.float16), seqs[:27])
    # The last three share the texts of the first three.
    np.savez(folder / MEMBERS, seqs=seqs, owners=np.concatenate([seqs[:27], seqs[:3]]))
    set_setting(made, MAP_SETTING, {"job_id": "map-1", "embedder": "offline"})
    yield made, seqs.tolist(), [r.uid for r in records]
    made.close()


def test_the_nearest_come_first_with_those_who_share_their_text(project, monkeypatch):
    made, seqs, uids = project
    monkeypatch.setattr(meaning, "NEAREST", 11)
    page = browsing.search(made, f"like:{uids[0]}", order="best")
    assert [item.seq for item in page.items][:2] == [seqs[0], seqs[27]]
    assert page.total == 11
    assert {item.prompt.split()[1] for item in page.items[:10]} == {"poems"}


def test_filters_narrow_before_the_nearest_are_chosen(project):
    made, _, uids = project
    page = browsing.search(made, f"like:{uids[1]} lang:zh source:s0", order="best")
    assert {item.language for item in page.items} == {"zh"}
    assert {item.source for item in page.items} == {"s0"}
    assert page.items[0].prompt.split()[1] == "sums"
    counts = browsing.facets(made, f"like:{uids[1]} lang:zh")
    assert sum(n for _, n in counts["source"]) == 15


def test_pages_of_the_nearest_follow_each_other(project):
    made, _, uids = project
    whole = [i.seq for i in browsing.search(made, f"like:{uids[2]}", order="best").items]
    first = browsing.search(made, f"like:{uids[2]}", order="best", limit=7)
    second = browsing.search(made, f"like:{uids[2]}", order="best", limit=7, after=first.next_after)
    assert [i.seq for i in (*first.items, *second.items)] == whole[:14]


def test_a_typed_text_is_embedded(project, monkeypatch):
    made, _, _ = project
    asked = []

    def embed(text, embedder):
        asked.append((text, embedder))
        return np.eye(3, 8, dtype=np.float32)[2]

    monkeypatch.setattr(meaning, "embed_text", embed)
    page = browsing.search(made, 'like:"towns and rivers"', order="best")
    assert page.items[0].prompt.split()[1] == "cities"
    assert asked[0] == ("towns and rivers", "offline")


@pytest.mark.parametrize("query", ["-like:abc", "like:a like:b", "like:a,b"])
def test_a_likeness_that_means_nothing_is_refused(project, query):
    with pytest.raises(QueryError, match="like: takes one"):
        browsing.search(project[0], query)


def test_without_a_map_the_remedy_is_said(project):
    set_setting(project[0], MAP_SETTING, {})
    with pytest.raises(QueryError, match="no embeddings") as caught:
        browsing.search(project[0], "like:x")
    assert "Map" in caught.value.remedy


def test_ranges_count_what_they_find(project):
    made, _, _ = project
    found, estimated = browsing.histograms(made, "")
    assert not estimated
    assert sum(n for _, n in found["tokens"]) == 30
    assert dict(found["reward"])["none"] == 24
    for field, bars in found.items():
        for value, n in bars:
            if value != "none":
                assert browsing.search(made, f"{field}:{value}").total == n
                assert browsing.search(made, f"-{field}:{value}").total == 30 - n
    with pytest.raises(QueryError, match="whole number"):
        browsing.search(made, "tokens:5..many")


def test_the_best_match_of_words_stands_first(project):
    made, _, _ = project
    with made.database.write() as connection:
        c = Conversation((Turn("user", "poems poems poems"), Turn("assistant", "poems")))
        insert_records(connection, [Record(0, content_uid(c), c, n_turns=2)])
    page = browsing.search(made, "poems -sums", order="best")
    assert page.items[0].prompt == "poems poems poems"
    assert page.total == 11


def test_views_are_saved_shared_replaced_and_forgotten(project):
    made, _, _ = project
    views.save_view(made, "  long   ones ", "tokens>10", "longest", actor="ann")
    views.save_view(made, "long ones", "tokens>20", "longest", actor="bob")
    assert [(v.name, v.query) for v in views.saved_views(made)] == [("long ones", "tokens>20")]
    with pytest.raises(PlanError, match="needs a name"):
        views.save_view(made, " ", "", "newest", actor="ann")
    with pytest.raises(QueryError):
        views.save_view(made, "broken", "tokens>", "newest", actor="ann")
    views.forget_view(made, "long ones", actor="ann")
    assert views.saved_views(made) == []


def test_health_adds_up(project):
    made, _, _ = project
    whole, words = dataset_health(made), dataset_health(made, "poems lang:en")
    assert (whole.total, whole.untagged, whole.duplicates) == (30, 24, None)
    assert sum(sum(row.values()) for row in whole.by_source.values()) == 30
    assert (words.total, words.tokens) == (5, None)
    assert list(words.by_language) == ["en"]
