"""Rules never fail, never touch who speaks, and leave nothing to do behind them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crlft.conversation import Conversation, Turn
from workbench.curate.clean import RULES, active_rules, run_rules

PIECES = [
    *["word", "Of course!", "不客气。", "é", "12", " ", "  ", "\n", "\n\n\n", "\t", "\r\n"],
    *["\u00a0", "\u200b", "\x00", "\ud800", "😀", "\U0001f3f4\U000e0067\U000e007f"],
    *["<p>", "</p>", "<br>", "<li>", "<", ">", "&amp;", "&amp;nbsp;", "&lt;b&gt;", "`", "```"],
    *["Copy code", "2 / 2", "重新生成", "a@b.org", "650-636-4884", "13800000309", "4111 1111 1111 1111"],
    *["8.8.4.4", "I cannot help", "作为一个人工智能", "1.", "- ", ",", "the", "cafÃ©", "ä½\xa0å¥½"],
]
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.text(max_size=40))
turns = st.builds(Turn, st.sampled_from(["system", "user", "assistant", "tool"]), texts)
conversations = st.builds(Conversation, st.lists(turns, max_size=5).map(tuple))

ALL = active_rules(list(RULES))


@given(conversations)
@settings(max_examples=200)
def test_fixes_change_texts_only(conversation: Conversation) -> None:
    steps = run_rules(conversation, ALL)
    after = steps[-1].after if steps else conversation
    assert [t.role for t in after.turns] == [t.role for t in conversation.turns]
    for old, new in zip(conversation.turns, after.turns, strict=True):
        assert old == new or old.role != "tool"
        assert bool(new.content.strip()) == bool(old.content.strip())
    for step in steps:
        assert step.finding.reason
        assert step.finding.turn is None or 0 <= step.finding.turn < len(conversation.turns)


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.verdict == "fix"])
@given(conversation=conversations)
def test_a_fix_leaves_nothing_to_fix(name: str, conversation: Conversation) -> None:
    finding = RULES[name].check(conversation)
    if finding is not None:
        assert finding.turns is not None
        assert finding.turns != conversation.turns
        assert RULES[name].check(Conversation(finding.turns)) is None
