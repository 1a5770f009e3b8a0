"""What was not finished or not asked for: broken fences, placeholders, another language, lengths, word lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from crlft.conversation import Conversation
from workbench.curate.clean.rule import Finding, fix_texts, last_answer
from workbench.curate.language import detect_languages
from workbench.domain.errors import PlanError

Check = Callable[[Conversation], Finding | None]

# A fence behind a colon or full stop on the same line, or a closing one with a word glued to it.
_GLUED_OPEN = re.compile(r"(?m)^([^\n`]*[:.：。])[ \t]*```([\w+#-]{0,20})[ \t]*$")
_GLUED_CLOSE = re.compile(r"(?m)^([^\n`]+[^\n`\s])```[ \t]*$")
_FENCE_LINE = re.compile(r"(?m)^[ \t]*```")


def broken_fences(conversation: Conversation) -> Finding | None:
    """Markdown fences at the end of a line of text, so that code shows as prose; put on their own line."""
    return fix_texts(conversation, _mended, "a code fence stands inside a line", roles=("assistant",))


def _mended(text: str) -> str:
    if "```" not in text:
        return text
    mended = _GLUED_OPEN.sub(r"\1\n```\2", text)
    if len(_FENCE_LINE.findall(mended)) % 2:
        mended = _GLUED_CLOSE.sub(r"\1\n```", mended)
    # Only where every fence has its partner afterwards: an open one is a cut-off answer, which another rule flags.
    return mended if len(_FENCE_LINE.findall(mended)) % 2 == 0 else text


_PLACEHOLDER = re.compile(
    r"\[(?:your|insert|enter|add|company|recipient|client|customer|sender|the)(?: [A-Za-z/'-]{1,20}){0,4}\]"
    r"|\[(?:name|date|address|phone number|city|topic|link|url|title|email address|position|product)\]"
    r"|\{\{ ?[A-Za-z_][\w. ]{0,40} ?\}\}|<(?:insert|your)[ _-][A-Za-z_ -]{2,40}>"
    r"|\blorem ipsum\b|\bTODO:|\bXXXX+\b"
    r"|【(?:请|在此)?(?:输入|填写|插入)[^】]{0,20}】|\[(?:您的|你的|插入|填写)[^\]]{1,20}\]",
    re.IGNORECASE,
)
_WANTS_TEMPLATE = re.compile(
    r"template|placeholder|jinja|mustache|handlebars|\bcode\b|html|react|vue|letter|e-?mail|模板|占位|代码|邮件|信",
    re.IGNORECASE,
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)


def placeholders(conversation: Conversation) -> Finding | None:
    """Blanks of a template that nobody filled in ("[Your Name]", "{{topic}}", "lorem ipsum").

    Where a template, a letter or code was asked for they belong there.
    """
    asked = ""
    for i, turn in enumerate(conversation.turns):
        if turn.role == "user":
            asked = turn.content
        elif turn.role == "assistant" and (
            "[" in turn.content or "{{" in turn.content or _LIKELY.search(turn.content)
        ):
            found = _PLACEHOLDER.search(_CODE.sub("", turn.content))
            if found and not _WANTS_TEMPLATE.search(asked) and not _PLACEHOLDER.search(asked):
                return Finding(f"an unfilled blank: {found[0][:40]}", i)
    return None


_LIKELY = re.compile(r"lorem|TODO|XXX|<insert|<your|【", re.IGNORECASE)

_EAST_ASIAN = re.compile(r"[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_NAMES_LANGUAGE = re.compile(
    r"translat|english|chinese|french|german|spanish|italian|japanese|korean|russian|portuguese|latin|language|pinyin"
    r"|翻译|英文|英语|中文|汉语|法语|德语|日语|日文|韩语|俄语|西班牙语|拼音|单词",
    re.IGNORECASE,
)
_LONG_ENOUGH = 80


def other_language(conversation: Conversation) -> Finding | None:
    """An answer in another language than the question, where no language was asked for."""
    for i, (asked, said) in enumerate(pairwise(conversation.turns), 1):
        if (
            asked.role == "user"
            and said.role == "assistant"
            and said.content
            and _differs(asked.content, said.content)
        ):
            return Finding("the answer is in another language than the question", i)
    return None


def _differs(asked: str, said: str) -> bool:
    if asked.isascii() and said.isascii():
        return False  # two Latin languages without a single accent: too short or too rare to tell
    east = [len(_EAST_ASIAN.findall(text[:1000])) for text in (asked, said)]
    latin = [len(_LATIN_WORD.findall(_CODE.sub("", text[:1000]))) for text in (asked, said)]
    if _NAMES_LANGUAGE.search(asked):
        return False
    if east[0] >= 4 and latin[0] * 3 < east[0]:
        return east[1] == 0 and latin[1] >= 3
    if not east[0]:
        if east[1] >= 4 and latin[1] * 3 < east[1]:
            return latin[0] >= 3
        if len(asked) >= _LONG_ENOUGH and len(said) >= _LONG_ENOUGH and not east[1]:
            one, other = detect_languages([asked, _CODE.sub("", said)])
            return bool(one and other) and one != other
    return False


def length_limits(params: Mapping[str, Any]) -> Check:
    """Return a rule for last answers shorter or longer than so many characters."""
    least, most = int(params.get("least", 0)), int(params.get("most", 0))
    if least < 0 or most < 0 or (most and most < least):
        raise PlanError(f"no length lies between {least} and {most}", "give least ≤ most; 0 is no limit")

    def check(conversation: Conversation) -> Finding | None:
        at = last_answer(conversation)
        if at is None:
            return None
        n = len(conversation.turns[at].content.strip())
        if n < least:
            return Finding(f"the answer has {n} characters, fewer than {least}", at)
        return Finding(f"the answer has {n:,} characters, more than {most:,}", at) if most and n > most else None

    return check


PROFANITY = (
    "fuck*", "shit*", "bitch*", "bastard*", "asshole*", "cunt*", "motherfuck*", "wanker*",
    "傻逼", "操你", "妈的", "他妈的", "滚蛋", "狗屎",
)  # fmt: skip
"""A beginning; what counts depends on the house. `*` stands for any ending."""


def word_list(params: Mapping[str, Any]) -> Check:
    """Return a rule for answers that hold one of the words in `words`."""
    words: Sequence[str] = [str(w).strip() for w in params.get("words", PROFANITY) if str(w).strip()]
    latin = [re.escape(w.rstrip("*")) + (r"\w*" if w.endswith("*") else "") for w in words if w.isascii()]
    other = [re.escape(w.rstrip("*")) for w in words if not w.isascii()]
    parts = ([rf"\b(?:{'|'.join(latin)})\b"] if latin else []) + other
    pattern = re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)

    def check(conversation: Conversation) -> Finding | None:
        for i, turn in enumerate(conversation.turns):
            found = pattern.search(turn.content) if turn.role == "assistant" else None
            if found:
                return Finding(f"holds “{found[0][:30]}”", i)
        return None

    return check
