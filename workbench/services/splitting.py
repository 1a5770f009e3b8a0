"""Parts of a dataset by prompt: answers to one prompt or to nearly the same one are never in two of them."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from crlft.conversation import Conversation
from crlft.formats.writing import SUFFIXES
from workbench.curate.dedupe import sides
from workbench.curate.text import prompt_hash
from workbench.domain.errors import WorkbenchError
from workbench.services.promptgroups import PromptGroups
from workbench.store import jsontext

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}\Z")
_HASHES = 1 << 64
TOO_LARGE = "too large"
"""Key of groups of near-duplicate prompts that would swallow a small part: they go to the largest."""


def check_splits(splits: Mapping[str, float]) -> list[str]:
    """Return the parts' names.

    Raises:
        WorkbenchError: A name or a share makes no sense, or the shares do not add up to 1.
    """
    for name, share in splits.items():
        if not _NAME.match(name):
            raise WorkbenchError(f"{name!r} is no name for a part", "use small letters, such as train and test")
        if not 0 < share <= 1:
            raise WorkbenchError(f"the part {name!r} has the share {share:g}", "give each a share between 0 and 1")
    total = math.fsum(splits.values())
    if abs(total - 1) > 1e-6:
        raise WorkbenchError(f"the shares of the parts add up to {total:g}", "make them add up to 1")
    return list(splits)


def part_of(key: str, splits: Mapping[str, float]) -> str:
    """Return which part a key (16 hexadecimal digits) falls into: by it alone, so the same in every export."""
    if key == TOO_LARGE:
        return max(splits, key=lambda name: splits[name])
    at, reached = int(key, 16) / _HASHES, 0.0
    for name, share in splits.items():
        reached += share
        if at < reached:
            return name
    return list(splits)[-1]


def part_path(path: Path, part: str) -> Path:
    """Return a part's file: `out.jsonl.gz` → `out.train.jsonl.gz`."""
    suffix = max((s for s in SUFFIXES if path.name.lower().endswith(s)), key=len, default="")
    stem = path.name.removesuffix(path.name[len(path.name) - len(suffix) :]) if suffix else path.name
    return path.with_name(f"{stem}.{part}{path.name[len(stem) :]}")


@contextmanager
def split_apart(
    conversations: Iterable[Conversation], splits: Mapping[str, float] | None, names: Sequence[str]
) -> Iterator[dict[str, Iterator[Conversation]]]:
    """Give the parts, each an iterator in the order given.

    A conversation goes by its prompt's hash, and with all whose prompt is nearly the same: by a hash of
    the smallest of theirs. Memory holds signatures of the distinct prompts, no conversations.

    Args:
        conversations: Read once.
        splits: Shares by name; None gives everything to the one part.
        names: The parts' names.
    """
    if splits is None:
        yield {names[0]: iter(conversations)}
        return
    with tempfile.TemporaryDirectory(prefix="workbench-parts-") as scratch:
        everything, keys, prompts = Path(scratch) / "all", [], PromptGroups()
        with everything.open("w", encoding="utf-8") as file:
            for conversation in conversations:
                file.write(jsontext.dump(conversation.to_dict()) + "\n")
                keys.append(prompt_hash(conversation))
                prompts.add(keys[-1], sides(conversation.turns, "prompt")[0])
        group_of = prompts.group_of(TOO_LARGE)
        spools = {name: Path(scratch) / f"part-{name}" for name in names}
        with ExitStack() as stack, everything.open(encoding="utf-8") as lines:
            files = {name: stack.enter_context(path.open("w", encoding="utf-8")) for name, path in spools.items()}
            for key, line in zip(keys, lines, strict=True):
                files[part_of(group_of.get(key, key), splits)].write(line)
        everything.unlink()
        yield {name: _read(path) for name, path in spools.items()}


def _read(path: Path) -> Iterator[Conversation]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Conversation.from_dict(jsontext.load(line))
