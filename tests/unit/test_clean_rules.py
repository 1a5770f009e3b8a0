from __future__ import annotations

import pytest

from crlft.conversation import Conversation, ToolCall, Turn
from workbench.curate.clean import RULES, active_rules, run_rules
from workbench.curate.clean.personal import chinese_id, luhn
from workbench.domain.errors import PlanError

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def talk(answer: str, question: str = "Tell me about it, please.") -> Conversation:
    return Conversation((Turn("user", question), Turn("assistant", answer)))


def fixed(rule: str, answer: str, question: str = "Tell me about it, please.") -> str:
    finding = RULES[rule].check(talk(answer, question))
    return answer if finding is None or finding.turns is None else finding.turns[1].content


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It is â\x80\x94 a cafÃ© in MÃ¼nchen", "It is — a café in München"),
        ("ä½\xa0å¥½ï¼\x81", "你好！"),
        ("å½\x93ç\x84¶å\x8f¯ä»¥ï¼\x81\n你好", "当然可以！\n你好"),
        ("Ça va à Málaga, señor Müller: 5 € für Öl", None),
        ("你好，世界。これは日本語です。", None),
    ],
)
def test_mojibake(before: str, after: str | None) -> None:
    assert fixed("mojibake", before) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\u200bb\ufeffc\x00d\x1b[0m", "abcd[0m"),
        ("soft\u00adhyphen and \u202eoverride\u202c", "softhyphen and override"),
        ("tab\there\r\nand line", None),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467 می\u200cخواهم שלום\u200f", None),
        (f"{ENGLAND} hi\u200b", f"{ENGLAND} hi"),
    ],
)
def test_invisible_characters(before: str, after: str | None) -> None:
    assert fixed("control-characters", before) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n\n  Hello.  \n\n\n\n\nBye. \t\n", "Hello.  \n\nBye."),
        ("one \r\ntwo\rthree", "one\ntwo\nthree"),
        ("a\u00a0b\u2003c", "a b c"),
        ("Line one  \nline two of a verse", None),
        ("    indented = code\n    stays()", None),
        ("```\nx = 1   \n\n\n\ny = 2\n```\nDone.", None),
        ("C'est vrai\u00a0! Il y a 12\u202f000 raisons.", None),
        ("| a   | b |\n|-----|---|", None),
    ],
)
def test_white_space(before: str, after: str | None) -> None:
    assert fixed("white-space", before) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<div class="msg">It is Oslo.<br/></div>', "It is Oslo."),
        ("<b>Sure</b>&nbsp;&amp;nbsp; D&amp;D", "Sure   D&D"),
        ("<ul><li>tea</li><li>milk</li></ul>", "- tea\n- milk"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 | 2"),
        ("if a < b and c > d then x<y>z, List<String>, AT&T &c.", None),
        ("Use `<br>` or:\n```html\n<p>hi</p>\n```", None),
        ("x<sup>2</sup> + H<sub>2</sub>O", None),
        ("<!DOCTYPE html><html><body><p>Hi</p></body></html>", None),
    ],
)
def test_html_remnants(before: str, after: str | None) -> None:
    assert fixed("html", before) == (before if after is None else after)


@pytest.mark.parametrize(
    "question", ["How do I make an HTML list?", "What does <br> do on a web page?", "网页怎么换行？"]
)
def test_markup_is_no_remnant_where_it_is_the_topic(question: str) -> None:
    assert RULES["html"].check(talk("<ul><li>tea</li></ul>", question)) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It is 12.\n2 / 2", "It is 12."),
        ("12\n1 / 3\nCopy code", "12"),
        ("Here:\n\npythonCopy code\nprint(1)\n\nRegenerate response", "Here:\n\nprint(1)"),
        ("好的。\n复制代码\n重新生成", "好的。"),
        ("The share is:\n1 / 2", None),
        ("1 / 2", None),
        ("To copy it, click Copy code in the corner.", None),
        ("Copy code", None),
    ],
)
def test_interface_remnants(before: str, after: str | None) -> None:
    assert fixed("interface", before) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Write to kim.1@mail-host.co.uk now", "Write to [EMAIL] now"),
        ("Call +1 (555) 010-4860 or 650-636-4884.", "Call [PHONE] or [PHONE]."),
        ("邮箱kim@mail.org，谢谢", "邮箱[EMAIL]，谢谢"),
        ("手机13800000309，座机010-12345678", "手机[PHONE]，座机[PHONE]"),
        ("号码是11010519491231002X。", "号码是[ID]。"),
        ("我的联系方式：110101190001014458", "我的联系方式：[ID]"),
        ("SSN 000-12-0368", "SSN [ID]"),
        ("Pay with 4111 1111 1111 1111 today", "Pay with [CARD] today"),
        ("My card: 4000 0000 0000 8206", "My card: [CARD]"),
        ("ssh root@8.8.4.4 from 203.0.114.7", "ssh root@[IP] from [IP]"),
        ("key sk-abcdefghijklmnopqrstuvwx and ghp_abcdefghijklmnopqrstuvwxyz0123456789", "key [KEY] and [KEY]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[KEY]"),
    ],
)
def test_personal_data(before: str, after: str) -> None:
    assert fixed("personal-data", before) == after


