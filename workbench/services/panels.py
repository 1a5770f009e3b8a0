"""Several curators: the same conversations judged by several people, blind to each other, then settled.

panel = make_panel(project, "calibration", "class:none", people=2, sample=200, actor="ann")
give_opinion(project, panel.id, seq, "expert", actor="ann")      # tags nothing; undoable
report = panel_report(project, panel.id)                         # agreement, and who disagrees on what
apply_plan(project, plan_agreed(project, panel.id), actor="ann")
apply_plan(project, plan_adjudicate(project, panel.id, seq, "sub", actor="cid"), actor="cid")
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b

from sqlalchemy import Connection, select

from workbench.curate.agreement import Agreement, agreement
from workbench.domain.curation import Action, Change, Plan
from workbench.domain.errors import NotFound, PlanError
from workbench.services.browsing import matching_seqs
from workbench.services.classes import class_scheme
from workbench.services.project import Project
from workbench.store import panels as store
from workbench.store.actions import record_action
from workbench.store.conversations import chunks, now
from workbench.store.objects import change_object, write_object
from workbench.store.panels import Panel
from workbench.store.schema import conversations

MOST_PEOPLE = 10
MOST_CONVERSATIONS = 5_000
"""In one panel; agreement is measured on a sample, and people judge all of it by hand."""


@dataclass(frozen=True, slots=True)
class Item:
    """A conversation of a panel.

    Attributes:
        seq: The conversation.
        opinions: Curator → class.
        settled_by: Who gave it its class, or empty.
    """

    seq: int
    opinions: Mapping[str, str]
    settled_by: str = ""

    def complete(self, people: int) -> bool:
        """Whether as many judged as were asked."""
        return len(self.opinions) >= people

    @property
    def agreed(self) -> str | None:
        """The class that all named, or None."""
        named = set(self.opinions.values())
        return next(iter(named)) if len(named) == 1 else None


@dataclass(frozen=True, slots=True)
class PanelReport:
    """Where a panel stands.

    Attributes:
        panel: The panel.
        items: All its conversations.
        agreed: Those that all who were asked judged alike and nobody settled yet.
        disputed: Those they judged differently and nobody settled yet, best split first.
        settled: How many have got their class.
        complete: How many all who were asked have judged.
        by_curator: Curator → how many they judged.
        agreement: How far they agree.
    """

    panel: Panel
    items: list[Item]
    agreed: list[Item]
    disputed: list[Item]
    settled: int
    complete: int
    by_curator: Mapping[str, int]
    agreement: Agreement


def make_panel(
    project: Project,
    name: str,
    query: str,
    *,
    people: int = 2,
    sample: int = 200,
    curators: Sequence[str] = (),
    actor: str,
) -> Panel:
    """Make a panel of a random sample of what matches a query; undo removes it while nobody has judged.

    Args:
        project: The project.
        name: What people call it.
        query: Which conversations.
        people: How many judge each of them.
        sample: How many conversations at most.
        curators: Who is asked; `people` of them are chosen for each conversation, evenly. Empty is whoever comes.
        actor: Who makes it.

    Raises:
        PlanError: The numbers make no sense, or nothing matches.
        QueryError: The query has a mistake.
    """
    curators = tuple(dict.fromkeys(c.strip() for c in curators if c.strip()))
    if not name.strip():
        raise PlanError("a panel needs a name", "write one")
    if not 2 <= people <= MOST_PEOPLE:
        raise PlanError(f"{people} people cannot be compared", f"ask 2 to {MOST_PEOPLE} for each conversation")
    if not 1 <= sample <= MOST_CONVERSATIONS:
        raise PlanError(f"{sample:,} conversations are no sample", f"take 1 to {MOST_CONVERSATIONS:,}")
    if curators and len(curators) < people:
        raise PlanError(
            f"{len(curators)} people are named and {people} are to judge each", "name more, or ask fewer"
        )
    found = matching_seqs(project, query)
    if not found:
        raise PlanError(f"nothing matches {query!r}", "write another query")
    seqs = sorted(random.sample(found, min(sample, len(found))))
    with project.database.write() as connection:
        panel_id = store.next_panel_id(connection)
        panel = Panel(panel_id, name.strip(), query, people, curators, now(), actor)
        value = {**asdict(panel), "curators": list(curators), "seqs": seqs}
        write_object(connection, "panels", str(panel_id), value)
        objects = [change_object("panels", str(panel_id), None, value)]
        title = f"make panel {panel.name} of {len(seqs):,} conversations"
        record_action(connection, "panel", title, actor, params={"objects": objects}, undoable=True)
    return panel


def list_panels(project: Project) -> list[Panel]:
    """Return all panels, newest first."""
    with project.database.read() as connection:
        return store.list_panels(connection)


def get_panel(project: Project, panel_id: int) -> Panel:
    """Return a panel.

    Raises:
        NotFound: There is none of this number.
    """
    with project.database.read() as connection:
        return store.get_panel(connection, panel_id)


def _items(connection: Connection, panel: Panel) -> list[Item]:
    opinions = store.panel_opinions(connection, panel.id)
    settled = store.settled(connection, panel.id)
    seqs = store.panel_seqs(connection, panel.id)
    return [Item(seq, opinions.get(seq, {}), settled.get(seq, "")) for seq in seqs]


def to_judge(project: Project, panel_id: int, actor: str) -> list[int]:
    """Return the conversations that a curator is still asked for, those that others began first.

    Raises:
        NotFound: There is no such panel.
    """
    with project.database.read() as connection:
        panel = store.get_panel(connection, panel_id)
        items = _items(connection, panel)
    open_now = [
        i
        for i in items
        if actor not in i.opinions
        and not i.settled_by
        and not i.complete(panel.people)
        and _asked(panel, i, actor)
    ]
    return [i.seq for i in sorted(open_now, key=lambda i: (-len(i.opinions), i.seq))]


def _asked(panel: Panel, item: Item, actor: str) -> bool:
    """Whether this curator is one of those chosen for the conversation."""
    if not panel.curators:
        return True

    def place(name: str) -> bytes:
        return blake2b(f"{panel.id}/{item.seq}/{name}".encode(), digest_size=8).digest()

    return actor in sorted(panel.curators, key=place)[: panel.people]


def disputed(project: Project, panel_id: int) -> list[Item]:
    """Return the conversations on which people differ and that nobody settled yet, best split first.

    Raises:
        NotFound: There is no such panel.
    """
    with project.database.read() as connection:
        panel = store.get_panel(connection, panel_id)
        items = _items(connection, panel)
    return _disputed(panel, items)


def _disputed(panel: Panel, items: Sequence[Item]) -> list[Item]:
    found = [i for i in items if not i.settled_by and i.complete(panel.people) and i.agreed is None]

    def most(item: Item) -> int:
        named = list(item.opinions.values())
        return max(named.count(name) for name in named)

    return sorted(found, key=lambda i: (most(i), i.seq))


def give_opinion(project: Project, panel_id: int, seq: int, class_name: str, *, actor: str) -> Action | None:
    """Say what one thinks of a conversation; it tags nothing. Said again, it replaces the earlier opinion.

    Returns:
        Its entry in the log, or None where one thought so already.

    Raises:
        NotFound: There is no such panel, or the conversation is not one of it.
        PlanError: There is no such class, or it is settled already.
    """
    scheme = class_scheme(project)
    with project.database.write() as connection:
        return opinion_within(connection, panel_id, seq, class_name, [c.name for c in scheme.classes], actor)


def opinion_within(
    connection: Connection, panel_id: int, seq: int, class_name: str, classes: Sequence[str], actor: str
) -> Action | None:
    """Do what `give_opinion` says in the caller's write transaction."""
    panel = store.get_panel(connection, panel_id)
    if class_name not in classes:
        raise PlanError(f"there is no class {class_name!r}", f"use one of {', '.join(classes)}")
    if not store.holds(connection, panel_id, seq):
        raise NotFound(f"conversation {seq} is not in panel {panel.name}", "see `workbench panels`")
    by = store.settled(connection, panel_id).get(seq)
    if by is not None:
        raise PlanError(f"{by} has settled it meanwhile", "go on with the next one")
    before = store.panel_opinions(connection, panel_id, [seq]).get(seq, {}).get(actor)
    if before == class_name:
        return None
    key = store.opinion_key(panel_id, seq, actor)
    write_object(connection, "opinions", key, class_name)
    objects = [change_object("opinions", key, before, class_name)]
    # The title does not say which class: the log is open to all, and the panel is blind.
    return record_action(
        connection,
        "opinion",
        f"judge a conversation of panel {panel.name}",
        actor,
        params={"panel": panel_id, "objects": objects},
        undoable=True,
    )


