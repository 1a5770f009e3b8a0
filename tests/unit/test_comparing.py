import json

import pytest

from crlft.runfolder import RunFolder
from tests.unit.loop_project import GENERATOR, fake_base, fake_command, fake_trainer, loop_project, until
from workbench.domain.errors import ImportFault, JobError, NotFound, PlanError, WorkbenchError
from workbench.services import comparing, jobs, train_request, training
from workbench.services.browsing import get_record, search
from workbench.services.curation import log, undo
from workbench.services.rounds import current_round, rounds, start_next_round
from workbench.services.training import TrainRequest

TALK = [
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "1"},
    {"role": "user", "content": "two"},
]
PROMPTS = "\n".join(
    json.dumps(row)
    for row in (
        {"id": "a", "prompt": "expert or not?", "check": {"answer": ["GPT4"]}},
        {"id": "b", "prompt": "什么是 GPT4 ？"},
        {"id": "c", "messages": TALK, "check": {"answer": ["two"], "polite": ["GPT4"]}},
    )
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project with one finished run of each of two methods."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("loop")
        patch.setattr(train_request, "crlft_command", fake_trainer())
        patch.setenv("CRLFT_OFFLINE_BASE", str(fake_base(root / "base")))
        patch.setattr(comparing, "staying_command", fake_command(GENERATOR))
        project = loop_project(root / "project")
        runs = [
            training.start_training(project, TrainRequest("one", method=method), actor="ann")
            for method in ("c-rlft", "sft")
        ]
        for run in runs:
            assert training.wait_for(project, run.id).status == "done"
        yield project, *(run.id for run in runs)
        project.close()


def compare(project, runs, **options):
    options = {"include_base": False, "conditions": None, "prompts": comparing.parse_prompts(PROMPTS), **options}
    return comparing.start_comparison(project, runs=runs, sampling={"seed": 3}, actor="ann", **options)


def test_a_comparison_asks_every_class_and_sums_up_by_column(trained):
    project, conditioned, plain = trained
    comparison = compare(project, [conditioned, plain], include_base=True)
    progress = []
    grid = comparing.wait_for_comparison(
        project, comparison.id, lambda done, total: progress.append((done, total))
    )
    assert [(c.condition, c.label.split("-")[0]) for c in comparison.columns] == [
        ("GPT4 Correct", "c"),
        ("GPT3 Correct", "c"),
        ("", "sft"),
        ("", "base"),
    ]
    assert comparison.columns[0].label.endswith("/expert")
    assert comparison.columns[2].label.endswith("/unconditioned")
    assert progress[-1] == (12, 12)
    assert (grid.answered, grid.total, grid.job.status) == (12, 12, "done")
    expert, sub, *_ = grid.summary
    assert (expert.answered, expert.checked, expert.correct_rate, expert.full_rate) == (3, 2, 1.0, 1.0)
    assert (sub.checked, sub.correct_rate, sub.full_rate) == (2, 0.5, 0.0)
    assert expert.correct_interval == pytest.approx((0.342, 1.0), abs=0.001)
    assert grid.rows[0].cells[0].text == "GPT4 Correct: expert or not?"
    assert grid.rows[1].cells[0].correct is None
    assert grid.rows[2].cells[1].correct is True
    assert grid.rows[2].cells[1].full is False
    points = comparing.column_difference(grid, 0, 1)
    assert (points.points, points.n) == (50.0, 2)
    assert points.low < 0 < points.high
    assert comparing.column_difference(grid, 0, 1, full=True).points == 100.0
    request = RunFolder(project.runs / comparison.job_id).read_json("request.json")
    assert request["seed"] == 3
    assert request["columns"][0]["model"] == str(project.runs / conditioned / "model")


def test_answers_are_collected_while_they_come_and_once(trained, monkeypatch):
    project, run, _ = trained
    monkeypatch.setattr(comparing, "staying_command", fake_command("pass"))
    comparison = compare(project, [run])
    results = project.runs / comparison.job_id / "results.jsonl"
    lines = [
        json.dumps({"prompt_id": p, "column": c, "text": f"{p}{c}", "n_tokens": 1}) + "\n"
        for p in "abc"
        for c in (0, 1)
    ]
    results.write_text(lines[0] + lines[1][:10])
    assert comparing.collect_comparison(project, comparison.id) == 1
    assert comparing.comparison_grid(project, comparison.id).answered == 1
    foreign = [
        '{"prompt_id": "zz", "column": 0, "text": ""}\n',
        '{"prompt_id": "a", "column": 9}\n',
        "[]\n",
        "\x00\n",
    ]
    results.write_text("".join([*lines[:3], *foreign]))
    assert comparing.collect_comparison(project, comparison.id) == 2
    # a resumed job wrote one answer again
    results.write_text("".join([*lines[:3], *foreign, lines[2].replace("b0", "other"), *lines[3:]]))
    comparing.collect_comparison(project, comparison.id)
    assert comparing.collect_comparison(project, comparison.id) == 0
    grid = comparing.comparison_grid(project, comparison.id)
    assert [[c.text for c in row.cells] for row in grid.rows] == [["a0", "a1"], ["b0", "b1"], ["c0", "c1"]]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"prompts": []}, WorkbenchError, "no prompt"),
        ({"conditions": ["best"]}, Exception, "unknown condition 'best'"),
        ({"runs": []}, WorkbenchError, "no model to compare"),
        ({"runs": ["gone"]}, NotFound, "no run 'gone'"),
    ],
)
def test_what_cannot_be_compared_is_refused(trained, options, error, said):
    project, run, _ = trained
    before = comparing.list_comparisons(project)
    with pytest.raises(error, match=said) as caught:
        compare(project, options.pop("runs", [run]), **options)
    assert caught.value.remedy
    assert comparing.list_comparisons(project) == before