@pytest.mark.parametrize(
    "text",
    [
        "3.14159265358979 and 13800000309.5 and 1,380,000,030",
        "4000 5000 6000 7000",
        "2 + 2 = 4; 100-200-300; 2020-01-15; 12/31/1999; 2021-2022; 10:30-11:45",
        "localhost 127.0.0.1, 192.168.0.1, 10.0.0.8, 0.0.0.0; version 1.2.3.4; v8.8.4.4; section 1.2.3.4.5",
        "@property and user@host, a@b, 5@3; decorate with @app.route",
        "re.match(r'[^@]+@[^@]+', \"me@example.com\")",
        "110101190001014458 is a large number",
        "ISBN 978-3-16-148410-0, order 123456789012345678901234567890",
        "f(x) = 12345678901234567 * 3; risk-free sk-ill",
    ],
)
def test_sums_code_and_versions_are_no_personal_data(text: str) -> None:
    assert fixed("personal-data", text) == text


def test_checksums() -> None:
    assert luhn("4111 1111 1111 1111")
    assert not luhn("4111 1111 1111 1112")
    assert chinese_id("11010519491231002X")
    assert not chinese_id("110105194912310021")


def test_personal_data_says_what_it_was() -> None:
    finding = RULES["personal-data"].check(talk("a@b.org c@d.org 650-636-4884"))
    assert finding is not None
    assert finding.reason == "holds personal data: 2 × e-mail address, phone number"


FLAGS: list[tuple[str, str, bool]] = [
    ("refusal", "I'm sorry, but I can't assist with that request.", True),
    ("refusal", "As an AI language model, I do not have opinions.", True),
    ("refusal", "I cannot provide medical advice.", True),
    ("refusal", "Unfortunately, I am unable to open links.", False),
    ("refusal", "抱歉，我不能帮助您完成这个请求。", True),
    ("refusal", "作为一个人工智能语言模型，我无法回答这个问题。", True),
    ("refusal", "I'm sorry for the confusion. The answer is 12.", False),
    ("refusal", "I can't recommend this book enough!", False),
    ("refusal", "You can say: sorry, we are closed. " + "x " * 300 + "As an AI model", False),
    ("truncated", "Of course! The capital of France is Par", True),
    ("truncated", "It has three parts:\n1. the head\n2. the tail\n3.", True),
    ("truncated", "Run this:\n```python\nprint(1)", True),
    ("truncated", "We aim to bring people together with the", True),
    ("truncated", "面包、", True),
    ("truncated", "pears and", True),
    ("truncated", "Take vitamin A", False),
    ("truncated", "N/A", False),
    ("truncated", "Paris", False),
    ("truncated", "300 ok", False),
    ("truncated", "Buy:\n- tea\n- milk and sugar", False),
    ("truncated", "Dear Ann,\n\nThank you for the visit.\n\nYours,\nTom", False),
    ("truncated", "Roses are red\nViolets are blue", False),
    ("truncated", "It is done. 😀", False),
    ("truncated", "Great idea! Join us today. #coffee #latteart", False),
    ("truncated", '"Be yourself." - Oscar Wilde', False),
    ("truncated", "```\nx = (\n```", False),
    ("loop", "Good.\n" + "the same old line\n" * 4, True),
    ("loop", "It goes on and on and on and on " + "and then again " * 8, True),
    ("loop", "```\n</div>\n</div>\n</div>\n</div>\n```\nThat closes them.", False),
    ("loop", "ha ha ha", False),
    ("echo", "tell me about it,  PLEASE.", True),
    ("one-word", "Paris.", True),
    ("one-word", "巴黎", False),
    ("empty-answer", " … ", True),
    ("empty-answer", "0", False),
    ("empty-answer", "👍", False),
]


