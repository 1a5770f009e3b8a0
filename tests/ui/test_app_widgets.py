"""The pieces pages are drawn with: text from data stays text, and clicks become queries."""

from __future__ import annotations

import pytest

from crlft.conversation import Conversation, ToolCall, Turn
from workbench.ui import i18n
from workbench.ui.views import querytext
from workbench.ui.views.browse_map import outline
from workbench.ui.widgets.chat import MAX_TURN_CHARS, MAX_TURNS, chat_html
from workbench.ui.widgets.chips import chip, safe_colour, table_html
from workbench.ui.widgets.diff import diff_html
from workbench.ui.widgets.errors import plain
from workbench.ui.widgets.layout import duration

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'


def conversation(*turns: Turn) -> Conversation:
    return Conversation(tuple(turns))


class TestChat:
    def test_markup_in_a_turn_is_shown_as_text(self):
        html = chat_html(
            conversation(
                Turn("user", HOSTILE, name=HOSTILE),
                Turn(
                    "assistant",
                    f"```\n{HOSTILE}\n```",
                    reasoning=HOSTILE,
                    tool_calls=(ToolCall(HOSTILE, HOSTILE),),
                ),
            ),
            highlight=["script"],
        )
        assert "<script" not in html
        assert "<img" not in html
        assert "&lt;<mark>script</mark>&gt;" in html

    def test_code_stands_in_a_block_and_text_around_it(self):
        html = chat_html(conversation(Turn("assistant", "before\n```python\nx < 1\n```\nafter")))
        assert "<code>x &lt; 1</code></pre>" in html
        assert "before" in html
        assert "after" in html
        assert "python" not in html

    def test_an_endless_turn_is_cut_and_the_rest_counted(self):
        html = chat_html(conversation(Turn("user", "a" * (MAX_TURN_CHARS + 1234))))
        assert "1,234 more characters" in html
        assert len(html) < MAX_TURN_CHARS + 1000

    def test_many_turns_are_cut_and_the_rest_counted(self):
        html = chat_html(conversation(*[Turn("user", "hello")] * (MAX_TURNS + 300)))
        assert html.count('class="wb-turn') == MAX_TURNS
        assert "300 more turns" in html

    def test_an_excluded_answer_says_so(self):
        assert "not learnt from" in chat_html(conversation(Turn("assistant", "no", excluded=True)))

    def test_words_are_marked_without_regard_to_case_and_longest_first(self):
        html = chat_html(
            conversation(Turn("user", "Metre and metres, 三米")), highlight=["metre", "metres", "三米"]
        )
        assert html.count("<mark>") == 3
        assert "<mark>metres</mark>" in html
        assert "<mark>三米</mark>" in html


class TestPieces:
    def test_a_chip_escapes_and_takes_only_plain_colours(self):
        assert "<script" not in chip(HOSTILE, hint=HOSTILE)
        assert safe_colour("red;background:url(x)") == safe_colour(None)
        assert safe_colour("#1a9c84") == "#1a9c84"

    def test_a_table_escapes_and_groups_numbers(self):
        html = table_html([HOSTILE], [[1234567], [HOSTILE], [True]], numeric=[0])
        assert "1,234,567" in html
        assert "<script" not in html

    def test_a_diff_marks_changes_and_shows_changed_blanks(self):
        html = diff_html([("equal", "a" * 900), ("delete", "\n"), ("insert", "<b>"), ("equal", "z" * 900)])
        assert "<del>⏎" in html
        assert "<ins>&lt;b&gt;</ins>" in html
        assert html.count("a") < 300

    @pytest.mark.parametrize(
        ("seconds", "words"), [(0.2, "0 s"), (59.6, "1 min 0 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")]
    )
    def test_durations_read_at_a_glance(self, seconds, words):
        assert duration(seconds) == words

    def test_plain_text_survives_markdown(self):
        assert plain("a*b_c [x](y) $z$ :red[no]") == r"a\*b\_c \[x\](y) \$z\$ \:red\[no\]"


class TestTranslation:
    def test_a_catalogue_replaces_and_lacks_gracefully(self, monkeypatch):
        monkeypatch.setitem(i18n.CATALOGUES, "zh", {"{n} conversations": "{n} 个对话"})
        i18n.use_language("zh")
        try:
            assert i18n.tn(1200, "{n} conversation", "{n} conversations") == "1,200 个对话"
            assert i18n.t("Apply") == "Apply"
        finally:
            i18n.use_language("en")
        assert i18n.tn(1, "{n} conversation", "{n} conversations") == "1 conversation"

    def test_an_unknown_language_is_english(self):
        i18n.use_language("xx")
        assert i18n.t("Apply") == "Apply"

    def test_braces_in_text_without_values_are_left_alone(self):
        assert i18n.t("{not a place}") == "{not a place}"


class TestQueryText:
    def test_a_click_narrows_and_the_same_click_lifts(self):
        narrowed = querytext.toggle("water", "source", "gpt 4")
        assert querytext.state_of(narrowed, "source", "gpt 4") == (True, False)
        assert querytext.toggle(narrowed, "source", "gpt 4") == "water"

    def test_another_value_of_the_field_replaces_the_first(self):
        text = querytext.toggle("source:a lang:zh", "source", "b")
        assert querytext.state_of(text, "source", "a") == (False, False)
        assert querytext.state_of(text, "source", "b") == (True, False)
        assert querytext.state_of(text, "lang", "zh") == (True, False)

    def test_excluding_keeps_other_exclusions(self):
        text = querytext.toggle("-source:a", "source", "b", exclude=True)
        assert querytext.state_of(text, "source", "a") == (False, True)
        assert querytext.state_of(text, "source", "b") == (False, True)

    def test_one_of_several_values_is_lifted_alone(self):
        text = querytext.toggle("source:a,b", "source", "a")
        assert querytext.state_of(text, "source", "a") == (False, False)
        assert querytext.state_of(text, "source", "b") == (True, False)

    def test_only_words_that_are_looked_for_are_marked(self):
        assert querytext.words('metre "two words" -not source:x') == ["metre", "two words"]


class TestOutline:
    def test_the_last_lasso_counts(self):
        selection = {"lasso": [{"x": [9], "y": [9]}, {"x": [0, 1, 1], "y": [0, 0, 1]}], "box": []}
        assert outline(selection) == [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]

    def test_a_box_becomes_its_corners(self):
        assert outline({"box": [{"x": [0, 2], "y": [1, 3]}]}) == [(0, 1), (2, 1), (2, 3), (0, 3)]

    def test_nothing_drawn_is_nothing_chosen(self):
        assert outline({}) == []
