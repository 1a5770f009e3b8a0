"""Files into a project: every row is counted, classed, kept apart with a reason, and undone."""

from __future__ import annotations

import json
import math

import pytest

from crlft.condition import OPENCHAT_SCHEME
from workbench.curate.tokens import EstimatedTokens
from workbench.domain.errors import ImportFault
from workbench.services import import_run
from workbench.services.browsing import get_record, search
from workbench.services.classes import class_scheme
from workbench.services.curation import apply_plan, plan_status, undo
from workbench.services.exporting import export_conversations
from workbench.services.importing import import_files, inspect_file, quarantine_rows
from workbench.services.project import create_project, project_overview

QUICK = EstimatedTokens()


def row(number, who="ann", answer="It is that number, I think."):
    talk = [{"from": "human", "value": f"What is the number {number}?"}, {"from": "gpt", "value": answer}]
    return {"id": f"r{number}", "conversations": talk, "generator": who, "topic": ["numbers", number]}


@pytest.fixture
def project(tmp_path):
    made = create_project(tmp_path / "project")
    yield made
    made.close()


def put(tmp_path, rows, name="rows.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return path


def take(project, *paths, **options):
    return import_files(project, paths, actor="ann", counter=QUICK, **options)


def counts(report):
    return report.rows, report.imported, report.already_there, report.quarantined


def classes(project):
    return {item.uid: item.class_name for item in search(project, "", limit=50).items}


def test_every_row_is_imported_already_there_or_in_quarantine(project, tmp_path):
    path = put(tmp_path, [row(1), '{"id": 2', row(3), row(3), {"id": 4}, "[5]", {**row(6), "conversations": []}])
    report = take(project, path)
    assert counts(report) == (7, 2, 1, 4)
    assert report.format == "sharegpt"
    kept = {r.line: (r.reason, r.raw) for r in quarantine_rows(project)}
    assert sorted(kept) == [2, 5, 6, 7]
    assert "cut off" in kept[2][0]
    assert kept[2][1] == '{"id": 2'
    assert "its fields are `id`" in kept[5][0]
    assert "a list of 1, not an object" in kept[6][0]
    assert kept[7][0] == "the conversation has no turns"
    assert {r.file for r in quarantine_rows(project)} == {str(path)}


def test_a_record_holds_all_that_the_row_says(project, tmp_path):
    take(project, put(tmp_path, [row(1)]))
    (item,) = search(project, "").items
    record = get_record(project, item.uid)
    held = record.conversation
    assert [t.role for t in held.turns] == ["user", "assistant"]
    assert (held.id, held.source, held.language) == ("r1", "ann", "en")
    assert held.metadata == {"generator": "ann", "topic": ["numbers", 1]}
    assert record.provenance == {"file": "rows.jsonl", "row": 1}
    assert (record.status, record.round, record.n_turns) == ("pending", 1, 2)
    assert record.n_tokens == sum(QUICK.count_batch([t.content for t in held.turns])) + 2
    assert record.supervised_tokens == QUICK.count_batch([held.answer])[0] + 1


def test_the_same_file_again_adds_nothing_in_whatever_format(project, tmp_path):
    first = take(project, put(tmp_path, [row(i) for i in range(5)]))
    assert counts(first) == (5, 5, 0, 0)
    records = [get_record(project, uid) for uid in classes(project)]
    out = tmp_path / "again.json.gz"
    export_conversations(records, OPENCHAT_SCHEME, out, "messages")
    again = take(project, out, put(tmp_path, [row(2)]))
    assert counts(again) == (6, 0, 6, 0)
    assert again.format == "messages, sharegpt"
    assert not again.action.undoable


def test_classes_by_a_table_over_a_field(project, tmp_path):
    path = put(tmp_path, [row(1, "senior"), row(2, "crowd"), row(3, "bot"), row(4, "")])
    report = take(project, path, class_field="generator", class_map={"senior": "expert", "crowd": "sub"})
    assert report.classes == {"none": 2, "expert": 1, "sub": 1}
    tagged = {get_record(project, uid).conversation.source: (name, get_record(project, uid).tagged_by)
              for uid, name in classes(project).items()}  # fmt: skip
    assert tagged == {
        "senior": ("expert", "import"),
        "crowd": ("sub", "import"),
        "bot": (None, ""),
        "": (None, ""),
    }


def test_a_star_stands_for_all_other_values(project, tmp_path):
    path = put(
        tmp_path, [row(1, "senior"), row(2, "crowd"), row(3, ""), {"conversations": row(4)["conversations"]}]
    )
    report = take(project, path, class_field="generator", class_map={"senior": "expert", "*": "sub"})
    assert report.classes == {"expert": 1, "sub": 1, "none": 2}, "a row without a value stays untagged"


def test_a_field_without_a_table_may_name_classes_itself(project, tmp_path):
    path = put(
        tmp_path, [{**row(1), "quality": "expert"}, {**row(2), "quality": "sub"}, {**row(3), "quality": True}]
    )
    assert take(project, path, class_field="quality").classes == {"expert": 1, "sub": 1, "none": 1}


def test_one_class_for_all_rows(project, tmp_path):
    assert take(project, put(tmp_path, [row(1), row(2)]), class_name="sub").classes == {"sub": 2}


def test_a_rows_own_class_counts_where_the_project_knows_it(project, tmp_path):
    rows = [{**row(1), "class": "sub", "coarse_reward": 0.3}, {**row(2), "class": "history"}]
    take(project, put(tmp_path, rows))
    records = [get_record(project, uid) for uid in classes(project)]
    by_id = {r.conversation.id: r.conversation for r in records}
    assert (by_id["r1"].class_name, by_id["r1"].coarse_reward) == ("sub", 0.3)
    assert (by_id["r2"].class_name, by_id["r2"].metadata["class"]) == (None, "history")


def test_an_openchat_condition_names_its_class(project, tmp_path):
    items = [
        {"role": "user", "content": "Hi", "weight": 0},
        {"role": "assistant", "content": "Hello", "weight": 1},
    ]
    path = put(tmp_path, [{"items": items, "condition": "GPT3 Correct", "system": ""}])
    assert take(project, path).classes == {"sub": 1}


def test_weights_of_single_messages_become_rewards_and_go_out_as_weights(project, tmp_path):
    items = [
        {"role": "user", "content": "Hi", "weight": 0},
        {"role": "assistant", "content": "Hello", "weight": 0.1},
        {"role": "user", "content": "Really?", "weight": 0},
        {"role": "assistant", "content": "Yes", "weight": 0},
        {"role": "user", "content": "Why?", "weight": 0},
        {"role": "assistant", "content": "Because of it", "weight": 0.5, "note": "kept"},
    ]
    path = put(tmp_path, [{"items": items, "condition": "GPT4 Correct", "system": ""}])
    take(project, path)
    (uid,) = classes(project)
    conversation = get_record(project, uid).conversation
    first, second, third = (t for t in conversation.turns if t.role == "assistant")
    assert (first.reward, second.excluded, second.reward) == (pytest.approx(0.1), True, None)
    weights = class_scheme(project).turn_weights(conversation)
    assert weights == pytest.approx([0, 0.1, 0, 0, 0, 0.5])
    assert third.reward is not None
    export_conversations([conversation], class_scheme(project), tmp_path / "out.jsonl", "openchat")
    out = json.loads((tmp_path / "out.jsonl").read_text())
    assert [item["weight"] for item in out["items"]] == [item["weight"] for item in items]
    assert out["items"][-1]["note"] == "kept"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_name": "best"}, "unknown class 'best'; use one of expert, sub"),
        ({"class_field": "generator", "class_map": {"a": "best"}}, "unknown class 'best'; use one of expert, sub"),
        ({"class_map": {"a": "sub"}}, "a class table without a field"),
        ({"class_name": "sub", "class_field": "generator"}, "both one class for all rows and a class field"),
        ({"format": "xml"}, "unknown format 'xml'; use one of "),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_stored(project, tmp_path, options, message):
    with pytest.raises(ImportFault) as caught:
        take(project, put(tmp_path, [row(1)]), **options)
    assert message in str(caught.value)
    assert project_overview(project).conversations == 0


def test_one_bad_file_stops_all_before_the_first_row(project, tmp_path):
    text = put(tmp_path, [{"text": "Once upon a time"}], "text.jsonl")
    odd = put(tmp_path, [{"a": 1}], "odd.jsonl")
    missing = tmp_path / "missing.json"
    (tmp_path / "empty").mkdir()
    for path, message in [
        (text, "holds plain text"),
        (odd, "the fields of the first row are `a`: no known conversation format"),
        (missing, "does not exist"),
        (tmp_path / "empty", "holds no data file"),
    ]:
        with pytest.raises(ImportFault) as caught:
            take(project, put(tmp_path, [row(1)]), path)
        assert message in str(caught.value)
        assert str(path) in str(caught.value)
    assert project_overview(project).conversations == 0
    with pytest.raises(ImportFault, match="no file was named"):
        take(project)


def test_role_faults_are_imported_and_counted_for_cleaning(project, tmp_path):
    twice = [{"from": "human", "value": "Hi"}, {"from": "human", "value": "Hello?"}, {"from": "gpt", "value": ""}]
    report = take(project, put(tmp_path, [{"conversations": twice}, row(1)]))
    assert counts(report) == (2, 2, 0, 0)
    assert report.faults == {"same-role-twice": 1, "empty-turn": 1}


def test_what_no_database_holds_is_mended_and_counted(project, tmp_path):
    broken = json.dumps({**row(1, answer="cut \ud83d here\x00"), "score": math.nan})
    report = take(project, put(tmp_path, [broken]))
    assert report.repairs == {"lone-surrogate": 1, "not-a-number": 1, "nul": 1}
    held = get_record(project, next(iter(classes(project)))).conversation
    assert held.answer == "cut � here�"
    assert held.metadata["score"] is None


def test_chunks_progress_and_the_sum_over_several_files(project, tmp_path, monkeypatch):
    monkeypatch.setattr(import_run, "CHUNK_ROWS", 3)
    seen = []
    first = put(tmp_path, [row(i) for i in range(7)], "a.jsonl")
    second = put(tmp_path, [row(i) for i in range(5, 9)], "b.jsonl")
    report = take(project, first, second, on_progress=lambda done, total: seen.append((done, total)))
    assert counts(report) == (11, 9, 2, 0)
    assert [done for done, _ in seen] == [3, 6, 7, 10, 11]
    assert all(total >= done for done, total in seen)
    assert seen[-1] == (11, 11)
    assert (report.action.affected, report.action.title) == (9, "import a.jsonl, b.jsonl: 9 conversations")


def test_a_killed_import_keeps_what_it_had_and_goes_on_when_repeated(project, tmp_path, monkeypatch):
    monkeypatch.setattr(import_run, "CHUNK_ROWS", 3)
    path = put(tmp_path, [row(i) for i in range(8)])

    def die(done, total):
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(project, path, on_progress=die)
    assert project_overview(project).conversations == 6
    assert counts(take(project, path)) == (8, 2, 6, 0)


def test_undo_drops_with_a_reason_and_importing_again_brings_back(project, tmp_path):
    path = put(tmp_path, [row(1, "senior"), row(2, "crowd")])
    first = take(project, path, class_name="expert")
    undo(project, first.action.id, actor="ann")
    assert project_overview(project).statuses == {"dropped": 2}
    again = take(project, path, class_field="generator", class_map={"senior": "expert", "crowd": "sub"})
    assert counts(again) == (2, 0, 2, 0)
    assert again.restored == 2
    assert project_overview(project).statuses == {"pending": 2}
    assert sorted(classes(project).values()) == ["expert", "sub"]


def test_what_a_curator_dropped_stays_dropped_when_it_comes_in_again(project, tmp_path):
    path = put(tmp_path, [row(1), row(2)])
    take(project, path)
    apply_plan(project, plan_status(project, "dropped", "bad", query="number 1"), actor="ann")
    assert take(project, path).restored == 0
    assert project_overview(project).statuses["dropped"] >= 1


def test_inspection_shows_the_file_before_it_is_imported(project, tmp_path):
    rows = [{**row(i, "senior" if i % 4 == 0 else "crowd"), "flag": i % 2 == 0} for i in range(12)]
    path = put(tmp_path, [*rows, '{"broken'])
    report = inspect_file(path)
    assert (report.format, report.container) == ("sharegpt", "json lines")
    assert report.why == "all 12 rows looked at have `conversations` with `from`/`value`"
    assert (report.rows_seen, report.complete, report.unreadable) == (13, True, 1)
    assert report.unreadable_examples[0][0] == 13
    assert report.roles == {"user": 12, "assistant": 12}
    assert list(report.class_fields) == ["generator", "flag"]
    assert report.class_fields["generator"] == {"crowd": 9, "senior": 3}
    assert report.class_fields["flag"] == {"true": 6, "false": 6}
    assert report.faults == {"unreadable": 1}
    assert [c.id for c in report.examples] == ["r0", "r1", "r2", "r3", "r4"]
    short = inspect_file(path, most_rows=5)
    assert (short.rows_seen, short.complete) == (5, False)
    assert project_overview(project).conversations == 0
