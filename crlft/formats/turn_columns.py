"""Lists of turns under foreign names: which field says whose a turn is, which holds its text, which word is whose.

guess_turns(rows, "talk")    # {"role_field": "who", "text_field": "says", "roles": {"clerk": "assistant", …}}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crlft.formats.columns import get_column
from crlft.formats.turns import ROLE_NAMES, TEXT_FIELDS

MOST_WORDS = 12
"""Of more different words, none is a role's name."""
_LONGEST_WORD = 40
_USUAL = ("role", "from")
_WHOSE = ("speaker", "who", "author", "sender", "name", "type", "by", "side", "actor")
_USER = frozenset(
    {"customer", "client", "caller", "visitor", "guest", "patient", "student", "question", "asker", "q", "me",
     "用户", "客户", "顾客", "提问", "问"}
)  # fmt: skip
_ASSISTANT = frozenset(
    {"agent", "clerk", "ai", "llm", "expert", "doctor", "teacher", "tutor", "support", "staff", "answer", "reply",
     "a", "助手", "客服", "机器人", "回答", "答", "专家", "医生"}
)  # fmt: skip


def turn_fields(rows: Sequence[Any], column: str) -> list[str]:
    """Return the fields of the turns in a column, in order; none where its turns are no objects."""
    return list(dict.fromkeys(name for turn in _turns(rows, column) for name in turn))


def role_words(rows: Sequence[Any], column: str, field: str) -> list[str]:
    """Return the words that stand in a turn's field, in order; none where they are too many or too long."""
    words: dict[str, None] = {}
    for turn in _turns(rows, column):
        word = turn.get(field)
        if isinstance(word, str):
            words[word] = None
        if len(words) > MOST_WORDS or (isinstance(word, str) and len(word) > _LONGEST_WORD):
            return []
    return list(words)


def guess_turns(rows: Sequence[Any], column: str) -> dict[str, Any]:
    """Return a first proposal for the turns of a column: fields of `crlft.formats.mapping.ColumnMapping`.

    What is called as usual (`role`, `content`, `user`, …) is left out: it is understood anyway.
    """
    fields = turn_fields(rows, column)
    found: dict[str, Any] = {}
    if fields and not any(name in fields for name in _USUAL):
        short = [name for name in fields if 0 < len(role_words(rows, column, name))]
        named = next((name for likely in _WHOSE for name in short if name.lower() == likely), None)
        whose = named or min(short, key=lambda name: len(role_words(rows, column, name)), default="")
        if whose:
            found["role_field"] = whose
    if fields and not any(name in fields for name in TEXT_FIELDS):
        lengths: Counter[str] = Counter()
        for turn in _turns(rows, column):
            texts = {name: value for name, value in turn.items() if isinstance(value, str)}
            lengths.update({n: len(text) for n, text in texts.items() if n != found.get("role_field")})
        if lengths:
            found["text_field"] = lengths.most_common(1)[0][0]
    whose = found.get("role_field") or next((name for name in _USUAL if name in fields), "")
    roles = guess_roles(role_words(rows, column, whose))
    return {**found, "roles": roles} if roles else found


def guess_roles(words: Sequence[str]) -> dict[str, str]:
    """Return a role for each word that is none by itself: by its meaning, else who speaks first is the user."""
    roles: dict[str, str] = {}
    taken = {role for word in words if (role := _known(word))}
    foreign = [word for word in words if word.strip().lower() not in ROLE_NAMES]
    for word in foreign:
        known = _known(word)
        if known:
            roles[word] = known
            continue
        free = next((role for role in ("user", "assistant") if role not in taken), "user")
        roles[word] = free
        taken.add(free)
    return roles


def _known(word: str) -> str | None:
    said = word.strip().lower()
    if said in _USER:
        return "user"
    return "assistant" if said in _ASSISTANT else ROLE_NAMES.get(said)


def _turns(rows: Sequence[Any], column: str) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        value = get_column(row, column) if isinstance(row, Mapping) else None
        if isinstance(value, list):
            yield from (turn for turn in value if isinstance(turn, Mapping))
