"""Answers that teach the wrong thing: refusals, cut-off or empty answers, loops, echoes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from crlft.conversation import Conversation
from workbench.curate.clean.rule import Finding, last_answer
from workbench.curate.dedupe.folding import words
from workbench.curate.text import normalise
from workbench.domain.errors import PlanError

Check = Callable[[Conversation], Finding | None]

HEAD_CHARACTERS = 400
"""A refusal stands at the beginning; far inside an answer the same words quote or advise."""

_AS_AN_AI = re.compile(
    r"\bas an? (?:ai|a\.i\.|artificial intelligence)(?: language)?(?: model| assistant| chatbot)?\b"
    r"|\bas a (?:large )?language model\b|\bi(?:'m| am) (?:just |only )?an? (?:ai|artificial intelligence)\b"
    r"|作为(?:一个|一名|一款)?(?:ai|人工智能|大型?语言模型|语言模型|智能助手|聊天机器人)"
)
_AI_HINTS = (" ai", "artificial", "language model", "作为")
_CANNOT = (
    r"(?:can(?:no|')?t|can not|am not able to|'m not able to|am unable to|'m unable to|won't|will not"
    r"|am not (?:allowed|permitted|programmed|designed) to)"
)
_DO = (
    r"(?:help|assist|provide|fulfil?l|answer|comply|complete|generate|create|write|give|do that|do this|support"
    r"|engage|offer|discuss|access|respond|continue|produce|browse)"
)
_REFUSAL = re.compile(
    r"\A\W*(?:(?:i(?:'m| am) (?:very |really |so )?sorry|sorry|i apologi[sz]e|my apologies|unfortunately)\b"
    r"[^.!?\n]{0,60}?)?"
    rf"\bi ?{_CANNOT} (?:\w+ )?{_DO}\b"
    r"|\A\W*(?:(?:很|非常|十分)?(?:抱歉|遗憾)|对不起|不好意思)[^。！？\n]{0,20}?(?:无法|不能|不便|没办法|没有办法)"
    r"|\A\W*(?:我|本助手)(?:无法|不能)(?:帮助|协助|提供|回答|完成|满足|处理|生成|为您|为你)"
)


REFUSALS: Mapping[str, Any] = {"head_characters": HEAD_CHARACTERS, "also": []}


def refusals(params: Mapping[str, Any]) -> Check:
    """Return a rule for answers that decline, or speak of themselves as an AI.

    Args:
        params: `head_characters`, how far into an answer it looks; `also`, phrases of the house that decline too.

    Raises:
        PlanError: The first is no positive number.
    """
    wanted = {**REFUSALS, **params}
    size = positive(wanted, "head_characters")
    also = [str(phrase).strip().lower() for phrase in wanted["also"] if str(phrase).strip()]

    def check(conversation: Conversation) -> Finding | None:
        for i, turn in enumerate(conversation.turns):
            if turn.role != "assistant":
                continue
            head = turn.content[:size].replace("’", "'").lower()
            if _REFUSAL.search(head) or any(phrase in head for phrase in also):
                return Finding("the answer declines", i)
            if any(hint in head for hint in _AI_HINTS) and _AS_AN_AI.search(head):
                return Finding("the answer speaks of itself as an AI", i)
        return None

    return check


def positive(params: Mapping[str, Any], name: str, least: int = 1) -> int:
    """Return a whole number of a rule's parameters.

    Raises:
        PlanError: It is none, or too small.
    """
    value = params[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise PlanError(
            f"{name} is {value!r}, too small or no whole number", f"give a whole number from {least} on"
        )
    return value


refusal = refusals({})
"""The rule with its usual parameters."""


_ENDS_WELL = re.compile(
    r"""[.!?。！？…．｡~～)\]）】》」』"'”’*_`|>#:：;；=%°$€£¥0-9\u2600-\u27bf\U0001f000-\U0001faff]\Z"""
    r"|#\w+\Z|[-–—] ?(?:\w+[ .]{1,2}){0,3}\w+\Z"  # a hashtag; who said it
)
_OPEN_SIGN = re.compile(r"[,、，+&\\(（\[{《“‘]\Z")
_OPEN_WORD = re.compile(
    r"(?<![\w/-])(?:the|a|an|and|or|of|to|in|on|at|by|for|from|with|as|is|are|was|were|be|that|which|who|because"
    r"|but|if|than|then|into|its|their|his|her|your|my|our|this|these|very|such|not)\Z",
    re.IGNORECASE,
)
# Words that end no sentence at all, in lower case ("Vitamin A" does); enough for a line of two words.
_OPEN_SURELY = re.compile(r"(?<![\w/-])(?:the|an?|and|or|of|because|than)\Z")
_OPEN_HAN = re.compile(r"(?:[和与或把被让给从向跟加减乘]|等于|因为|所以|但是|以及|如果|例如|包括)\Z")
_SENTENCE = re.compile(r"[.!?。！？](?:[\s\"'”’)\]]|\Z)|[。！？]")
_LIST_LINE = re.compile(r"\s*(?:[-*•+>#|]|\d{1,3}[.)、]|[a-zA-Z][.)]|[（(]?[一二三四五六七八九十\d]+[）)、])")
_FENCE = re.compile(r"^[ \t]*```(?!`)", re.MULTILINE)
_BARE_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s*")
TAIL_CHARACTERS = 60
# Closing lines of letters and verse end without a full stop.
_SHORT_LINE_WORDS = 7


