"""A large project grown from a small file: every row some twenty times, each copy with words of its own.

    python -m tests.benchmarks.grown answers.jsonl.gz FOLDER --n 1000000

Copies differ in prompt, answer, source, class, language and round, so that no two are equal and filters are worth
something; one in twenty-five carries Chinese sentences. Texts are measured once and copies take their measures:
what is built is the store, by its own bulk interface. The vectors are random directions around a thousand
centres, and the map is random too, because a million real embeddings take hours: neither the size nor the way
through them differs.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from crlft.condition import OPENCHAT_SCHEME
from crlft.conversation import Conversation, Turn
from crlft.neighbours import write_index
from workbench.curate.text import measure_many
from workbench.domain.record import Record, Status
from workbench.services.inspecting import open_file, read_checked
from workbench.services.maptexts import MAP_SETTING, MEMBERS
from workbench.services.project import Project, create_project, set_setting
from workbench.store.actions import record_action, update_action
from workbench.store.conversations import insert_records
from workbench.store.schema import conversations
from workbench.store.vectors import Cluster, replace_map

AT_ONCE = 5000
WIDTH = 384
CHINESE = ("法国的首都是巴黎。", "请把这句话翻译成英文。", "人工智能正在改变世界。", "今天的天气很好,适合散步。")
CLASSES = (OPENCHAT_SCHEME.classes[0].name, OPENCHAT_SCHEME.classes[1].name, None)
STATUSES: tuple[Status, ...] = ("pending", "kept", "pending", "pending", "dropped")


def grow(data: Path, folder: Path, n: int) -> Project:
    """Make a project of `n` conversations from a file; return it."""
    project = create_project(folder)
    bases = list(_bases(data))
    chance = random.Random(0)
    with project.database.write() as connection:
        action = record_action(connection, "import", f"{n:,} grown conversations", "benchmark")
    done = 0
    batch: list[Record] = []
    started = time.perf_counter()
    for number in range(n):
        copy, place = divmod(number, len(bases))
        batch.append(_copy(bases[place], copy, chance))
        if len(batch) == AT_ONCE or number == n - 1:
            with project.database.write() as connection:
                insert_records(connection, batch, action_id=action.id)
            done += len(batch)
            batch = []
            if done % (20 * AT_ONCE) == 0:
                print(f"{done:,} {done / (time.perf_counter() - started):,.0f}/s", flush=True)
    with project.database.write() as connection:
        update_action(connection, action.id, affected=n)
        connection.exec_driver_sql("ANALYZE")
    return project


def scatter(project: Project) -> None:
    """Give a project an index of random vectors around a thousand centres, in place of a million embeddings."""
    chance = np.random.default_rng(0)
    with project.database.read() as connection:
        seqs = np.array(connection.execute(select(conversations.c.seq)).scalars().all(), dtype=np.int64)
    centres = chance.normal(size=(1000, WIDTH)).astype(np.float32)
    vectors = np.empty((len(seqs), WIDTH), dtype=np.float16)
    for start in range(0, len(seqs), 50_000):
        n = len(vectors[start : start + 50_000])
        part = centres[chance.integers(0, 1000, n)] + 0.7 * chance.normal(size=(n, WIDTH)).astype(np.float32)
        vectors[start : start + n] = part / np.linalg.norm(part, axis=1, keepdims=True)
    folder = project.runs / "scattered"
    folder.mkdir(exist_ok=True)
    write_index(folder, vectors, seqs)
    np.savez(folder / MEMBERS, seqs=seqs, owners=seqs)
    _lay_out(project, seqs, chance)
    set_setting(project, MAP_SETTING, {"job_id": "scattered", "embedder": "offline", "created_at": ""})


def _lay_out(project: Project, seqs: npt.NDArray[np.int64], chance: np.random.Generator) -> None:
    """Lay the conversations around forty places of a plane, each a region of the map."""
    places = chance.uniform(-20, 20, size=(40, 2))
    region = chance.integers(0, len(places), len(seqs))
    at = places[region] + chance.normal(size=(len(seqs), 2))
    points = zip(seqs.tolist(), at[:, 0].tolist(), at[:, 1].tolist(), region.tolist(), strict=True)
    sizes = np.bincount(region, minlength=len(places)).tolist()
    regions = [Cluster(i, f"region {i + 1}", sizes[i], *map(float, place)) for i, place in enumerate(places)]
    with project.database.write() as connection:
        replace_map(connection, points, regions)


def _bases(data: Path) -> Iterator[Record]:
    conversations: list[Conversation] = []
    with open_file(data) as file:
        for row in file.rows:
            conversations += read_checked(row, file.form).conversations
    for start in range(0, len(conversations), AT_ONCE):
        part = conversations[start : start + AT_ONCE]
        for conversation, m in zip(part, measure_many(part), strict=True):
            yield Record(
                seq=0,
                uid="",
                conversation=replace(conversation, language=m.language, metadata={}),
                n_turns=m.n_turns,
                n_tokens=m.n_tokens,
                supervised_tokens=m.supervised_tokens,
                prompt_hash=m.prompt_hash,
                answer_hash=m.answer_hash,
            )


def _copy(base: Record, copy: int, chance: random.Random) -> Record:
    number = chance.getrandbits(48)
    chinese = number % 25 == 0
    asked, answered = f" (case {copy})", f"\n\nReference {number:x}."
    if chinese:
        answered += " " + CHINESE[number % len(CHINESE)] + CHINESE[number // 25 % len(CHINESE)]
    turns = list(base.conversation.turns)
    for at in range(len(turns) - 1, -1, -1):
        if turns[at].role == "assistant":
            turns[at] = replace(turns[at], content=turns[at].content + answered)
            break
    first = next(i for i, turn in enumerate(turns) if turn.role == "user")
    turns[first] = Turn("user", turns[first].content + asked)
    conversation = replace(
        base.conversation,
        turns=tuple(turns),
        language="zh" if chinese else base.conversation.language,
        class_name=CLASSES[number % 7 % 3],
    )
    return replace(
        base,
        uid=blake2b(f"{number}".encode(), digest_size=8).hexdigest(),
        conversation=conversation,
        status=STATUSES[number // 7 % len(STATUSES)],
        drop_reason="grown so" if STATUSES[number // 7 % len(STATUSES)] == "dropped" else "",
        round=1 + copy // 12,
        n_tokens=base.n_tokens + 8,
        supervised_tokens=base.supervised_tokens + 6,
        prompt_hash=blake2b(f"{base.prompt_hash}{copy // 3}".encode(), digest_size=8).hexdigest(),
        answer_hash=blake2b(f"{number}a".encode(), digest_size=8).hexdigest(),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=1_000_000)
    asked = parser.parse_args()
    grow(asked.data, asked.folder, asked.n)
