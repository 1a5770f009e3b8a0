"""Rounds' further tabs and Compare's: suspected tags decided, votes summed up, checks that keep it honest."""

from __future__ import annotations

import pytest

from tests.ui.loop_data import ANSWERS, make_comparison, make_run
from workbench.services import browsing, comparing, curation, judging, shares
from workbench.store import judgements
from workbench.store.judgements import Judgement
from workbench.store.settings import set_setting

DETECTION = {"detector": "words", "auc": 0.97, "low": 0.93, "high": 0.99, "precision": 0.6, "wrong": 40}


def button(app, start):
    return next(b for b in app.button if b.label.startswith(start))


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def tab(open_page, page, panel, **params):
    app = open_page(page, **params)
    app.session_state["panel"] = panel
    app.run()
    assert not app.exception, app.exception[0].value
    return app


@pytest.fixture
def judged(project):
    """Two suspected tags, one of them sure, and a proposal for an untagged conversation."""
    records = list(browsing.iterate_records(project))
    tagged = [r for r in records if r.conversation.class_name == "sub"][:2]
    untagged = next(r for r in records if r.conversation.class_name is None)
    found = [
        Judgement(r.seq, "j", r.conversation.class_name, r.status, "expert", suspicion, 0.3, 2.0, 0.4, i == 0, 9,
                  {"expert": 0.9, "sub": 0.1})
        for i, (r, suspicion) in enumerate(zip([*tagged, untagged], (0.95, 0.5, 0.0), strict=True))
    ]  # fmt: skip
    known = {"job_id": "j", "run": "r", "in_sample": False, "detector": "words", "detections": [DETECTION]}
    with project.database.write() as connection:
        judgements.replace_judgements(connection, found)
        set_setting(connection, "suggest", {**known, "canaries": 40, "judged": 3, "unscored": 0})
    return project, [j.seq for j in found]


def judging_tab(open_page):
    return tab(open_page, "rounds", "The model judges the tags")


def test_without_a_run_judging_leads_to_train(project, open_page):
    assert button(judging_tab(open_page), "Go to Train")


def test_the_most_suspect_stands_first_with_its_evidence_and_how_far_to_believe_it(judged, open_page):
    project, (first, *_) = judged
    app = judging_tab(open_page)
    text = html(app)
    assert "the evidence says expert 90 %" in text
    assert browsing.get_record(project, first).conversation.turns[-1].content in text
    assert "0.970" in text
    assert any("simpler evidence beats" in i.value for i in app.info)


def test_agreement_over_time_stands_in_a_table_and_from_the_second_judging_in_a_chart(judged, open_page):
    project, (first, *_) = judged
    point = {"job_id": "i", "run": "r<1>", "at": "2026-11-24T10:00:00+00:00", "detector": "words", "tags": 10,
             "same": 7, "same_now": 8, "decided": 4, "agreed": 3}  # fmt: skip
    with project.database.write() as connection:
        set_setting(connection, "suggest_history", [point, {**point, "job_id": "j", "tags": 2, "same": 0}])
    curation.apply_plan(project, curation.plan_tag(project, "expert", seqs=[first]), actor="t")
    app = judging_tab(open_page)
    text = html(app)
    assert "75.0 %" in text
    assert "100.0 %" in text  # of the one decision since the last judging
    assert "r<1>" not in text
    assert app.get("plotly_chart")


def test_a_tag_decides_and_undo_brings_it_back(judged, open_page):
    project, (first, second, _) = judged
    app = judging_tab(open_page)
    app.button(key="judge-class-0").click().run()
    assert not app.exception
    assert browsing.get_record(project, first).conversation.class_name == "expert"
    assert judging.review_queue(project)[0].seq == second
    curation.undo(project, actor=app.session_state["curator"] if "curator" in app.session_state else "x")
    assert judging.review_queue(project)[0].seq == first


def test_a_right_tag_is_kept_and_leaves_the_queue(judged, open_page):
    project, (first, second, _) = judged
    app = judging_tab(open_page)
    app.button(key="judge-right").click().run()
    assert browsing.get_record(project, first).status == "kept"
    assert [j.seq for j in judging.review_queue(project)] == [second]


def test_results_show_strengths_pairs_and_leanings(project, open_page):
    make_run(project, "run-1", mark="done", model=True)
    make_comparison(project, answers=ANSWERS)
    grid = comparing.comparison_grid(project, 1)
    for row in grid.rows:
        comparing.vote(project, row.cells[0].id, row.cells[1].id, "left", actor="ann", blind=True)
    text = html(tab(open_page, "compare", "Results", comparison="1"))
    assert "3 / 0 / 0" in text
    app = tab(open_page, "compare", "Results", comparison="1")
    assert any("No order is borne out" in c.value for c in app.caption)
    assert any("3 preference pairs" in c.value for c in app.caption)


def test_differences_from_a_column_are_marked(project, open_page):
    make_run(project, "run-1", mark="done", model=True)
    make_comparison(project, answers=ANSWERS)
    app = open_page("compare", comparison="1")
    assert "<del>" not in html(app)
    app.session_state["grid-against"] = 0
    app.run()
    assert "<ins>7</ins>" in html(app)
    assert "<script>" not in html(app)


def test_checks_count_the_models_share_and_find_held_out_prompts(project, open_page):
    make_run(project, "run-1", mark="done", model=True)
    make_comparison(project, answers=ANSWERS)
    comparing.bring_back(project, 1, None, actor="t")
    back = html(tab(open_page, "compare", "Bring back", comparison="1"))
    assert "Written by the model" in back
    assert "by topic once the map is drawn" in back
    app = tab(open_page, "rounds", "Checks")
    assert "untagged" in html(app)
    app.number_input(key="share-cap").set_value(45).run()
    assert not app.exception
    assert shares.model_shares(project).cap == 0.45
    uid = next(r.uid for r in browsing.iterate_records(project) if r.round == 2)
    app.text_input(key="lineage-id").set_value(uid).run()
    assert "GPT4 Correct" in html(app)
    app.text_input(key="lineage-id").set_value("nothing").run()
    assert not app.exception


def test_a_class_above_the_cap_is_warned_of_wherever_its_share_stands(project, open_page):
    make_run(project, "run-1", mark="done", model=True)
    make_comparison(project, answers=ANSWERS)
    comparing.bring_back(project, 1, None, actor="t")
    seqs = [r.seq for r in browsing.iterate_records(project) if r.round == 2]
    curation.apply_plan(project, curation.plan_tag(project, "expert", seqs=seqs), actor="t")
    shares.set_model_share_cap(project, 0.01, actor="t")
    for page, panel in (("rounds", "Rounds"), ("rounds", "Checks"), ("compare", "Bring back")):
        app = tab(open_page, page, panel, **({"comparison": "1"} if page == "compare" else {}))
        said = [w.value for w in app.warning if "Above 1 % the model's own" in w.value]
        assert any("expert" in text for text in said), (page, panel)
    app = open_page("train")
    assert any("Above 1 % the model's own" in w.value and "expert" in w.value for w in app.warning)