def test_a_failed_job_is_said_in_its_words(trained):
    project, run, _ = trained
    comparison = compare(project, [run], prompts=comparing.parse_prompts("fine\ntrouble"))
    with pytest.raises(JobError, match="out of memory") as caught:
        comparing.wait_for_comparison(project, comparison.id)
    assert caught.value.remedy == "ask less"
    assert comparing.comparison_grid(project, comparison.id).answered == 1


def test_conditions_are_named_by_class_or_text(trained):
    project, run, _ = trained
    comparison = compare(project, [run], conditions=["sub", "GPT4 Correct", ""])
    assert [c.condition for c in comparison.columns] == ["GPT3 Correct", "GPT4 Correct", ""]


def test_votes_count_by_column_whatever_side_it_stood_on(trained):
    project, run, _ = trained
    grid = comparing.wait_for_comparison(project, compare(project, [run]).id)
    (a0, a1), (b0, b1), (c0, c1) = ([c.id for c in row.cells] for row in grid.rows)
    comparing.vote(project, a0, a1, "right", actor="ann")
    comparing.vote(project, a0, a1, "left", actor="ann")  # she changes her mind
    comparing.vote(project, b1, b0, "right", actor="ann", blind=True)
    comparing.vote(project, c0, c1, "both-bad", actor="ann")
    comparing.vote(project, c0, c1, "right", actor="bob")
    with pytest.raises(PlanError, match="judged this pair blind already"):
        comparing.vote(project, b0, b1, "right", actor="ann")
    with pytest.raises(PlanError, match="do not stand side by side"):
        comparing.vote(project, a0, b1, "left", actor="ann")
    with pytest.raises(PlanError, match="no vote"):
        comparing.vote(project, a0, a1, "up", actor="ann")
    with pytest.raises(NotFound, match="no answer 999999"):
        comparing.vote(project, a0, 999999, "left", actor="ann")
    grid = comparing.comparison_grid(project, grid.comparison.id)
    assert [(s.wins, s.losses, s.ties) for s in grid.summary] == [(2, 1, 1), (1, 2, 1)]
    assert [v.actor for v in grid.rows[2].votes] == ["ann", "bob"]


