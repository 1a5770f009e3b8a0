from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.contract.store_world import make_project, make_record
from workbench.curate.query import format_query, parse_query
from workbench.domain.errors import QueryError
from workbench.domain.fields import FIELDS
from workbench.domain.query import FieldTerm, Query, TextTerm
from workbench.services import browsing
from workbench.services.project import Project

words = st.text(min_size=1, max_size=12)
searchable = words.filter(lambda w: any(c.isalnum() for c in w))
numbers = st.integers(-(10**6), 10**6).map(str)


@st.composite
def field_terms(draw: st.DrawFn) -> FieldTerm:
    name = draw(st.sampled_from(sorted(FIELDS)))
    field = FIELDS[name]
    negated = draw(st.booleans())
    if field.kind != "text" and draw(st.booleans()):
        return FieldTerm(name, draw(st.sampled_from([">", "<", ">=", "<="])), (draw(numbers),), negated)
    plain = numbers if field.kind != "text" else words.filter(lambda w: w.lower() not in ("none", "any"))
    value = st.sampled_from(field.choices) if field.choices else plain
    values = draw(st.lists(value | st.sampled_from(["none", "any"]), min_size=1, max_size=3))
    return FieldTerm(name, ":", tuple(values), negated)


text_terms = st.builds(TextTerm, searchable, st.just(True), st.booleans()) | st.builds(
    TextTerm,
    searchable.filter(lambda w: not any(c.isspace() or c in '":：<>“”-' for c in w)),
    st.just(False),
    st.booleans(),
)


@given(st.lists(field_terms() | text_terms, max_size=5))
def test_what_is_written_is_read_again(terms: list[FieldTerm | TextTerm]) -> None:
    query = Query(tuple(terms))
    assert parse_query(format_query(query)) == query


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root: Path = tmp_path_factory.mktemp("typed") / "project"
    return make_project(root, [make_record("what is it?", "it is a cat"), make_record("天气", "晴天")])


@given(st.text(alphabet=st.sampled_from("ab天:-\"*()^+NEAR OR'%_,;<>{}\\\x00\ud800"), max_size=20) | st.text())
@example('NEAR("a" b)')
@example('body:a OR "b')
@example("a*b* ^c")
@example("'; DROP TABLE conversations; --")
@example("\ud800x")
def test_whatever_is_typed_is_searched_or_refused_with_a_remedy(project: Project, typed: str) -> None:
    refusal = None
    try:
        page = browsing.search(project, typed)
    except QueryError as error:
        refusal = error
    if refusal is not None:
        assert refusal.remedy
        assert 0 <= refusal.position <= len(typed)
    else:
        assert page.total == len(browsing.matching_seqs(project, typed)) <= 2
