r"""JSON as people and programs write it by hand: read where it is clear what was meant, with every repair named.

| repair | example |
|---|---|
| `trailing-comma` | `{"a": 1,}` |
| `comment` | `{"a": 1 /* one */}`, `// …` and `# …` to the end of the line; not around a `"` |
| `single-quotes` | `{'a': 'b'}`, as Python prints it |
| `python-literal` | `True`, `False`, `None` (and `undefined`) |
| `not-a-number` | `NaN`, `Infinity`: null |
| `bare-key` | `{a: 1}` |
| `bad-escape` | `"50\% \_"`: an escape that JSON does not know stays as it is |
| `control-character` | a line break inside a text |
| `missing-comma` | `[{…} {…}]`, as numpy prints a list |
| `duplicate-key` | the same key twice with the same value |

Nothing is guessed: a bracket or quotation mark that is missing, and a key that stands twice with different values,
are errors.
"""

from __future__ import annotations

import re
from typing import Any

MAX_TEXT = 8 << 20
"""Longer rows are not mended (characters)."""

_SPACE = re.compile(r"\s*")
# What has a quotation mark in it may be data that a stray sign put out of sight.
_COMMENT = re.compile(r'(?://|#)[^\n"]*(?=\n|\Z)|/\*[^"]*?\*/')
_STRING = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"|\'([^\'\\]*+(?:\\.[^\'\\]*+)*+)\'', re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:Infinity|inf\b|\d[\d.eE+-]*)")
_NAME = re.compile(r"[^\W\d][\w$-]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f]")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "/": "/"}
_WORDS = {
    "true": (True, None), "false": (False, None), "null": (None, None),
    "True": (True, "python-literal"), "False": (False, "python-literal"), "None": (None, "python-literal"),
    "undefined": (None, "python-literal"), "NaN": (None, "not-a-number"), "nan": (None, "not-a-number"),
}  # fmt: skip


class DuplicateKey(ValueError):
    """A key stands twice in an object, with different values."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the key {key[:40]!r} stands twice, with different values")


def parse_lenient(text: str, repairs: set[str], *, max_depth: int) -> Any:
    """Return the value of a JSON-like text and add the names of the repairs.

    Raises:
        ValueError: It is not clear what was meant, or the text is too long.
        RecursionError: It is nested more deeply than `max_depth`.
    """
    if len(text) > MAX_TEXT:
        raise ValueError("the row is too long to be mended")
    parser = _Parser(text, repairs, max_depth)
    value = parser.value(0)
    parser.skip()
    if text.startswith(",", parser.at):
        repairs.add("trailing-comma")
        parser.at += 1
        parser.skip()
    if parser.at < len(text):
        raise ValueError(f"there is more text behind the value, at character {parser.at + 1}")
    return value


class _Parser:
    def __init__(self, text: str, repairs: set[str], max_depth: int) -> None:
        self.text, self.repairs, self.max_depth = text, repairs, max_depth
        self.at = 0

    def skip(self) -> None:
        """Move past white space and comments."""
        while True:
            match = _SPACE.match(self.text, self.at)
            assert match is not None
            self.at = match.end()
            comment = _COMMENT.match(self.text, self.at)
            if comment is None:
                return
            self.repairs.add("comment")
            self.at = comment.end()

    def value(self, depth: int) -> Any:
        self.skip()
        if depth > self.max_depth:
            raise RecursionError
        first = self.text[self.at : self.at + 1]
        if first == "{":
            return self._object(depth)
        if first == "[":
            return self._array(depth)
        if first in ('"', "'"):
            return self._string()
        return self._word() if first.isalpha() else self._number()

    def _object(self, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        self.at += 1
        while not self._closes("}"):
            key = self._key()
            self.skip()
            if not self.text.startswith(":", self.at):
                raise self._error("a colon")
            self.at += 1
            value = self.value(depth + 1)
            if key in result:
                if result[key] != value:
                    raise DuplicateKey(key)
                self.repairs.add("duplicate-key")
            result[key] = value
            self._comma("}", lenient=False)
        return result

    def _array(self, depth: int) -> list[Any]:
        result: list[Any] = []
        self.at += 1
        while not self._closes("]"):
            result.append(self.value(depth + 1))
            self._comma("]", lenient=isinstance(result[-1], dict))
        return result

    def _closes(self, bracket: str) -> bool:
        self.skip()
        if not self.text.startswith(bracket, self.at):
            return False
        self.at += 1
        return True

    def _comma(self, bracket: str, *, lenient: bool) -> None:
        """Move past the comma behind an element, which is missing at most where objects follow each other."""
        self.skip()
        if self.text.startswith(",", self.at):
            self.at += 1
            self.skip()
            if self.text.startswith(bracket, self.at):
                self.repairs.add("trailing-comma")
        elif lenient and self.text.startswith("{", self.at):
            self.repairs.add("missing-comma")
        elif not self.text.startswith(bracket, self.at):
            raise self._error(f"a comma or {bracket}")

    def _key(self) -> str:
        if self.text[self.at : self.at + 1] in ('"', "'"):
            return self._string()
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise self._error("a key")
        self.repairs.add("bare-key")
        self.at = match.end()
        return match[0]

    def _string(self) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            raise self._error("the end of a text")
        self.at = match.end()
        if match[2] is not None:
            self.repairs.add("single-quotes")
        body = match[1] if match[2] is None else match[2]
        if _CONTROL.search(body):
            self.repairs.add("control-character")
        if "\\" not in body:
            return body
        text = _ESCAPE.sub(self._unescaped, body)
        # Two escaped halves of one character become that character.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

    def _unescaped(self, match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 1:
            return chr(int(escape[1:], 16))
        if escape == "\n":  # Python's continued line
            return ""
        if escape not in _PLAIN:
            self.repairs.add("bad-escape")
            return match[0]
        return _PLAIN[escape]

    def _word(self) -> Any:
        match = _NAME.match(self.text, self.at)
        word = match[0] if match is not None else ""
        if word not in _WORDS:
            return self._number()
        self.at += len(word)
        value, repair = _WORDS[word]
        if repair is not None:
            self.repairs.add(repair)
        return value

    def _number(self) -> Any:
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            raise self._error("a value")
        self.at = match.end()
        text = match[0]
        if "inf" in text.lower():
            self.repairs.add("not-a-number")
            return None
        return int(text) if text.lstrip("+-").isdigit() else float(text)

    def _error(self, expected: str) -> ValueError:
        near = self.text[max(self.at - 15, 0) : self.at + 15]
        return ValueError(f"{expected} is missing at character {self.at + 1}, near {near!r}")