def test_answers_come_back_once_as_pending_conversations_with_their_story(trained):
    project, run, _ = trained
    comparing.set_held_out(project, comparing.parse_prompts("two"), actor="ann")
    grid = comparing.wait_for_comparison(project, compare(project, [run]).id)
    (a0, a1), (_, b1), (c0, _) = ([c.id for c in row.cells] for row in grid.rows)
    comparing.vote(project, a0, a1, "left", actor="ann", blind=True)
    report = comparing.bring_back(
        project, grid.comparison.id, [a0, a1, b1, a0], actor="ann", propose=True, edits={b1: "better"}
    )
    assert (report.rows, report.imported, report.already_there, report.round) == (3, 3, 0, 2)
    newest = log(project, 1)[0]
    assert (newest.kind, newest.affected, newest.undoable) == ("bring-back", 3, True)
    records = [get_record(project, i.seq) for i in search(project, "round:2").items]
    found = {r.conversation.answer: r for r in records}
    winner, loser, edited = (
        found["GPT4 Correct: expert or not?"],
        found["GPT3 Correct: expert or not?"],
        found["better"],
    )
    assert (winner.conversation.class_name, winner.tagged_by, winner.status) == ("expert", "votes", "pending")
    assert loser.conversation.class_name == "sub"
    assert (edited.conversation.class_name, edited.provenance["edited"]) == (None, True)
    assert edited.conversation.prompt == "什么是 GPT4 ？"
    story = winner.provenance
    assert (story["run"], story["condition"], story["prompt_id"]) == (run, "GPT4 Correct", "a")
    assert story["comparison"] == grid.comparison.id
    assert story["sampling"] == {"seed": 3}
    assert story["votes"] == [{"choice": "left", "side": "left", "by": "ann", "blind": True}]
    assert winner.conversation.source.endswith("/expert")
    assert winner.supervised_tokens > 0
    assert comparing.comparison_grid(project, grid.comparison.id).brought_back[a0] == winner.seq

    # The same answer asked for again in another comparison is known again.
    again = comparing.wait_for_comparison(project, compare(project, [run]).id)
    ids = [again.rows[0].cells[0].id, again.rows[2].cells[0].id]
    second = comparing.bring_back(project, again.comparison.id, ids, actor="ann")
    assert (second.imported, second.already_there, second.held_out) == (1, 1, 0)
    with pytest.raises(PlanError, match="not of comparison"):
        comparing.bring_back(project, again.comparison.id, [c0], actor="ann")

    assert current_round(project) == 2
    undo(project, report.action.id, actor="ann")
    assert {get_record(project, r.seq).status for r in records} == {"dropped"}


def test_without_a_choice_the_best_conditions_answers_come_back(trained):
    project, run, _ = trained
    prompts = comparing.parse_prompts("first of all\nsecond of all")
    comparing.set_held_out(project, prompts[:1], actor="ann")
    grid = comparing.wait_for_comparison(project, compare(project, [run], prompts=prompts, include_base=True).id)
    report = comparing.bring_back(project, grid.comparison.id, None, actor="ann")
    assert (report.imported, report.held_out) == (2, 1)
    seqs = comparing.comparison_grid(project, grid.comparison.id).brought_back.values()
    answers = [get_record(project, seq).conversation.answer for seq in seqs]
    assert sorted(answers) == ["GPT4 Correct: first of all", "GPT4 Correct: second of all"]


