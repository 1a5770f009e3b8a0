"""Probe questions as a table: what it shows is what the file says, and what it cannot show stays."""

from __future__ import annotations

import json

import pytest

from crlft.checkedprompts import read_checked_prompts
from tests.contract.store_world import make_project
from workbench.domain.errors import PlanError
from workbench.services import curation
from workbench.services.probequestions import ProbeQuestion, read_questions, write_questions
from workbench.services.probes import probe_questions

OTHERS = [
    {"id": "talk", "messages": [{"role": "user", "content": "Hi"}], "check": {"answer": "Hello"}},
    {"prompt": "Two of them?", "check": {"all": ["tea", "rice"]}},
    {"prompt": "Bars?", "check": {"answer": ["a|b"]}},
    {"prompt": "No check"},
]


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path / "project")
    yield made
    made.close()


def test_the_table_is_written_and_read_and_other_lines_stay(project):
    assert (read_questions(project), probe_questions(project)) == (([], []), None)
    file = project.root / "probe_questions.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in OTHERS), encoding="utf-8")
    asked = [
        ProbeQuestion("What is 7 plus 4?", "sums", states="11 | eleven", lacks="as an AI\u2028 or so"),
        ProbeQuestion("When does it open?", pattern=r"\d+:\d\d|noon"),
        ProbeQuestion("  "),
    ]
    assert write_questions(project, asked, actor="ann") == 2
    shown, others = read_questions(project)
    assert [json.loads(line) for line in others] == OTHERS
    assert [(q.prompt, q.topic, q.states, q.pattern, q.lacks) for q in shown] == [
        ("What is 7 plus 4?", "sums", "11 | eleven", "", "as an AI\u2028 or so"),
        ("When does it open?", "", "", r"\d+:\d\d|noon", ""),
    ]
    assert curation.log(project)[0].title == "set 2 probe questions"
    write_questions(project, [*shown, ProbeQuestion("And at noon?", states="yes")], actor="ann")
    prompts, unchecked = read_checked_prompts(file, "topic")
    assert (len(prompts), unchecked, len({p.id for p in prompts})) == (6, 1, 6)
    assert prompts[0].check == {"answer": ["11", "eleven"], "lacks": ["as an AI\u2028 or so"]}
    assert [q.id for q in read_questions(project)[0]][:2] == [q.id for q in shown]


def test_a_question_without_a_check_or_with_a_broken_pattern_is_refused_and_nothing_is_written(project):
    with pytest.raises(PlanError, match="question 1: none of `answer`"):
        write_questions(project, [ProbeQuestion("What?")], actor="ann")
    with pytest.raises(PlanError, match=r"question 2: `matches`: '\(' is no pattern"):
        write_questions(project, [ProbeQuestion("A?", states="a"), ProbeQuestion("B?", pattern="(")], actor="ann")
    assert probe_questions(project) is None
    write_questions(project, [ProbeQuestion("A?", states="a")], actor="ann")
    write_questions(project, [], actor="ann")
    assert probe_questions(project) is None
