"""A search after an earlier one finds what a search from nothing finds, and reads only what is new."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from crlft.conversation import Turn
from tests.contract.store_world import make_project, make_record
from workbench.curate.dedupe import DuplicateResult, memory
from workbench.domain.record import Record
from workbench.services import browsing, curation, dupsearch
from workbench.services.duplicates import find_duplicates, plan_dedupe
from workbench.services.project import Project
from workbench.store.conversations import insert_records

WORDS = [a + b + c for a in "bdfklm" for b in "aeiou" for c in ("lo", "mi", "nu", "ra", "so", "ta", "vi", "wo")]


def answers(count: int, seed: int) -> list[str]:
    """Every third is the one before it with a word replaced, every seventh the same again."""
    chance = random.Random(seed)
    texts: list[str] = []
    for i in range(count):
        words = texts[-1].split() if i % 3 == 2 else chance.choices(WORDS, k=30)
        words[4] = words[4] if i % 7 == 0 else chance.choice(WORDS)
        texts.append(" ".join(words))
    return texts


DISTINCT = len(set(answers(60, 1)))


def records(texts: list[str], source: str) -> list[Record]:
    return [make_record("tell me a story about it", text, source=f"{source}{i}") for i, text in enumerate(texts)]


def add(project: Project, texts: list[str], source: str) -> None:
    with project.database.write() as connection:
        insert_records(connection, records(texts, source))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project", records(answers(60, 1), "a"))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each search read."""
    counts: list[int] = []
    sides = dupsearch.sides

    def counting(turns: list[Turn], part: object) -> tuple[str, ...]:
        counts[-1] += 1
        return sides(turns, part)  # type: ignore[arg-type]

    monkeypatch.setattr(dupsearch, "sides", counting)
    return counts


@pytest.fixture
def search(project: Project, read: list[int]) -> Callable[..., DuplicateResult]:
    def run(query: str = "") -> DuplicateResult:
        read.append(0)
        return find_duplicates(project, query=query)

    return run


def from_nothing(project: Project, search: Callable[..., DuplicateResult], query: str = "") -> DuplicateResult:
    shutil.rmtree(project.root / "cache")
    return search(query)


def same(one: DuplicateResult, other: DuplicateResult) -> bool:
    return (one.groups, one.pairs, one.members) == (other.groups, other.pairs, other.members)


def test_only_what_is_new_is_read(
    project: Project, search: Callable[..., DuplicateResult], read: list[int]
) -> None:
    first = search()
    assert same(search(), first)
    assert len(first.groups) > 15
    texts = answers(60, 1)
    add(project, [*answers(9, 2), texts[0], texts[10] + " more", texts[20].upper()], "b")
    third = search()
    assert read == [DISTINCT, 0, 11]
    assert len(third.groups) > len(first.groups)
    assert same(third, from_nothing(project, search))
    assert read[-1] == DISTINCT + 11


def test_edits_undo_and_drops_are_seen(
    project: Project, search: Callable[..., DuplicateResult], read: list[int]
) -> None:
    first = search()
    group = first.groups[0]
    edit = curation.plan_edit(project, group.seqs[0], 1, "there is none to be told this evening")
    curation.apply_plan(project, edit, actor="ann")
    edited = search()
    assert (read[-1], group in edited.groups) == (1, False)
    curation.undo(project, actor="ann")
    assert same(search(), first)
    assert read[-1] == 0
    drop = curation.plan_status(project, "dropped", "not wanted", query=f"source:a{group.seqs[1] - 1}")
    curation.apply_plan(project, drop, actor="ann")
    dropped = search()
    assert read[-1] == 0
    assert not same(dropped, first)
    assert same(dropped, from_nothing(project, search))


def test_texts_of_known_revisions_are_not_even_fetched(
    project: Project, search: Callable[..., DuplicateResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = search()
    fetched: list[int] = []
    bodies = dupsearch.store.iterate_bodies

    def noting(connection: Connection, seqs: list[int]) -> Iterator[tuple[list[int], list[str]]]:
        fetched.extend(seqs)
        return bodies(connection, seqs)

    monkeypatch.setattr(dupsearch.store, "iterate_bodies", noting)
    assert same(search(), first)
    assert fetched == []
    curation.apply_plan(project, curation.plan_tag(project, "expert", query="source:a3"), actor="ann")
    curation.apply_plan(project, curation.plan_edit(project, 9, 1, "a new one about the sea"), actor="ann")
    changed = search()
    assert fetched == [4, 9]
    monkeypatch.undo()
    assert same(changed, from_nothing(project, search))


def test_searches_of_parts_and_of_the_whole_do_not_mislead_each_other(
    project: Project, search: Callable[..., DuplicateResult]
) -> None:
    part = search("source:a1,a2,a3,a4,a5,a6,a7,a8")
    whole, again = search(), search("source:a1,a2,a3,a4,a5,a6,a7,a8")
    assert same(part, again)
    assert same(whole, from_nothing(project, search))


def test_what_is_damaged_is_made_anew(
    project: Project, search: Callable[..., DuplicateResult], read: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    first = search()
    (folder,) = (project.root / "cache" / "duplicates").iterdir()
    hashes, pairs = folder / "000001" / "hashes.npy", folder / "compared.npz"
    hashes.write_bytes(hashes.read_bytes()[:-40])
    pairs.write_bytes(b"PK")
    (folder / "stamped.npz").write_bytes(b"")
    assert same(search(), first)
    assert (read[-1], caplog.text.count("is damaged")) == (DISTINCT, 3)
    assert same(search(), first)
    assert read[-1] == 0


def test_what_is_no_longer_used_goes(
    project: Project, search: Callable[..., DuplicateResult], read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST_SEGMENTS", 3)
    search()
    for seed in (3, 4, 5):
        add(project, answers(6, seed), f"s{seed}-")
        search()
    (folder,) = (project.root / "cache" / "duplicates").iterdir()
    assert [p.name for p in sorted(folder.iterdir()) if p.name.isdigit()] == ["000004"]
    assert len(np.load(folder / "000004" / "contents.npy")) == DISTINCT + 18
    kept = search()
    assert read[-1] == 0
    assert same(kept, from_nothing(project, search))


def test_a_full_disk_costs_only_time(
    project: Project,
    search: Callable[..., DuplicateResult],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(memory.np, "save", full)
        first = search()
    assert "the next search will take as long" in caplog.text
    assert same(search(), first)


@pytest.mark.parametrize(("keep", "threshold"), [("best", 0.8), ("longest", 0.6), ("first", 0.95)])
def test_undo_is_identity_and_a_second_search_finds_nothing(project: Project, keep: str, threshold: float) -> None:
    def everything() -> list[Record]:
        found = [browsing.get_record(project, seq) for seq in range(1, 61)]
        return [replace(record, revision=0) for record in found]

    before = everything()
    result = find_duplicates(project, threshold=threshold)
    action = curation.apply_plan(project, plan_dedupe(project, result, keep=keep), actor="ann")
    assert action.affected == result.duplicates
    again = find_duplicates(project, threshold=threshold)
    assert (again.groups, plan_dedupe(project, again, keep=keep).affected) == ((), 0)
    curation.undo(project, action.id, actor="ann")
    assert everything() == before
    assert find_duplicates(project, threshold=threshold).groups == result.groups
