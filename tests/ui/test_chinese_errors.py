"""What errors say is said in Chinese to a reader of Chinese: every error of the source has a form there."""

from __future__ import annotations

import ast
import re
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crlft.errors import ConfigError
from workbench.domain.errors import NotFound, PlanError
from workbench.ui import i18n
from workbench.ui.catalogues import zh_errors
from workbench.ui.forms import Forms, _read
from workbench.ui.widgets.errors import fault_words, in_words

from . import raised

SAID = raised.raised()

NO_SENTENCE = {
    "crlft/failure.py: text",
    "workbench/ui/background.py: t('{kind}: {text}', kind=type(error).__name__, text=str(error)[:300])",
}
"""Places that say what Python or a library says of an error that nobody foresaw: no form can know it."""

LOOKED_AT_ELSEWHERE = {
    "workbench/jobs/status.py: error",  # by `SENTENCES_OF`
    "workbench/jobs/status.py: remedy",
    "workbench/services/snapshots.py: plan.faults[0]",
    "workbench/ui/views/import_quarantine.py: sent.quarantined[row.id]",
    "crlft/scores.py: str(data.get('error') or '')",  # read back from a file
}
"""Places whose sentence the source does not show: it is another's, which is looked at where that is made."""

STAY = ("leave --engine out", "make it: crlft base build", "pip install bitsandbytes")
"""Sentences that name a command, which stays as it is."""


@pytest.fixture
def chinese():
    i18n.use_language("zh")
    yield
    i18n.use_language(None)


def test_the_source_is_read():
    texts = {said.text for said in SAID}
    assert len(texts) > 800
    for sample in (
        "threshold 0.5 is outside 0.3 to 1",  # a literal with a value
        "the disk is full (abc)",  # of a job's end
        "abc was held by another process for 12 seconds",  # of a table of causes
        "no method is named",  # of a list of faults
        "class 'abc' cannot be removed: 1 conversation carries it",  # of a name with two meanings
        "use adapter=qlora, lower micro_batch_tokens or max_tokens, or free some memory",  # of a dictionary
    ):
        assert sample in texts


def test_every_error_is_said_in_chinese(chinese):
    bare = {said.text: said.where for said in SAID if said.text and i18n.said_error(said.text) == said.text}
    assert {text: where for text, where in bare.items() if where not in NO_SENTENCE} == {}


def test_every_place_without_a_readable_sentence_is_known():
    assert {said.where for said in SAID if not said.text} == LOOKED_AT_ELSEWHERE


def test_no_english_is_left_in_what_is_said(chinese):
    left = {}
    for text in {said.text for said in SAID} - {""}:
        chinese_text = i18n.said_error(text)
        words = re.sub(r'`[^`]*`|"[^"]*"', "", chinese_text)
        english = re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", words)
        if english and chinese_text != text and not text.startswith(STAY):
            left[text] = chinese_text
    assert left == {}


def test_a_new_error_without_chinese_is_found(chinese):
    source = """
class HereError(CrlftError): ...
def f(x):
    raise HereError(f"the moon has {x} sides", "go home")
"""
    module = raised.Module("workbench/services/moon.py", ast.parse(source))
    new = [said.text for said in raised.raised([*raised.modules(), module]) if "moon" in said.where]
    assert new == ["the moon has abc sides", "go home"]
    assert [i18n.said_error(text) for text in new] == new


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_the_forms_keep_their_places_and_marks():
    pairs = zh_errors.SENTENCES.items()
    assert {e for e, z in pairs if places(e) != places(z) or e.count("`") != z.count("`")} == set()


def test_the_forms_are_chinese():
    commands = {"like: {what}"}
    assert {e for e, z in zh_errors.SENTENCES.items() if not re.search(r"[\u4e00-\u9fff]", z)} <= commands
    marks = {e for e, z in zh_errors.SENTENCES.items() if re.search(r"[\u4e00-\u9fff][,;:?!]", z)}
    odd = {e for e in marks if not e.startswith(("write hub:", "write -word"))}
    assert odd == set(), "the marks between Chinese words are Chinese ones"


def test_no_two_areas_have_the_same_form():
    shapes = [re.sub(r"\{\w+\}", "{}", form) for form in zh_errors.SENTENCES]
    assert [shape for shape, n in Counter(shapes).items() if n > 1] == []
    assert sum(map(len, zh_errors.AREAS.values())) <= len(zh_errors.SENTENCES)


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("there is no class 'x'", "没有类别 'x'"),
        ("There is no class 'x'", "没有类别 'x'"),
        ("talk.json: there is no class 'x'", "talk.json：没有类别 'x'"),
        ("steps is 'x', it must be a whole number or auto", "steps 为 'x'，它须是整数或 auto"),
        (
            "seed is 'x', it must be a whole number; method is 'y', it must be one of a, b; unforeseen",
            "seed 为 'x'，它须是整数；method 为 'y'，它须是其中之一：a, b；unforeseen",
        ),
        ("action 7 (drop 3 conversations) cannot be undone", "第 7 号操作（舍弃 3 个对话）不能撤销"),
        ("class 'a' cannot be removed: 1,200 conversations carry it", "不能删除类别 'a'：有 1,200 个对话属于它"),
        (
            "embedding the texts out of memory (x); 3 are left",
            "文本的嵌入未完成（内存不足（x））；还剩 3 个",
        ),
        ('write {"prompt": "…"}', '写成 {"prompt": "…"}'),
        ("/a; b/talk.json is empty", "/a; b/talk.json 是空的"),
        ("my own words", "my own words"),
        ("KeyError: 'x'", "KeyError: 'x'"),
        ("", ""),
    ],
)
def test_an_error_is_recognised_by_its_form(chinese, sentence, said):
    assert i18n.said_error(sentence) == said


def test_english_stays_as_it_is():
    assert i18n.said_error("there is no class 'x'") == "there is no class 'x'"
    assert in_words(NotFound("there is no class 'x'", "make it first")) == "There is no class 'x'. Make it first."
    assert fault_words("", "make it first") == "**What to do:** Make it first."


def test_a_fault_and_its_remedy_are_shown_in_chinese(chinese):
    error = PlanError("there is no class 'x'", "make it first")
    assert in_words(error) == "没有类别 'x'。请先建立它。"
    assert fault_words(error.message, error.remedy) == "没有类别 'x'。\n\n**怎么办：** 请先建立它。"
    assert ConfigError(["a", "b"]).remedy == "correct these and start again"


def test_a_name_at_the_beginning_stays_as_it_is_written(chinese):
    assert fault_words("turns takes a number, as in turns>2") == "turns 须是数字，例如 turns\\>2。"


def test_a_page_shows_an_error_in_chinese(project, open_page):
    app = open_page("browse", q="colour:red", lang="zh")
    assert app.error[0].value == "第 1 个字符处的字段 'colour' 未知。"
    assert any("怎么办" in m.value and "已知字段" in m.value for m in app.markdown)
    assert not app.exception


FORMS = Forms(zh_errors.SENTENCES, ranked=True, lists=True)


@given(st.text(alphabet=string.ascii_lowercase[:4] + " ;:{}()'0一", max_size=400))
def test_any_text_is_recognised_or_left(text):
    assert FORMS.said(text) != ""


def test_no_form_can_try_its_places_again():
    for form, said in zh_errors.SENTENCES.items():
        pattern = _read(form, said).written
        assert pattern.count(".+?") - pattern.count("(?>") <= 1, form