def panel_report(project: Project, panel_id: int) -> PanelReport:
    """Return where a panel stands and how far its people agree.

    Raises:
        NotFound: There is no such panel.
    """
    scheme = class_scheme(project)
    with project.database.read() as connection:
        panel = store.get_panel(connection, panel_id)
        items = _items(connection, panel)
    by_curator: dict[str, int] = dict.fromkeys(panel.curators, 0)
    for item in items:
        for name in item.opinions:
            by_curator[name] = by_curator.get(name, 0) + 1
    ordered = [c.name for c in sorted(scheme.classes, key=lambda c: -c.reward)]
    return PanelReport(
        panel,
        items,
        [i for i in items if not i.settled_by and i.complete(panel.people) and i.agreed is not None],
        _disputed(panel, items),
        sum(bool(i.settled_by) for i in items),
        sum(i.complete(panel.people) for i in items),
        by_curator,
        agreement({i.seq: i.opinions for i in items}, ordered),
    )


def plan_agreed(project: Project, panel_id: int) -> Plan:
    """Plan to tag what all who were asked judged alike; `tagged_by` names them.

    Raises:
        NotFound: There is no such panel.
    """
    report = panel_report(project, panel_id)
    wanted = {i.seq: (i.agreed, f"{' + '.join(sorted(i.opinions))} (agreed)") for i in report.agreed}
    title = f"tag {_conversations(len(wanted))} as agreed in panel {report.panel.name}"
    return Plan("agree", title, _tagged(project, wanted), "all who judged agree", params={"panel": panel_id})


