"""Characters: mojibake, control and zero-width characters, white space."""

from __future__ import annotations

import re

import ftfy

from crlft.conversation import Conversation
from workbench.curate.clean.rule import Finding, fix_texts, outside_code

# C0 but tab, newline and carriage return; DEL; C1; soft hyphen; zero-width space; word joiner and invisible
# operators; bidirectional overrides and isolates; byte order mark; lone surrogates; plane-14 tags (which can hide
# instructions). Zero-width joiners and direction marks stay: emoji, Persian, Hindi, Hebrew and Arabic need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0001\U000e0020-\U000e007f]"
)
_FLAG_EMOJI = re.compile("\U0001f3f4[\U000e0020-\U000e007f]+")

_LINE_END = re.compile(r"\r\n?|[\u2028\u2029\u0085]")
_FIRST_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")
_ODD_SPACE = re.compile("[\u00a0\u2000-\u200a\u202f\u205f]")
# Two blanks at a line's end are Markdown for a line break: they stay.
_TRAILING = re.compile(r"(?<! ) (?=\n)|[ \t]{3,}(?=\n)|\t+(?=\n)")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}(?=\n)")
# French puts narrow spaces before signs and inside quotes; figures are grouped by them.
_FRENCH_SPACE = re.compile("[\u00a0\u202f](?=[;:!?»%€])|(?<=«)[\u00a0\u202f]|(?<=\\d)[\u00a0\u202f](?=\\d{3})")


def mojibake(conversation: Conversation) -> Finding | None:
    """Text decoded with the wrong encoding (`cafÃ©`, `ä½ å¥½`), restored by ftfy."""
    return fix_texts(conversation, _restore, "text was decoded with the wrong encoding")


def _restore(text: str) -> str:
    if text.isascii():
        return text
    # Line by line: a healthy line of Chinese must not keep a broken one from being restored. Not splitlines,
    # which also cuts at \x85, a byte of many broken characters.
    return "\n".join(line if line.isascii() else ftfy.fix_encoding(line) for line in text.split("\n"))


def control_characters(conversation: Conversation) -> Finding | None:
    """Control, zero-width and other invisible characters, taken out."""
    return fix_texts(conversation, _visible, "holds invisible or control characters")


def _visible(text: str) -> str:
    if not _INVISIBLE.search(text):
        return text
    kept = _FLAG_EMOJI.findall(text)
    if not kept:
        return _INVISIBLE.sub("", text)
    pieces = _FLAG_EMOJI.split(text)
    cleaned = [_INVISIBLE.sub("", piece) for piece in pieces]
    return "".join(piece + (kept[i] if i < len(kept) else "") for i, piece in enumerate(cleaned))


def white_space(conversation: Conversation) -> Finding | None:
    """Blanks around a turn and at line ends, odd line ends and spaces, runs of blank lines."""
    return fix_texts(conversation, _tidy, "has stray blanks or blank lines")


def _tidy(text: str) -> str:
    # Leading blanks may indent the first line of code; only blank lines go there.
    if "\r" in text or not text.isascii():
        text = _LINE_END.sub("\n", text)
    text = _FIRST_LINES.sub("", text)
    text = outside_code(text, _tidy_prose).rstrip()
    return text if text.startswith(("    ", "\t")) else text.lstrip(" \t")


def _tidy_prose(text: str) -> str:
    if not text.isascii():
        text = _plain_spaces(text)
    if " \n" in text or "\t\n" in text:
        text = _TRAILING.sub("", text)
    return _BLANK_LINES.sub("\n", text) if "\n\n\n" in text or "\n  \n" in text else text


def _plain_spaces(text: str) -> str:
    """Turn typographic spaces into plain ones, except where French or number typography wants them."""
    wanted = {m.start() for m in _FRENCH_SPACE.finditer(text)}
    return _ODD_SPACE.sub(lambda m: m[0] if m.start() in wanted else " ", text)
