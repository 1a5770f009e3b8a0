"""Tag rules hold for what is here and for what arrives, and never overrule a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contract.store_world import make_project, make_record
from workbench.domain.errors import NotFound, PlanError, QueryError
from workbench.services import browsing, curation, tagrules
from workbench.services.importing import import_files
from workbench.services.tagrules import TagRule


def test_rules_tag_now_and_after_imports(tmp_path: Path) -> None:
    records = [make_record(f"q{i}", f"a{i}", source=s) for i, s in enumerate(("gpt4-new", "gpt4-new", "crowd"))]
    project = make_project(tmp_path / "p", records)
    curation.apply_plan(project, curation.plan_tag(project, "sub", seqs=[1]), actor="ann")
    strong = TagRule("source:gpt4*", "expert")
    tagrules.add_rule(project, strong, actor="ann")
    tagrules.add_rule(project, TagRule("source:*4*,gpt4-new", "sub"), actor="ann")
    action = tagrules.apply_rules(project, actor="ann")
    assert action is not None
    assert [r.conversation.class_name for r in browsing.get_records(project, [1, 2, 3])] == ["sub", "expert", None]
    assert browsing.get_record(project, 2).tagged_by == "rule source:gpt4*"
    curation.undo(project, action.id, actor="ann")
    assert browsing.get_record(project, 2).conversation.class_name is None
    row = {
        "messages": [{"role": "user", "content": "new?"}, {"role": "assistant", "content": "yes"}],
        "model": "gpt4-x",
    }
    (tmp_path / "more.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    import_files(project, [tmp_path / "more.jsonl"], actor="ben")
    last = browsing.search(project, "", order="newest").items[0]
    assert (last.source, last.class_name) == ("gpt4-x", "expert")
    assert [a.kind for a in curation.log(project, 2)] == ["tag-rules", "import"]
    tagrules.remove_rule(project, strong, actor="ann")
    assert len(tagrules.tag_rules(project)) == 1
    with pytest.raises(NotFound):
        tagrules.remove_rule(project, strong, actor="ann")


def test_rules_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", [make_record("q", "a")])
    for rule, fault in (
        (TagRule(" ", "sub"), PlanError),
        (TagRule("x", "no"), PlanError),
        (TagRule("a:b", "sub"), QueryError),
    ):
        with pytest.raises(fault):
            tagrules.add_rule(project, rule, actor="ann")
    assert tagrules.apply_rules(project, actor="ann") is None
