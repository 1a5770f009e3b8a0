"""Remnants of web pages and of the programs a conversation was copied from."""

from __future__ import annotations

import html
import re

from crlft.conversation import Conversation
from workbench.curate.clean.rule import Finding, fix_texts, outside_code

_TAG_NAMES = (
    "p|br|div|span|b|i|em|strong|u|a|ul|ol|li|h[1-6]|table|thead|tbody|tr|td|th|font|center|hr|section|article|img"
)
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:\s[^<>]{{0,300}})?\s*/?>", re.IGNORECASE)
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|ensp|emsp|hellip|mdash|ndash|lsquo|rsquo|ldquo|rdquo|middot|bull|copy|reg|trade"
    r"|#\d{2,6}|#x[0-9a-fA-F]{2,5});"
)
_BREAK = re.compile(
    r"<(?:br|hr)\b[^<>]{0,300}>|</(?:p|div|h[1-6]|tr|li|ul|ol|table|section|article)\s*>", re.IGNORECASE
)
_ITEM = re.compile(r"<li\b[^<>]{0,300}>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\s*>\s*<t[dh]\b[^<>]{0,300}>", re.IGNORECASE)

ROUNDS = 5
"""Texts scraped twice hold entities of entities (`&amp;nbsp;`)."""

# Where markup is what the conversation is about, it is no remnant.
_ABOUT_MARKUP = re.compile(
    r"\b(?:html\d?|xhtml|xml|css|jsx|svg|markup|markdown|tags?|web ?(?:page|site)s?|javascript|typescript|react"
    r"|vue|php|jsp|dom|selectors?|hyperlinks?|snippets?|entit(?:y|ies)|escap(?:e|ed|ing))\b|网页|标签|网站|代码|前端|转义",
    re.IGNORECASE,
)
_PROGRAM = re.compile(
    r"<(?:!doctype|html|head|body|script|style|form|input|button|template|\?php|\?xml)\b", re.IGNORECASE
)


def html_remnants(conversation: Conversation) -> Finding | None:
    """HTML tags and entities left from a web page, turned into plain text.

    Conversations about markup are left alone, and so is Markdown code.
    """
    if not any("<" in t.content or "&" in t.content for t in conversation.turns) or _about_markup(conversation):
        return None
    return fix_texts(conversation, lambda text: outside_code(text, _plain), "holds HTML tags or entities")


def _about_markup(conversation: Conversation) -> bool:
    return any(
        _PROGRAM.search(t.content) or (t.role != "assistant" and _ABOUT_MARKUP.search(_TAG.sub(" ", t.content)))
        for t in conversation.turns
    )


def _plain(text: str) -> str:
    if not (_TAG.search(text) or _ENTITY.search(text)):
        return text
    for _ in range(ROUNDS):
        before, text = text, _strip_once(text)
        if text == before:
            break
    return re.sub(r"\n[ \t]*\n(?:[ \t]*\n)+", "\n\n", text).strip()


def _strip_once(text: str) -> str:
    text = _CELL.sub(" | ", _ITEM.sub("- ", _BREAK.sub("\n", text)))
    return _ENTITY.sub(lambda m: html.unescape(m[0]).replace("\u00a0", " "), _TAG.sub("", text))


# Whole lines only: "click Copy code" inside a sentence is somebody's words.
_BUTTONS = re.compile(
    r"(?:\w{0,12}copy code|copy to clipboard|regenerate(?: response)?|stop generating|continue generating"
    r"|share prompt|share conversation|new chat|upgrade to plus|view shared (?:link|conversation)"
    r"|was this response better or worse\?"
    r"|(?:chatgpt|bing|bard|claude|gemini) (?:can|may) (?:make mistakes|display inaccurate info)\b.*"
    r"|free research preview\..*|this content may violate our (?:content policy|usage policies)\..*"
    r"|model: default(?: \(.{1,20}\))?|https?://(?:chat\.openai\.com|chatgpt\.com|sharegpt\.com)/(?:share|c)/\S+"
    r"|复制代码|复制|重新生成(?:回答|回复)?|停止生成|继续生成|分享(?:对话|提示词)|新建?聊天|新对话)\.?",
    re.IGNORECASE,
)
_PAGER = re.compile(r"(?:< ?)?\d{1,2} / \d{1,2}(?: ?>)?")


def interface_remnants(conversation: Conversation) -> Finding | None:
    """Buttons and page counters of a chat program ("Copy code", "Regenerate response", "2 / 2"), taken out."""
    return fix_texts(conversation, _without_buttons, "holds buttons of the program it was copied from")


def _without_buttons(text: str) -> str:
    lines = text.split("\n")
    kept = [line for line in lines if not _BUTTONS.fullmatch(line.strip())]
    removed = len(kept) != len(lines)
    while kept and not kept[-1].strip():
        kept.pop()
    while len(kept) > 1 and _is_counter(kept):
        kept.pop()
        removed = True
        while kept and not kept[-1].strip():
            kept.pop()
    return "\n".join(kept) if removed else text


def _is_counter(lines: list[str]) -> bool:
    """Whether the last line is a page counter; behind a colon or an equals sign it is a fraction."""
    before = next((line.rstrip() for line in reversed(lines[:-1]) if line.strip()), "")
    return bool(_PAGER.fullmatch(lines[-1].strip())) and not before.endswith((":", "：", "=", "is", "为", "是"))
