"""The Chinese catalogue is whole: every text that the interface shows has a Chinese one, with the same places.

The source is walked. A text that is no literal where it is translated (a list's entry, a word of a service) is
declared here, in `LISTS`: whoever adds such a place says what can stand in it.
"""

from __future__ import annotations

import ast
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import pytest

import workbench.ui
from crlft.methods import METHODS
from workbench.curate.clean import personal
from workbench.curate.dedupe.keep import KEEP
from workbench.curate.rewardmass import PRESETS
from workbench.domain.record import STATUSES
from workbench.domain.run import JobStatus
from workbench.services import cleaning, compare_export, failures, prompts
from workbench.ui import app, i18n
from workbench.ui.catalogues import zh, zh_log
from workbench.ui.views import (
    acting,
    browse,
    browse_facets,
    browse_map,
    browse_workspace,
    compare,
    compare_votes,
    duplicates,
    format_names,
    frame,
    import_report,
    import_words,
    jobs,
    judge_tags,
    project,
    rounds,
    snapshot_details,
    tag,
    tag_queue,
    tag_together,
    train_figures,
    train_watch,
)
from workbench.ui.widgets import config_form, focus_queue

ROOT = Path(workbench.ui.__file__).parent
TABS = (
    *duplicates._TABS, *duplicates._VIEWS, *compare._TABS, *compare._VIEWS, *rounds._TABS, *train_watch._TABS
)  # fmt: skip
RULE_WORDS = [word for rule in cleaning.RULES.values() for word in (rule.title, rule.what, rule.why)]
RUN_STATUSES = get_args(JobStatus)
KEPT_BECAUSE = (
    *(words for words, _ in KEEP.values()),
    "chosen by hand", "another class answers it", "not alike enough to any that stays",
)  # fmt: skip
NEXT_STEPS = re.findall(r'NextAction\(\s*"[a-z-]+", "([^"]+)"', Path(failures.__file__).read_text("utf-8"))
DECISIONS = (
    "accept adjudicate agree bring-back classes clean comment confirm dedupe edit exclude import keep drop panel "
    "pending reward restore settings tag tag-rules untag reward-turn".split()
)
DATA: tuple[str, ...] = ()
"""Names that the project gives, such as classes: shown as they are, unless they are words of the interface."""

