"""What a person decides about single groups of duplicates, by button or by key, until it is applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workbench.curate.dedupe import Group
from workbench.services import duplicates
from workbench.services.duplicates import KEEP, DuplicateResult, GroupView
from workbench.services.project import Project
from workbench.ui.views.stepping import ByKey, Places, walk_keys

BESIDE = 2
"""How many copies stand beside the one that is kept; the others are a click away."""
GROUP = "dup-group"
"""The name of the place in the list of groups."""


@dataclass(slots=True)
class ByHand(ByKey):
    """What a person decided about single groups of a search, until it is applied.

    Attributes:
        keep: Group id to the member that stays.
        policy: Group id to the keep policy of that group alone.
        skip: Groups that are left as they are.
    """

    keep: dict[int, int] = field(default_factory=dict)
    policy: dict[int, str] = field(default_factory=dict)
    skip: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Deciding:
    """Acts on the group in view; of several keys in one run each goes by where the ones before have led.

    Attributes:
        project: The project.
        result: The search.
        groups: Its groups in the order in which they are walked, at least one.
        keep: The policy of all groups that have none of their own.
        hand: What was decided so far.
        here: Where this browser session stands.
    """

    project: Project
    result: DuplicateResult
    groups: Sequence[Group]
    keep: str
    hand: ByHand
    here: Places

    def group(self) -> Group:
        """Return the group in view."""
        return self.groups[self.here.at(GROUP, len(self.groups))]

    def view(self) -> GroupView:
        """Return it as it would be decided now."""
        group_id = self.group().id
        policy, chosen = self.hand.policy.get(group_id, self.keep), self.hand.keep.get(group_id)
        return duplicates.view_group(self.project, self.result, group_id, keep=policy, by_hand=chosen)

    def stay(self, group_id: int, seq: int) -> None:
        """Keep this member of a group."""
        self.hand.keep[group_id] = seq
        self.hand.changed = True

    def follow(self, group_id: int, policy: str) -> None:
        """Let a policy decide in this group alone; the one of all groups is none of its own."""
        self.hand.keep.pop(group_id, None)
        if policy == self.keep:
            self.hand.policy.pop(group_id, None)
        else:
            self.hand.policy[group_id] = policy
        self.hand.changed = True

    def another_policy(self) -> None:
        """Let the next policy of the list decide in the group in view."""
        group_id, policies = self.group().id, list(KEEP)
        current = self.hand.policy.get(group_id, self.keep)
        self.follow(group_id, policies[(policies.index(current) + 1) % len(policies)])

    def leave(self) -> None:
        """Leave the group in view as it is, or decide it after all."""
        self.hand.skip ^= {self.group().id}
        self.hand.changed = True

    def review(self) -> None:
        """Ask for the plan."""
        self.hand.asked = self.hand.changed = True

    def keys(self) -> dict[str, Callable[[], object]]:
        """Return what each key means."""
        beside = {str(n): self._stays(n) for n in range(1, BESIDE + 1)}
        copies = {"arrowup": self._turn(-1), "arrowdown": self._turn(1)}
        decisions = {"p": self.another_policy, "l": self.leave, "d": self.review}
        return {**walk_keys(GROUP, len(self.groups)), **copies, **beside, **decisions}

    def _stays(self, number: int) -> Callable[[], None]:
        def stays() -> None:
            view = self.view()
            if not view.members:
                return
            shown = view.members[1:][copies_from(view, self.here) :][:BESIDE]
            if number <= len(shown):
                self.stay(view.id, shown[number - 1].record.seq)

        return stays

    def _turn(self, by: int) -> Callable[[], None]:
        def turn() -> None:
            view = self.view()
            if view.members and pages_of_copies(view) > 1:
                self.here.move(copies_place(view), pages_of_copies(view), by)

        return turn


def copies_place(view: GroupView) -> str:
    """Return the name of the place among a group's copies; another one stays, another place."""
    return f"dup-members-{view.id}-{view.members[0].record.seq}"


def pages_of_copies(view: GroupView) -> int:
    """Return how many times `BESIDE` copies there are."""
    return -(-(len(view.members) - 1) // BESIDE)


def copies_from(view: GroupView, here: Places) -> int:
    """Return the number of the first copy in view, from 0."""
    pages = pages_of_copies(view)
    return here.at(copies_place(view), pages) * BESIDE if pages > 1 else 0