def plan_adjudicate(project: Project, panel_id: int, seq: int, class_name: str, *, actor: str) -> Plan:
    """Plan to decide where opinions differ, or to overrule what all agree on.

    Raises:
        NotFound: There is no such panel, or the conversation is not one of it.
        PlanError: There is no such class, or too few have judged.
    """
    if class_name not in class_scheme(project):
        raise PlanError(f"there is no class {class_name!r}", "make it first")
    with project.database.read() as connection:
        panel = store.get_panel(connection, panel_id)
        if not store.holds(connection, panel_id, seq):
            raise NotFound(f"conversation {seq} is not in panel {panel.name}", "see `workbench panels`")
        opinions = store.panel_opinions(connection, panel_id, [seq]).get(seq, {})
    if len(opinions) < panel.people:
        raise PlanError(
            f"{len(opinions)} of {panel.people} people have judged it", "wait for the others, then decide"
        )
    said = ", ".join(f"{who}: {what}" for who, what in opinions.items())
    changes = _tagged(project, {seq: (class_name, f"{actor} (adjudicated)")})
    title = f"decide a conversation of panel {panel.name} as {class_name}"
    return Plan("adjudicate", title, changes, said, params={"panel": panel_id, "class": class_name})


def _tagged(project: Project, wanted: Mapping[int, tuple[str | None, str]]) -> list[Change]:
    c = conversations.c
    out: list[Change] = []
    with project.database.read() as connection:
        for part in chunks(sorted(wanted)):
            rows = connection.execute(
                select(c.seq, c.revision, c.class_name, c.tagged_by).where(c.seq.in_(part)).order_by(c.seq)
            )
            for row in rows:
                name, by = wanted[row.seq]
                before = {"class_name": row.class_name, "tagged_by": row.tagged_by}
                out.append(Change(row.seq, row.revision, before, {"class_name": name, "tagged_by": by}))
    return out


def _conversations(n: int) -> str:
    return "1 conversation" if n == 1 else f"{n:,} conversations"
