"""Which encoding a text is in, found out by its bytes.

UTF-8 is the rule. UTF-16, UTF-32 (with or without a byte order mark) and GB18030, whose second bytes can look like
brackets and backslashes, are recoded before anything is cut; encodings in which ASCII stays ASCII (Latin-1 and its
kin) are decoded row by row, where a row is no UTF-8. So a single stray row cannot spoil a file.
"""

from __future__ import annotations

import codecs
import re

BOMS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""Byte order marks; the longer ones first, because they begin like the shorter."""


def _show(error: UnicodeError) -> tuple[str, int]:
    """Show bytes that are no text as a backslash and `<ff>`: nobody takes that for a letter, as they do `xff`."""
    assert isinstance(error, UnicodeDecodeError)
    return "".join(f"\\<{byte:02x}>" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("crlft-show", _show)

_HIGH = re.compile(rb"[\x80-\xff]")
_GB_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x81-\xfe][0-9][\x81-\xfe][0-9]")
_COMMON = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1\xa3][\xa1-\xfe]")
_NOT_LATIN = ("cp1251", "koi8_r", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1253", "cp1255", "cp1256", "cp874")
_BEGINS = re.compile(rb"[\w\s\[{\"'#/]")
_SAMPLE_BYTES = 1 << 14
_FEW_HIGH = 0.45
_ASCII_SHARE = 0.05


def stream_encoding(head: bytes) -> str | None:
    """Return the encoding that a whole stream must be recoded from, or None where its rows can be cut as they are.

    Args:
        head: The stream's beginning, some kilobytes.
    """
    marked = next((name for mark, name in BOMS.items() if head.startswith(mark)), None)
    if marked is not None:
        return marked
    wide = _wide(head)
    if wide is not None:
        return wide
    if _HIGH.search(head) is None or _mostly_utf8(head):
        return None
    guess = legacy_encoding(head)
    return guess if guess in ("gb18030", "big5", "shift_jis") else None


def _wide(head: bytes) -> str | None:
    """Recognise UTF-16 and UTF-32 without a mark by where the zeros of the first ASCII characters are."""
    zeros = tuple(byte == 0 for byte in head[:8])
    patterns = {
        (False, True, True, True, False, True, True, True): "utf-32-le",
        (True, True, True, False, True, True, True, False): "utf-32-be",
    }
    if zeros in patterns:
        return patterns[zeros]
    even, odd = head[0:256:2].count(0), head[1:256:2].count(0)
    # Brackets, marks and names of fields are ASCII in any language; a stray NUL or two are no sign of UTF-16.
    enough = len(head[:256]) // 2 * _ASCII_SHARE
    if zeros[:2] == (False, True) and odd > max(4 * even, enough) and _BEGINS.match(head):
        return "utf-16-le"
    if zeros[:2] == (True, False) and even > max(4 * odd, enough) and _BEGINS.match(head, 1):
        return "utf-16-be"
    return None


def _mostly_utf8(data: bytes) -> bool:
    """Return whether more characters beyond ASCII are right UTF-8 than wrong; one cut off at the end is none."""
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(data)
    wrong = text.count("\ufffd")
    return sum(not c.isascii() for c in text) - wrong > wrong


def legacy_encoding(data: bytes) -> str:
    """Guess the encoding of bytes that are no UTF-8; `latin-1`, which reads anything, where nothing else fits."""
    sample = data[:_SAMPLE_BYTES] if len(data) > _SAMPLE_BYTES else data
    high = len(_HIGH.findall(sample))
    pairs = [pair for pair in _GB_PAIR.findall(sample) if len(pair) == 2 or pair[1:2].isdigit()]
    common = sum(_COMMON.fullmatch(pair) is not None for pair in pairs)
    if pairs and common >= 0.75 * len(pairs) and 2 * len(pairs) >= 0.9 * high and _nearly_decodes(sample):
        return "gb18030"
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 128)
    if high > _FEW_HIGH * (high + letters) and high >= 8:
        guess = _normalizer_guess(sample)
        if guess is not None and _decodes(sample, guess):
            return guess
    return "cp1252" if _decodes(sample, "cp1252") else "latin-1"


def _normalizer_guess(sample: bytes) -> str | None:
    """Ask charset-normalizer about scripts other than Latin and Chinese."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=list(_NOT_LATIN), enable_fallback=False).best()
    return best.encoding if best is not None else None


def _decodes(data: bytes, encoding: str) -> bool:
    """Return whether bytes are text of an encoding, but for a character cut off at the end."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _nearly_decodes(data: bytes) -> bool:
    """Return whether bytes are GB18030 but for a few damaged characters."""
    text = codecs.getincrementaldecoder("gb18030")("replace").decode(data)
    return 20 * text.count("\ufffd") <= len(text)


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return a row's text, and the name of the repair where it is no UTF-8.

    Bytes that are no text in a row that is otherwise UTF-8 become U+FFFD; in other encodings they are shown as
    a backslash and `<ff>`.
    """
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    if _mostly_utf8(data):
        return data.decode("utf-8", "replace"), ("broken-utf-8",)
    encoding = legacy_encoding(data)
    return data.decode(encoding, "crlft-show"), (f"encoding-{encoding}",)
