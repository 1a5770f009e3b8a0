"""Make the sample data: `python sample_data/make.py [--out DIR] [--seed N]`.

Everything in this folder except `base/` comes from here, byte for byte the same for the same
seed. The base is made from `general_text.jsonl.gz` by `crlft base build`.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path
from typing import Final

from world import files, prose, talk, troubles
from world.skills import Item, draw

SEED: Final = 20260
CONVERSATIONS: Final = 3840
EXPERT_SHARE: Final = 0.11
UNTAGGED_SHARE: Final = 0.05
HELD_OUT: Final = 300
GENERAL_DOCUMENTS: Final = 16_000
REPLAY_DOCUMENTS: Final = 400
PROBE_DOCUMENTS: Final = 200

CLASSES: Final[dict[str, object]] = {
    "classes": [
        {"name": "expert", "condition": "GPT4 Correct", "reward": 1.0},
        {"name": "sub", "condition": "GPT3 Correct", "reward": 0.1},
    ],
    "field": "generator",
    "values": {talk.EXPERT: "expert", **dict.fromkeys(talk.CROWD, "sub")},
}

SKILLS: Final = ("fact", "unit", "sum", "day", "compare", "record", "list")

Key = tuple[str, str, str, int]


def held_out(rng: random.Random) -> tuple[list[dict[str, object]], set[Key]]:
    """Return the checked prompts, evenly over the skills, and what they ask."""
    rows: list[dict[str, object]] = []
    taken: set[Key] = set()
    while len(rows) < HELD_OUT:
        skill = SKILLS[len(rows) % len(SKILLS)]
        item, phrasing = _question_of(rng, skill)
        if talk.key(item, phrasing) in taken:
            continue
        taken.add(talk.key(item, phrasing))
        prompt = talk.wrap(rng, item.questions[phrasing], item.language)
        rows.append(
            {
                "id": f"held-{len(rows) + 1:03d}",
                "prompt": prompt,
                "check": item.check,
                "skill": skill,
                "language": item.language,
            }
        )
    return rows, taken


def _question_of(rng: random.Random, skill: str) -> tuple[Item, int]:
    while True:
        item = draw(rng, talk.draw_language(rng))
        if item.skill == skill:
            return item, rng.randrange(len(item.questions))


def conversations(rng: random.Random, taboo: set[Key]) -> tuple[list[talk.Talk], list[troubles.Planted]]:
    """Return every training conversation, troubles included, in a fixed shuffled order."""
    experts = round(CONVERSATIONS * EXPERT_SHARE)
    talks = [talk.converse(rng, "expert" if i < experts else "sub", taboo) for i in range(CONVERSATIONS)]
    rng.shuffle(talks)
    talks = [replace(t, id=f"talk-{i:04d}") for i, t in enumerate(talks, start=1)]
    untagged = set(rng.sample([t.id for t in talks], round(CONVERSATIONS * UNTAGGED_SHARE)))
    talks = [replace(t, generator="") if t.id in untagged else t for t in talks]
    talks, planted, changed = troubles.break_some(rng, talks)
    added, copies = troubles.copy_some(rng, [t for t in talks if t.id not in changed])
    for extra in added:
        talks.insert(rng.randrange(len(talks) + 1), extra)
    return talks, planted + copies


def spread(rng: random.Random, talks: list[talk.Talk]) -> dict[str, list[talk.Talk]]:
    """Divide conversations among the files: half ShareGPT, the rest messages and Alpaca."""
    by_file: dict[str, list[talk.Talk]] = {name: [] for name in files.ROWS}
    for t in talks:
        single = [role for role, _ in t.turns] == ["user", "assistant"]
        draw_file = rng.random()
        if draw_file < 0.5:
            by_file["sharegpt.json"].append(t)
        elif draw_file < 0.75 or not single:
            by_file["messages.jsonl"].append(t)
        else:
            by_file["alpaca.json"].append(t)
    return by_file


def texts(rng: random.Random, prefix: str, count: int) -> list[dict[str, object]]:
    """Return documents of general text."""
    return [{"id": f"{prefix}-{i:05d}", "text": prose.document(rng)} for i in range(1, count + 1)]


def make(out: Path, seed: int = SEED) -> dict[str, object]:
    """Write every file into `out` and return the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    held, taboo = held_out(random.Random(f"{seed} held-out"))
    talks, planted = conversations(random.Random(f"{seed} conversations"), taboo)
    by_file = spread(random.Random(f"{seed} files"), talks)
    manifest = {"seed": seed, **files.write_conversations(out, by_file, planted)}
    files.write_json(out / "manifest.json", manifest)
    files.write_json(out / "classes.json", CLASSES)
    files.write_lines(out / "held_out.jsonl", held)
    general = [{"text": row["text"]} for row in texts(random.Random(f"{seed} general"), "text", GENERAL_DOCUMENTS)]
    files.write_lines(out / "general_text.jsonl.gz", general)
    files.write_lines(out / "replay.jsonl", texts(random.Random(f"{seed} replay"), "replay", REPLAY_DOCUMENTS))
    files.write_lines(out / "probe_text.jsonl", texts(random.Random(f"{seed} probe"), "probe", PROBE_DOCUMENTS))
    return manifest


def main() -> None:
    """Read the command line and make the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write into")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed makes another sample")
    chosen = parser.parse_args()
    manifest = make(chosen.out, chosen.seed)
    print(files.dump({"rows": manifest["rows"], "troubles": manifest["counts"]}))


if __name__ == "__main__":
    main()