def truncated(conversation: Conversation) -> Finding | None:
    """An answer that stops in the middle: an open code block, a hanging list item, half a sentence."""
    for i, turn in enumerate(conversation.turns):
        if turn.role == "assistant" and turn.content.strip() and not turn.tool_calls:
            reason = _cut(turn.content.rstrip())
            if reason:
                return Finding(reason, i)
    return None


def _cut(text: str) -> str:
    if len(_FENCE.findall(text)) % 2:
        return "the answer ends inside a code block"
    if text.endswith("```"):
        return ""
    line = text.rsplit("\n", 1)[-1]
    if line != text and _BARE_ITEM.fullmatch(line):
        return "the answer ends in an empty list item"
    if _LIST_LINE.match(line) or "http" in line:
        return ""
    tail = line[-TAIL_CHARACTERS:]
    if _ends_open(tail, len(words(line))):
        return "the answer ends in the middle of a sentence"
    if _ENDS_WELL.search(tail):
        return ""
    return "the last sentence has no end" if _prose_stops(text, line) else ""


def _ends_open(tail: str, line_words: int) -> bool:
    return bool(
        _OPEN_SIGN.search(tail)
        or _OPEN_HAN.search(tail)
        or (line_words > 1 and _OPEN_SURELY.search(tail))
        or (line_words > 3 and _OPEN_WORD.search(tail))
    )


def _prose_stops(text: str, line: str) -> bool:
    """Whether sentences were ended before and the last one is not."""
    alone = line == text
    if not alone and len(words(line)) < _SHORT_LINE_WORDS:
        return False  # a signature, a verse, a heading
    if not _SENTENCE.search(line if len(words(line)) >= _SHORT_LINE_WORDS or alone else text):
        earlier = [row for row in text.split("\n")[:-1] if len(words(row)) >= _SHORT_LINE_WORDS]
        ended = sum(bool(_ENDS_WELL.search(row.rstrip()[-TAIL_CHARACTERS:])) for row in earlier)
        return bool(earlier) and ended > 0.7 * len(earlier)
    return True


def empty_answer(conversation: Conversation) -> Finding | None:
    """No answer at all, or one without a single letter, digit or sign."""
    at = last_answer(conversation)
    if at is None:
        return Finding("there is no answer")
    turn = conversation.turns[at]
    if not turn.tool_calls and not turn.content.strip(" \t\r\n.…,-–—_*#|:;\u200b\ufeff"):
        return Finding("the answer is empty", at)
    return None


def one_word_answer(conversation: Conversation) -> Finding | None:
    """A last answer of one word."""
    at = last_answer(conversation)
    text = "" if at is None else conversation.turns[at].content
    return Finding("the answer is one word", at) if len(text) < 60 and len(words(text)) == 1 else None


_WANTS_COPY = re.compile(
    r"\b(?:repeat|copy|echo|say|print|output|type|return|rewrite|correct|fix|proofread|translate)\b|重复|复述|照抄|输出|改正|修改|翻译|润色",
    re.IGNORECASE,
)


def echo(conversation: Conversation) -> Finding | None:
    """An answer that only repeats what was asked."""
    for i, (asked, answered) in enumerate(pairwise(conversation.turns)):
        if asked.role != "user" or answered.role != "assistant" or len(asked.content) < 8:
            continue
        same = normalise(asked.content) == normalise(answered.content)
        if same and not _WANTS_COPY.search(asked.content):
            return Finding("the answer repeats the question", i + 1)
    return None


LOOPS: Mapping[str, Any] = {"repeats": 4, "tokens": 16, "period": 60}
_CLOSED_CODE = re.compile(r"```.*?```", re.DOTALL)


def loops(params: Mapping[str, Any]) -> Check:
    """Return a rule for answers that go round in circles: the same line or the same words again and again.

    Args:
        params: `repeats`, how often a line or a round must come; `tokens`, how many words the rounds must have
            together; `period`, the longest round in words.

    Raises:
        PlanError: One of them is no whole number, or too small.
    """
    wanted = {**LOOPS, **params}
    repeats = positive(wanted, "repeats", 2)
    tokens, period = positive(wanted, "tokens", 2), positive(wanted, "period")

    def check(conversation: Conversation) -> Finding | None:
        for i, turn in enumerate(conversation.turns):
            if turn.role != "assistant":
                continue
            prose = _CLOSED_CODE.sub("", turn.content)
            if _same_lines(prose, repeats):
                return Finding(f"a line stands {repeats} times in a row", i)
            if len(prose) > 40 and _ends_in_circles(words(prose[-4000:]), repeats, tokens, period):
                return Finding("the answer ends in a loop", i)
        return None

    return check


loop = loops({})
"""The rule with its usual parameters."""


def _same_lines(text: str, repeats: int) -> bool:
    run, before = 1, ""
    for line in text.split("\n"):
        line = line.strip()
        if not line:
            continue
        run = run + 1 if line == before else 1
        before = line
        if run >= repeats and len(words(line)) > 1:
            return True
    return False


def _ends_in_circles(tokens: list[str], repeats: int, least: int, longest: int) -> bool:
    for period in range(1, min(longest, len(tokens) // repeats) + 1):
        need = max(period * (repeats - 1), least - period)
        if tokens[-1] != tokens[-1 - period] or len(tokens) < need + period:
            continue
        if tokens[-need:] == tokens[-need - period : -period]:
            return True
    return False
