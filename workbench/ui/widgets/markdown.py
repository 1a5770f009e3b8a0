"""Markdown from data as HTML that can do nothing: tags are text, links are named, images are not loaded.

Fenced code is highlighted (Pygments' token classes; colours in `workbench.css`). `st.html` cleans once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LONGEST_CODE = 8_000
"""Characters beyond which code stays uncoloured: a hostile lexer input must not hold the page."""

Mark = Callable[[str], str]
"""Escapes a text, marking what was searched for."""


def markdown_html(text: str, mark: Mark = escape) -> str:
    """Return a text's Markdown as HTML."""
    return _parser().render(text, {"mark": mark})  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def _parser() -> Any:
    parser: Any = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    # A picture's address would tell its owner who reads what.
    parser.disable(["image", "html_block", "html_inline"])
    parser.renderer.rules.update(text=_text, fence=_fence, code_block=_fence, link_open=_link, link_close=_end)
    return parser


def _text(tokens: Sequence[Token], at: int, _options: object, env: Any) -> str:
    return str(env["mark"](tokens[at].content))


def _link(tokens: Sequence[Token], at: int, _options: object, _env: object) -> str:
    # Shown, never followed: an address in data is not ours to vouch for.
    return f'<span class="wb-link" title="{escape(str(tokens[at].attrs.get("href", "")))}">'


def _end(_tokens: Sequence[Token], _at: int, _options: object, _env: object) -> str:
    return "</span>"


def _fence(tokens: Sequence[Token], at: int, _options: object, env: Any) -> str:
    token = tokens[at]
    language = token.info.split()[0] if token.info.split() else ""
    code = code_html(token.content.rstrip(), language, env["mark"])
    return f'<pre class="wb-code" dir="ltr"><code>{code}</code></pre>'


def code_html(code: str, language: str, mark: Mark = escape) -> str:
    """Return code as HTML, coloured where the language is known and nothing in it is to be marked."""
    plain = mark(code)
    if not language or len(code) > LONGEST_CODE or "<mark>" in plain:
        return plain
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return plain
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True))).rstrip("\n")