@pytest.mark.parametrize(("rule", "answer", "hit"), FLAGS)
def test_answers(rule: str, answer: str, hit: bool) -> None:
    assert (RULES[rule].check(talk(answer)) is not None) is hit


def test_an_echo_that_was_asked_for_is_none() -> None:
    assert RULES["echo"].check(talk("Repeat: the cat sat", "repeat: the cat sat")) is None


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ("ua", None),
        ("sua", None),
        ("au", "the assistant speaks before the user; the last user turn has no answer"),
        ("uua", "two user turns in a row"),
        ("uaa", "two assistant turns in a row"),
    ],
)
def test_role_faults(turns: str, reason: str | None) -> None:
    roles = {"u": "user", "a": "assistant", "s": "system"}
    finding = RULES["role-fault"].check(Conversation(tuple(Turn(roles[c], "words") for c in turns)))  # type: ignore[arg-type]
    assert (finding and finding.reason) == reason


def test_an_answer_by_tool_call_is_not_empty() -> None:
    call = Turn("assistant", "", tool_calls=(ToolCall("f"),))
    assert RULES["empty-answer"].check(Conversation((Turn("user", "q"), call))) is None
    assert RULES["empty-answer"].check(Conversation((Turn("user", "q"),))) is not None


def test_fixes_build_on_each_other_and_flags_judge_the_result() -> None:
    conversation = talk("<p>Of course! It is cafÃ©&nbsp;</p>\n2 / 2")
    steps = run_rules(conversation, active_rules())
    assert [s.rule for s in steps] == ["mojibake", "html", "interface", "white-space", "truncated"]
    assert steps[-1].after.answer == "Of course! It is café"
    without = run_rules(conversation, active_rules(), exclude={"html"})
    assert [(s.rule, s.applied) for s in without][:2] == [("mojibake", True), ("html", False)]
    assert "<p>" in without[-1].after.answer


def test_tool_results_and_calls_are_left_alone() -> None:
    turns = (Turn("user", "q"), Turn("tool", "<p>me@mail.org</p>\n", tool_call_id="1"), Turn("assistant", "Done."))
    assert run_rules(Conversation(turns), active_rules()) == []


def test_verdicts_can_be_changed_but_not_to_what_a_rule_cannot_do() -> None:
    rules = active_rules(["refusal", "html"], {"refusal": "drop", "html": "flag"})
    assert [(r.rule.name, r.verdict) for r in rules] == [("html", "flag"), ("refusal", "drop")]
    steps = run_rules(talk("<b>I cannot help you with that.</b>"), rules)
    assert steps[0].after.answer.startswith("<b>")
    with pytest.raises(PlanError, match="cannot fix"):
        active_rules(None, {"refusal": "fix"})
    with pytest.raises(PlanError, match="no cleaning rule 'spelling'"):
        active_rules(["spelling"])
    with pytest.raises(PlanError, match="no verdict 'burn'"):
        active_rules(None, {"refusal": "burn"})


def test_refusals_and_loops_have_parameters() -> None:
    def flagged(name: str, text: str, **params: object) -> bool:
        active = active_rules([name], params={name: params})
        turns = (Turn("user", "please, how?"), Turn("assistant", text))
        return bool(run_rules(Conversation(turns), active))

    late = "Let me think. " * 20 + "As an AI language model I would say no."
    assert flagged("refusal", late)
    assert not flagged("refusal", late, head_characters=100)
    assert not flagged("refusal", "That is above my pay grade.")
    assert flagged("refusal", "That is above my pay grade.", also=["above my PAY grade"])
    assert not flagged("loop", "over and over\n" * 3)
    assert flagged("loop", "over and over\n" * 3, repeats=3)
    for name, params in (("loop", {"repeats": 1}), ("loop", {"period": "x"}), ("refusal", {"head_characters": 0})):
        with pytest.raises(PlanError, match="give a whole number"):
            active_rules([name], params={name: params})