LISTS: dict[tuple[str, str], Iterable[str]] = {
    ("app.py", "section"): [s for s in app.PAGES if s],
    ("app.py", "title"): [title for entries in app.PAGES.values() for _, title, _ in entries],
    ("i18n.py", "one"): DATA,
    ("i18n.py", "many"): DATA,
    ("acting.py", "FIELD_NAMES.get(field, field)"): [*acting.FIELD_NAMES.values(), "status", "comment"],
    ("acting.py", "before"): [*STATUSES, "none"],
    ("acting.py", "after"): [*STATUSES, "none"],
    ("browse.py", "ORDERS[o]"): browse.ORDERS.values(),
    ("browse.py", "meaning"): [meaning for _, meaning in browse.HELP],
    ("browse_facets.py", "value"): STATUSES,
    ("browse_facets.py", "title"): browse_facets.FACET_TITLES.values(),
    ("browse_workspace.py", "title"): browse_workspace.TABS.values(),
    ("record_list.py", "status"): STATUSES,
    ("browse_map.py", "COLOUR_BY[c]"): browse_map.COLOUR_BY.values(),
    ("browse_map.py", "COLOUR_BY[colour_by]"): browse_map.COLOUR_BY.values(),
    ("clean.py", "a.rule.title"): RULE_WORDS,
    ("clean.py", "rule.title"): RULE_WORDS,
    ("clean.py", "RULES[n].title"): RULE_WORDS,
    ("clean.py", "RULES[n].what"): RULE_WORDS,
    ("clean.py", "RULES[n].why"): RULE_WORDS,
    ("clean.py", "rule.what"): RULE_WORDS,
    ("clean.py", "rule.why"): RULE_WORDS,
    ("clean.py", "active.rule.title"): RULE_WORDS,
    ("clean_rules.py", "cleaning.RULES[n].title"): RULE_WORDS,
    ("clean_rules.py", "k"): personal.KINDS,
    ("compare.py", "param('panel') or ''"): compare._TABS,
    ("compare_new.py", "pair[0]"): prompts.SLICES,
    ("compare_votes.py", "name or names[0]"): prompts.SLICES,
    ("compare_votes.py", "t"): prompts.SLICES,
    ("compare_votes.py", "text"): compare_export.WORDS,
    ("compare_votes.py", "name"): [name for name, _ in compare_votes._FILES.values()],
    ("duplicates.py", "KEEP[k][0]"): KEPT_BECAUSE,
    ("duplicates_review.py", "KEEP[k][0]"): KEPT_BECAUSE,
    ("duplicates_review.py", "member.why"): KEPT_BECAUSE,
    ("duplicates_review.py", "first.why"): KEPT_BECAUSE,
    ("frame.py", "what"): [what for _, what in frame.KEYS],
    ("format_names.py", "KINDS[n]"): format_names.KINDS.values(),
    ("import_report.py", "PACKED[part]"): import_report.PACKED.values(),
    ("import_report.py", "role"): ["system", "user", "assistant", "tool"],
    ("import_report.py", "side"): ["chosen", "rejected"],
    ("import_words.py", "_WORDS.get(code, code)"): import_words._WORDS.values(),
    ("jobs.py", "KINDS.get(kind, kind)"): jobs.KINDS.values(),
    ("jobs.py", "words"): jobs.TASKS.values(),
    ("jobs.py", "j.status"): RUN_STATUSES,
    ("jobs.py", "job.status"): RUN_STATUSES,
    ("judge_tags.py", "DETECTORS.get(detector, detector)"): judge_tags.DETECTORS.values(),
    ("judge_tags.py", "DETECTORS.get(d.detector, d.detector)"): judge_tags.DETECTORS.values(),
    ("judge_tags.py", "_ORDERS[o]"): judge_tags._ORDERS.values(),
    ("project.py", "title"): [*(s[0] for s in project.STEPS.values()), *(title for _, title in project.CHARTS)],
    ("project.py", "status"): STATUSES,
    ("project.py", "purpose"): [s[2] for s in project.STEPS.values()],
    ("project.py", "button"): [s[3] for s in project.STEPS.values()],
    ("reader.py", "turn.role"): ["system", "user", "assistant", "tool"],
    ("rounds.py", "what"): DECISIONS,
    ("rounds.py", "r.run_status"): RUN_STATUSES,
    ("origin.py", "s.kind"): ["decision", "import", "generation", "prompt", "run", "snapshot"],
    ("snapshot_details.py", "t"): snapshot_details.PARTS,
    ("tag.py", "TABS[name]"): tag.TABS.values(),
    ("tag_queue.py", "ORDERS[o]"): tag_queue.ORDERS.values(),
    ("tag_rewards.py", "PRESETS[name]"): PRESETS.values(),
    ("tag_together.py", "DECIDED[k]"): tag_together.DECIDED.values(),
    ("train_failure.py", "failures.KINDS[kind]"): failures.KINDS.values(),
    ("train_failure.py", "action.label"): NEXT_STEPS,
    ("train_keep.py", "row.job.status"): RUN_STATUSES,
    ("train_new.py", "METHODS[name].meaning"): [m.meaning for m in METHODS.values()],
    ("train_runs.py", "j.status"): RUN_STATUSES,
    ("train_figures.py", "PHASES.get(curves.phases[-1], curves.phases[-1])"): train_figures.PHASES.values(),
    ("train_watch.py", "status"): RUN_STATUSES,
    ("working.py", "name"): TABS,
    ("chips.py", "status"): STATUSES,
    ("config_form.py", "name"): config_form.GROUPS,
    ("config_form.py", "name.replace('_', ' ').capitalize()"): [
        name.replace("_", " ").capitalize() for names in config_form.GROUPS.values() for name in names
    ],
    ("config_form.py", "helps.get(name, '')"): [
        config_form.field_help()[name] for names in config_form.GROUPS.values() for name in names
    ],
    ("focus_queue.py", "status"): STATUSES,
    ("focus_queue.py", "what"): [what for _, what in focus_queue.KEYS],
    ("record_list.py", "r.status"): STATUSES,
}
SAME_IN_CHINESE = {
    "{kind}: {text}", "source:gpt4* class:none", "AUC", "CSV", "OpenChat, 1 : 0.1", "Krippendorff's α", "Parquet"
}  # fmt: skip