def test_rounds_tell_data_run_quality_and_what_came_back(trained):
    project, conditioned, plain = trained
    comparison = compare(project, [conditioned])
    comparing.wait_for_comparison(project, comparison.id)
    comparing.bring_back(project, comparison.id, None, actor="ann")
    first, second = rounds(project)[:2]
    assert (first.round, first.snapshot, first.conversations) == (1, "one", 16)
    assert first.classes == {"expert": 6, "sub": 10}
    assert (first.run, first.run_status, first.method) == (conditioned, "done", "c-rlft")
    assert (first.comparison, first.condition, first.checked) == (comparison.id, "GPT4 Correct", 2)
    assert (first.correct_rate, first.full_rate) == (1.0, 1.0)
    assert first.correct_interval[0] < 1.0
    assert first.brought_back > 0
    assert first.model_made == 0
    assert (second.round, second.snapshot, second.run, second.correct_rate) == (2, None, None, None)
    assert second.model_made > 0
    assert plain != first.run
    unchecked = compare(project, [conditioned], prompts=comparing.parse_prompts("say something"))
    comparing.wait_for_comparison(project, unchecked.id)
    assert rounds(project)[0].comparison == comparison.id, "a later comparison without checks hides no figures"
    before = len(rounds(project))
    action = start_next_round(project, actor="ann")
    assert action.title == f"start round {before + 1}"
    assert len(rounds(project)) == before + 1 == current_round(project)


def test_prompt_files_are_plain_lines_or_json_lines(tmp_path):
    plain = tmp_path / "plain.txt"
    plain.write_text("\ufeffWhat is 1?\n\n  第二个问题  \n", encoding="utf-8")
    assert [(p.id, p.messages[0]["content"]) for p in comparing.read_prompts(plain)] == [
        ("line-1", "What is 1?"),
        ("line-3", "第二个问题"),
    ]
    assert [len(p.messages) for p in comparing.parse_prompts(PROMPTS)] == [1, 1, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n \n", "holds no prompt"),
        ('{"prompt": "a"}\nplain', "line 2 is not JSON"),
        ('{"prompt": "a"}\n[1]', "line 2 is list, not an object"),
        ('{"text": "a"}', "line 1"),
        ('{"prompt": "  "}', "line 1 does not end with what a user asks"),
        ('{"messages": [{"role": "assistant", "content": "a"}]}', "line 1 does not end"),
        ('{"messages": ["a"]}', "line 1"),
        ('{"messages": "a"}', "no list of messages"),
        ('{"id": "x", "prompt": "a"}\n{"id": "x", "prompt": "b"}', "line 2 has the id 'x' of line 1"),
        ('{"prompt": "a", "check": {"regex": "b"}}', "line 1: check: unknown key 'regex'"),
    ],
)
def test_a_prompt_file_with_a_fault_names_the_line(tmp_path, text, said):
    file = tmp_path / "prompts.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ImportFault, match=said) as caught:
        comparing.read_prompts(file)
    assert caught.value.remedy
    with pytest.raises(ImportFault, match="no such file"):
        comparing.read_prompts(tmp_path / "none")


def test_what_is_being_written_is_shown_while_the_job_lives(trained, monkeypatch):
    project, conditioned, _ = trained
    slow = GENERATOR.replace('run.mark("done"', 'import time; time.sleep(600)\nrun.mark("done"')
    monkeypatch.setattr(comparing, "staying_command", fake_command(slow))
    comparison = compare(project, [conditioned])
    folder = RunFolder(project.runs / comparison.job_id)
    until(lambda: comparing.comparison_grid(project, comparison.id).answered == 6)
    grid = comparing.comparison_grid(project, comparison.id)
    assert comparing.writing(project, grid) == {}
    folder.write_json("partial.json", {"rows": [["b", 1, "so <far>"]]})
    assert comparing.writing(project, grid) == {("b", 1): "so <far>"}
    (folder.path / "partial.json").write_text('{"rows": [["b"')
    assert comparing.writing(project, grid) == {}
    folder.write_json("partial.json", {"rows": [["b", 1, "so"]]})
    jobs.stop(project, comparison.job_id, grace_seconds=0)
    until(lambda: not jobs.get_job(project, comparison.job_id).live)
    assert comparing.writing(project, comparing.comparison_grid(project, comparison.id)) == {}
