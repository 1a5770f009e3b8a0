"""How much of the data the model has written itself, by class and by topic, and the cap that warns.

A loop that eats mostly its own answers loses variety (Shumailov et al. 2024, doi:10.1038/s41586-024-07566-y); own
answers beside enough other data do no harm (Gerstgrasser et al. 2024, arXiv 2404.01413).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.errors import PlanError
from workbench.services.project import Project
from workbench.store import shares as store
from workbench.store.actions import record_action
from workbench.store.settings import get_setting, set_setting
from workbench.store.shares import Place

__all__ = ["MODEL_SHARE_CAP", "ModelShare", "ModelShares", "Place", "model_shares", "set_model_share_cap"]

MODEL_SHARE_CAP = 0.3
"""Share of a class or topic that may be the model's own answers before a warning."""
_CAP_SETTING = "model_share_cap"


@dataclass(frozen=True, slots=True)
class ModelShare:
    """How much of a class or topic the model has written itself.

    Attributes:
        name: The class ('' untagged) or the topic's title ('' between the map's regions).
        model_made: Answers brought back, those dropped again left out.
        total: Conversations that are not dropped.
        over: Whether the share is above the cap.
    """

    name: str
    model_made: int
    total: int
    over: bool

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.model_made / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class ModelShares:
    """The model's part of the whole, of every class, and of every topic that it wrote in.

    Attributes:
        whole: All conversations that are not dropped.
        classes: Every class, largest share first.
        topics: Topics with an answer of the model, largest share first; empty where there is no map.
        unplaced: Answers of the model whose topic is not known.
        cap: From which share on is warned.
        mapped: Whether there is a map, whose regions are the topics.
    """

    whole: ModelShare
    classes: tuple[ModelShare, ...]
    topics: tuple[ModelShare, ...]
    unplaced: int
    cap: float
    mapped: bool

    @property
    def over(self) -> list[ModelShare]:
        """Classes and topics above the cap; what is untagged or lies between regions is no class and no topic."""
        return [s for s in (*self.classes, *self.topics) if s.over and s.name]


def model_shares(project: Project, adding: Sequence[Place] = ()) -> ModelShares:
    """Return how much the model has written.

    Args:
        project: The project.
        adding: Answers that are about to come: their class and prompt. They are counted as if they stood there.
    """
    with project.database.read() as connection:
        made, totals = store.model_made(connection), Counter(store.standing_by_class(connection))
        cap = float(get_setting(connection, _CAP_SETTING, MODEL_SHARE_CAP))
        mapped = store.is_mapped(connection)
        places = [(seq, prompt) for seq, (_, prompt) in made] + [(None, prompt) for _, prompt in adding]
        clusters = store.clusters_of(connection, places) if mapped else [None] * len(places)
        sizes = store.cluster_sizes(connection, {c for c in clusters if c is not None})
        # An answer that is not on the map itself is one more in its topic.
        drawn = store.on_the_map(connection, [seq for seq, _ in made]) if mapped else set()
    by_class = Counter(name for _, (name, _) in made)
    for name, _ in adding:
        by_class[name] += 1
        totals[name] += 1
    by_topic: Counter[int] = Counter(c for c in clusters if c is not None)
    placed = [(c, seq) for c, (seq, _) in zip(clusters, places, strict=True) if c is not None]
    beside = Counter(c for c, seq in placed if seq is None or seq not in drawn)

    def share(name: str, n: int, total: int) -> ModelShare:
        return ModelShare(name, n, total, n > cap * total)

    classes = [share(name, by_class[name], n) for name, n in totals.items() if n]
    topics = [share(sizes[c][0], n, sizes[c][1] + beside[c]) for c, n in by_topic.items()]
    return ModelShares(
        share("", sum(by_class.values()), sum(totals.values())),
        tuple(sorted(classes, key=lambda s: (-s.share, s.name))),
        tuple(sorted(topics, key=lambda s: (-s.share, s.name))),
        sum(c is None for c in clusters),
        cap,
        mapped,
    )


def set_model_share_cap(project: Project, cap: float, *, actor: str) -> None:
    """Set the share of a class or topic from which its own answers are warned about.

    Raises:
        PlanError: It is no share.
    """
    if not 0 < cap <= 1:
        raise PlanError(f"the cap is {cap:g}, it must lie above 0 and at most at 1", "0.3 is a cautious cap")
    with project.database.write() as connection:
        set_setting(connection, _CAP_SETTING, cap)
        record_action(connection, "round", f"cap the model's share at {cap:.0%}", actor)
