"""Where conversations come from, the model's share, rewrites beside originals."""

import json

import pytest

from crlft.runfolder import RunFolder
from tests.ui.loop_data import make_run
from tests.unit.loop_project import loop_project
from workbench.domain.comparison import Column, Comparison, Prompt
from workbench.domain.errors import NotFound, PlanError
from workbench.services import comparing, curation, rewrites, shares
from workbench.services.browsing import iterate_records
from workbench.services.lineage import lineage
from workbench.store import comparisons, vectors


@pytest.fixture
def project(tmp_path):
    made = loop_project(tmp_path / "project")
    make_run(made, "run-1", mark="done", model=True)
    yield made
    made.close()


def rewritten(project, answers):
    """A comparison on the project's own first prompts, as a query makes it: ids are conversations."""
    records = list(iterate_records(project))[: len(answers)]
    prompts = tuple(
        Prompt(r.uid, tuple({"role": x.role, "content": x.content} for x in r.conversation.turns[:-1]))
        for r in records
    )
    folder = RunFolder(make_run(project, "rewrite", mark="done", kind="generate"))
    rows = [
        {"prompt_id": p.id, "column": 0, "text": text, "n_tokens": 3, "seconds": 0.1}
        for p, text in zip(prompts, answers, strict=True)
    ]
    (folder.path / "results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    columns = (Column("run-1", "GPT4 Correct", "c-rlft/expert"),)
    with project.database.write() as connection:
        number = comparisons.insert_comparison(
            connection, Comparison(0, "rewrite", "rewrite", prompts, columns, {"seed": 0}), "t"
        )
    return number, records


def test_a_rewrite_stands_beside_what_is_there_and_becomes_a_pair_once_accepted(project):
    number, records = rewritten(project, ["Sure! 0 plus 0 is 0.", "Gladly: 2."])
    grid = comparing.comparison_grid(project, number)
    (found,) = rewrites.rewrites(project, grid, 0)  # the first says what is there already
    assert (found.original.uid, found.before) == (records[1].uid, "Sure! 1 plus 1 is 2.")
    assert ("insert", "Gladly:") in found.pieces
    assert rewrites.rewrite_pairs(grid, [found]) == []
    comparing.bring_back(project, number, [found.cell.id], actor="ann")
    grid = comparing.comparison_grid(project, number)
    (pair,) = rewrites.rewrite_pairs(grid, rewrites.rewrites(project, grid, 0))
    assert pair["prompt"] == [{"role": "user", "content": "What is 1 plus 1?"}]
    assert pair["chosen"][0]["content"] == "Gladly: 2."
    assert pair["rejected"][0]["content"] == "Sure! 1 plus 1 is 2."


def test_a_conversation_leads_back_to_its_file_or_to_the_run_and_data_that_wrote_it(project):
    number, records = rewritten(project, ["Sure! 0 plus 0 is 0.", "Gladly: 2."])
    action = curation.apply_plan(project, curation.plan_tag(project, "sub", seqs=[records[0].seq]), actor="ann")
    steps = lineage(project, records[0].uid)
    assert [s.kind for s in steps] == ["decision", "import"]
    assert action.title in steps[0].text
    assert "row 1 of rows.jsonl" in steps[1].text
    cell = comparing.comparison_grid(project, number).rows[1].cells[0]
    comparing.bring_back(project, number, [cell.id], actor="ann", edits={cell.id: "Gladly: it is 2."})
    made = next(r for r in iterate_records(project) if r.round == 2)
    steps = lineage(project, made.seq)
    assert [s.kind for s in steps][-4:] == ["generation", "prompt", "run", "snapshot"]
    assert [(s.page, dict(s.where)) for s in steps[-4:]] == [
        ("compare", {"comparison": str(number)}),
        ("browse", {"q": f"id:{records[1].uid}"}),
        ("train", {"run": "run-1"}),
        ("", {}),  # the snapshot that its run names is gone
    ]
    assert "'GPT4 Correct'" in steps[-4].text
    assert "edited before it came" in steps[-4].text
    assert "c-rlft from base offline" in steps[-2].text
    with pytest.raises(NotFound):
        lineage(project, "no-such-id")


def test_the_models_share_of_a_class_is_in_view_and_capped(project):
    assert shares.model_shares(project).whole.model_made == 0
    number, _ = rewritten(project, ["Gladly: 0.", "Gladly: 2.", "Gladly: 4."])
    comparing.bring_back(project, number, None, actor="ann")
    seqs = [r.seq for r in iterate_records(project) if r.round == 2]
    curation.apply_plan(project, curation.plan_tag(project, "expert", seqs=seqs), actor="ann")
    found = shares.model_shares(project)
    first = found.classes[0]
    assert (first.name, first.model_made, first.total, first.over) == ("expert", 3, 9, True)
    assert (found.whole.model_made, found.whole.total, found.mapped, found.topics) == (3, 19, False, ())
    assert [s.name for s in found.over] == ["expert"]
    shares.set_model_share_cap(project, 0.5, actor="ann")
    assert not shares.model_shares(project).over
    with pytest.raises(PlanError, match="the cap is 2"):
        shares.set_model_share_cap(project, 2, actor="ann")
    curation.apply_plan(project, curation.plan_status(project, "dropped", "x", seqs=seqs[:2]), actor="ann")
    assert shares.model_shares(project).classes[0].model_made == 1


def test_an_answers_topic_is_that_of_its_prompt_and_answers_to_come_are_counted(project):
    number, records = rewritten(project, ["Gladly: 0.", "Gladly: 2.", "Gladly: 4."])
    comparing.bring_back(project, number, None, actor="ann")
    brought = [r.seq for r in iterate_records(project) if r.round == 2]
    clusters = {records[0].seq: 0, records[1].seq: 0, brought[1]: 0}  # the third prompt is not on the map
    with project.database.write() as connection:
        vectors.replace_map(
            connection, [(s, 0.0, 0.0, c) for s, c in clusters.items()], [vectors.Cluster(0, "sums", 3, 0, 0)]
        )
    found = shares.model_shares(project)
    (topic,) = found.topics
    # Two of the project's own and both answers to them; the one that was drawn is not counted twice.
    assert (topic.name, topic.model_made, topic.total, found.unplaced) == ("sums", 2, 4, 1)
    assert topic.over
    more = shares.model_shares(project, [("sub", records[0].prompt_hash)] * 3)
    assert (more.topics[0].model_made, more.topics[0].total) == (5, 7)
    assert next((s.model_made, s.total) for s in more.classes if s.name == "sub") == (3, 13)
    assert shares.model_shares(project) == found
