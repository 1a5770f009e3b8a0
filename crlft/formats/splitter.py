"""Cuts a stream of JSON text into the elements of its array, or its objects in sequence, without parsing them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

import orjson

from crlft.formats.jsontext import parse

MAX_ROW_BYTES = 64 << 20
"""The longest row that is read; more is a file that lacks a quotation mark or a bracket somewhere."""

_READ_BYTES = 1 << 20
# White space, commas, and whole comments.
_BETWEEN = re.compile(rb'(?:[\s,]+|(?://|#)[^\n"]*\n|/\*[^"]*?\*/)*+')
_COMMENT_STARTS = (b"/", b"#")
# All up to a bracket, or up to a string whose end is not here yet; whole strings are passed over.
_TOKEN = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([{}\[\]"])', re.DOTALL)
# The same for rows as Python or JavaScript write them, whose texts may stand in single quotes.
_TOKEN_EITHER = re.compile(
    rb"""(?:[^"'{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+')*+([{}\[\]"'])""", re.DOTALL
)
_HANDMADE = re.compile(rb"\{\s*(?:'|\w+\s*:)")
_OPENING = frozenset(b"{[")
_QUOTES = frozenset(b"\"'")
_FIRST_KEY = re.compile(rb"""\{\s*("[^"\\]+"|'[^'\\]+'|[A-Za-z_]\w*)\s*:""")
_MOST_KEYS = 8
_BETWEEN_BYTES, _ARRAY_END = b", \t\r\n", b", \t\r\n]"
_LINE_FAULTS = 3
_LONGEST_LINE = 1 << 16
_SUSPICIOUS_BYTES = 4 << 20
_BARE = re.compile(rb"[^\s,\]]+")


def too_long(length: int) -> str:
    """Say that a row is too long to be read."""
    return f"the row is {length >> 20} MB long; up to {MAX_ROW_BYTES >> 20} MB can be read"


class TooLong(ValueError):
    """A row is longer than `MAX_ROW_BYTES`.

    Attributes:
        head: The row's beginning.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(
            f"the row is longer than {MAX_ROW_BYTES >> 20} MB: a quotation mark or a bracket is missing,"
            " and the rest of the file cannot be told apart"
        )
        self.head = data[:20_000]


class Elements:
    """The elements of a JSON array, or the objects of a sequence, as bytes, in order.

    What is left at the end of a truncated file comes as the last element. An element that lacks a bracket or a
    quotation mark swallows those behind it; they are found again by the keys that elements begin with:
    by `resplit` for an element that ends somewhere, here for one that does not.

    Raises:
        TooLong: While iterating: an element does not end, and nothing behind it can be found.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._window = _Window(stream)
        self._keys: list[bytes] = []
        self._start: re.Pattern[bytes] | None = None
        self._line_faults = 0

    def __iter__(self) -> Iterator[bytes]:
        window = self._window
        window.skip_between()
        in_array = window.startswith(b"[")
        if in_array:
            window.advance(1)
            window.skip_between()
        if window.matches(_HANDMADE):
            window.token = _TOKEN_EITHER
        while True:
            window.skip_between()
            if not window.more():
                return
            if in_array and window.startswith(b"]"):
                window.advance(1)
                in_array = False
                continue
            yield self._one_line() or window.take_element(self._start)

    def _one_line(self) -> bytes:
        """Return the element if it is all of a line, as many writers have it: cheaper than looking for its end."""
        if self._line_faults > _LINE_FAULTS:
            return b""
        element = self._window.take_line()
        self._line_faults = 0 if element else self._line_faults + 1
        return element

    def learn(self, element: bytes) -> None:
        """Remember the key that a sound element begins with."""
        match = _FIRST_KEY.match(element)
        if match is None or match[1] in self._keys or len(self._keys) == _MOST_KEYS:
            return
        self._keys.append(match[1])
        self._start = _beginning(self._keys)

    def resplit(self, element: bytes) -> list[bytes]:
        """Cut an element that is no JSON where another one seems to begin inside it.

        Where no sound element has shown yet how they begin, the key that saves most is taken.
        """
        if self._start is not None:
            return _split_at(self._start, element)
        keys = list(dict.fromkeys(m[1] for m in _FIRST_KEY.finditer(element)))[:_MOST_KEYS]
        options = [_split_at(_beginning([key]), element) for key in keys]
        return max(options, key=_saved, default=[element])


def _beginning(keys: Sequence[bytes]) -> re.Pattern[bytes]:
    """Return a pattern for the beginning of an element whose first key is one of these."""
    return re.compile(rb"(?<=[,\s\[])\{\s*(?:" + b"|".join(map(re.escape, keys)) + rb")\s*:")


def _split_at(start: re.Pattern[bytes], element: bytes) -> list[bytes]:
    cuts = [0, *(m.start() for m in start.finditer(element, 1)), len(element)]
    if len(cuts) == 2:
        return [element]
    # The bracket that was lacking was taken from the array, whose own then stands behind the last row.
    return [element[a:b].rstrip(_ARRAY_END if b == len(element) else _BETWEEN_BYTES) for a, b in pairwise(cuts)]


def _saved(pieces: Sequence[bytes]) -> int:
    """Return how many bytes of the pieces are JSON."""
    saved = 0
    for piece in pieces:
        with suppress(ValueError, RecursionError):
            parse(piece)
            saved += len(piece)
    return saved


class _Window:
    """The part of the stream that is looked at."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._data = b""
        self._at = 0
        self.token = _TOKEN

    def more(self) -> bool:
        """Return whether anything is left, reading on if need be."""
        return self._at < len(self._data) or self._fill()

    def startswith(self, prefix: bytes) -> bool:
        return self._data.startswith(prefix, self._at)

    def matches(self, pattern: re.Pattern[bytes]) -> bool:
        """Return whether what comes next matches a pattern; a few hundred bytes are there."""
        return pattern.match(self._data, self._at) is not None

    def advance(self, count: int) -> None:
        self._at += count

    def skip_between(self) -> None:
        """Move past white space and commas."""
        while self.more():
            match = _BETWEEN.match(self._data, self._at)
            assert match is not None
            self._at = match.end()
            # A comment whose end is not here yet looks like the beginning of an element.
            left = len(self._data) - self._at
            cut_comment = self._data.startswith(_COMMENT_STARTS, self._at) and left < _READ_BYTES
            if left and not (cut_comment and self._fill()):
                return

    def take_line(self) -> bytes:
        """Return the object that fills the rest of this line and move past it, or nothing."""
        end = self._data.find(b"\n", self._at, self._at + _LONGEST_LINE)
        if end < 0 or not self.startswith(b"{"):
            return b""
        line = self._data[self._at : end].rstrip(_BETWEEN_BYTES)
        try:
            orjson.loads(line)
        except orjson.JSONDecodeError:
            return b""
        return self._cut(self._at + len(line))

    def take_element(self, start: re.Pattern[bytes] | None) -> bytes:
        """Return the element that begins here and move past it.

        Args:
            start: What another element begins with; one that does not end is cut there.
        """
        if self._data[self._at : self._at + 1] not in b'{["':
            return self._take_bare()
        depth, scan = 0, self._at
        while True:
            data = self._data
            while (token := self.token.match(data, scan)) is not None:
                sign, scan = data[token.end() - 1], token.end()
                if sign in _QUOTES:  # this string's end is not here yet
                    scan -= 1
                    break
                depth += 1 if sign in _OPENING else -1
                if depth <= 0:
                    return self._cut(scan)
            else:
                scan = len(data)
            length, scan = len(self._data) - self._at, scan - self._at
            next_one = start.search(self._data, self._at + 1) if start and length > _SUSPICIOUS_BYTES else None
            if next_one is not None:
                return self._cut(next_one.start())
            if length > MAX_ROW_BYTES:
                raise TooLong(self._data[self._at :])
            if not self._fill():
                return self._cut(len(self._data))
            scan += self._at

    def _take_bare(self) -> bytes:
        """Return a number, a word, or whatever stands there up to the next comma, bracket or white space."""
        while True:
            match = _BARE.match(self._data, self._at)
            end = match.end() if match is not None else self._at + 1
            if end < len(self._data) or not self._fill():
                return self._cut(end)

    def _cut(self, end: int) -> bytes:
        element = self._data[self._at : end]
        self._at = end
        return element

    def _fill(self) -> bool:
        """Read on: at least as much again as is kept, so that scanning stays linear."""
        kept = self._data[self._at :]
        new = self._stream.read(max(_READ_BYTES, len(kept)))
        self._data, self._at = kept + new, 0
        return bool(new)