def texts_of(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the alternatives of a conditional expression, or the expression itself."""
    if isinstance(node, ast.IfExp):
        yield from texts_of(node.body)
        yield from texts_of(node.orelse)
    else:
        yield node


def translated(path: Path) -> Iterator[ast.expr]:
    """Yield every expression of a file whose text is translated."""
    source = path.read_text("utf-8")
    if "workbench.ui.i18n import" not in source and path.name != "i18n.py":
        return
    nodes = list(ast.walk(ast.parse(source)))
    named = {  # texts that were given a name first
        node.targets[0].id: list(texts_of(node.value))
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if all(isinstance(text, ast.Constant) and isinstance(text.value, str) for text in texts_of(node.value))
    }
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        for argument in node.args[1:3] if name == "tn" else node.args[:1] if name == "t" else ():
            for text in texts_of(argument):
                yield from named.get(text.id, [text]) if isinstance(text, ast.Name) else [text]
        for argument in (*node.args, *(k.value for k in node.keywords)):  # the function itself is handed on
            if isinstance(argument, ast.Name) and argument.id == "t":
                yield argument


def walk() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Return the literal texts and the places that have none, each with where it stands."""
    literal: dict[str, str] = {}
    listed: dict[tuple[str, str], str] = {}
    for path in sorted(p for p in ROOT.rglob("*.py") if "catalogues" not in p.parts):
        for node in translated(path):
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literal.setdefault(node.value, where)
            else:
                listed.setdefault((path.name, ast.unparse(node)), where)
    return literal, listed


LITERAL, LISTED = walk()


def test_every_place_without_a_literal_says_what_can_stand_in_it():
    assert {f"{where} {key[1]}" for key, where in LISTED.items() if key not in LISTS} == set()
    assert set(LISTS) - set(LISTED) == set()


def test_every_text_of_the_interface_has_a_chinese_one():
    shown = {**{text: str(place) for place, texts in LISTS.items() for text in texts}, **LITERAL}
    assert {text: where for text, where in shown.items() if text and text not in zh.TEXTS} == {}


def test_no_chinese_text_is_left_over():
    assert set(zh.TEXTS) - set(LITERAL) - {text for texts in LISTS.values() for text in texts} == set()


def places(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_places_and_marks_are_those_of_the_english_text():
    odd = {}
    for text, said in zh.TEXTS.items():
        if text in LITERAL and places(text) != places(said):
            odd[text] = said
        if text.count("**") != said.count("**") or text.count("`") != said.count("`"):
            odd[text] = said
    assert odd == {}


def test_what_is_said_is_chinese():
    assert {
        text for text, said in zh.TEXTS.items() if not re.search(r"[\u4e00-\u9fff]", said)
    } <= SAME_IN_CHINESE
    ends = {text for text, said in zh.TEXTS.items() if re.search(r"[\u4e00-\u9fff][,;:?!]", said)}
    assert ends == set(), "the marks between Chinese words are Chinese ones"


def test_two_rooms_say_the_same():
    said: dict[str, set[str]] = {}
    for room in zh.ROOMS.values():
        for text, chinese in room.items():
            said.setdefault(text, set()).add(chinese)
    assert {text: ways for text, ways in said.items() if len(ways) > 1} == {}


def shapes(node: ast.expr) -> list[str]:
    """Return what a title may read like: `1` stands for what is filled in."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return shapes(node.body) + shapes(node.orelse)
    if isinstance(node, ast.BinOp):
        return [a + b for a in shapes(node.left) for b in shapes(node.right)]
    if isinstance(node, ast.JoinedStr):
        found = [""]
        for part in node.values:
            ends = shapes(part.value if isinstance(part, ast.FormattedValue) else part)
            found = [a + b for a in found for b in ends]
        return found
    return ["1"]


def titles() -> Iterator[tuple[str, str]]:
    """Yield the titles of plans and of entries of the log that services and store write, and where."""
    for path in [*ROOT.parent.glob("services/*.py"), *ROOT.parent.glob("store/*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"record_action": 2, "Plan": 1, "_change": 4}.get(node.func.id)
                if place is not None:
                    named = [*node.args[place : place + 1], *(k.value for k in node.keywords if k.arg == "title")]
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "title":
                named = [node.value]
            for shape in (shape for one in named for shape in shapes(one)):
                if re.search("[a-z]", shape):
                    yield shape, f"{path.name}:{node.lineno}"


def test_the_titles_of_the_log_are_said_in_chinese():
    found = dict(titles())
    assert len(found) > 40
    i18n.use_language("zh")
    try:
        bare = {shape: at for shape, at in found.items() if not re.search(r"[\u4e00-\u9fff]", i18n.said(shape))}
    finally:
        i18n.use_language(None)
    # These begin with what is filled in: another title, or the verb of a turn.
    assert bare.keys() <= {"1: 1 conversation", "1: 1 conversations", "1 turn 11 of conversation 1"}


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("tag 87 conversations as sub", "把 87 个对话标注为 sub"),
        ("Undo: drop 1 conversation", "撤销：舍弃 1 个对话"),
        ("import a.json: 4,001 conversations", "导入 a.json：4,001 个对话"),
        ("clean 12 conversations: fix 1, flag 2, drop 9", "清洗 12 个对话：修正 1，标记 2，舍弃 9"),
        ("drop 31 duplicates in 20 groups", "舍弃 20 组中的 31 个重复"),
        ("snapshot a {b} of 3 conversations", "快照 a {b}，含 3 个对话"),
        ("exclude turn 2 of conversation ab", "不学习对话 ab 的第 2 个轮次"),
        ("give turn 2 of conversation ab the reward 0.5", "把对话 ab 的第 2 个轮次的奖励设为 0.5"),
        ("the user turn is empty; the last user turn has no answer", "user 轮次为空；最后一个用户轮次没有回答"),
        ("my own words", "my own words"),
    ],
)
def test_a_stored_title_is_recognised_by_its_form(title, said):
    assert i18n.said(title) == title
    i18n.use_language("zh")
    try:
        assert i18n.said(title) == said
    finally:
        i18n.use_language(None)


def test_the_forms_keep_their_places():
    assert {form for form, said in zh_log.SENTENCES.items() if places(form) != places(said)} == set()


def test_the_words_of_the_decisions_are_all_known_kinds():
    sources = "".join(p.read_text("utf-8") for p in (ROOT.parent / "services").glob("*.py"))
    made = set(re.findall(r'(?:\bPlan\(\s*|kind=|record_action\(\s*connection, )"([a-z-]+)"', sources))
    uncounted = set(rounds.__dict__.get("NO_DECISION", ())) | {
        "snapshot", "run", "undo", "comparison", "suggest", "held-out", "round", "train", "stable"
    }  # fmt: skip
    assert made - uncounted <= set(DECISIONS)


def test_the_catalogue_in_use_is_this_one():
    assert i18n.CATALOGUES["zh"] is zh.TEXTS
