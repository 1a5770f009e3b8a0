"""What is derived from a conversation's text on arrival and after each edit: hashes, counts, language.

    measures = measure_many(conversations)        # one pass over a batch: tokens are counted together
    uid = content_uid(conversation)

Hashes are BLAKE2b, 16 hexadecimal characters (64 bits: two of a million different texts collide once in forty
million projects).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import orjson

from crlft.conversation import Conversation, Turn
from workbench.curate import textloops
from workbench.curate.language import MAX_CHARACTERS, detect_language, detect_languages
from workbench.curate.tokens import TokenCounter, count_tokens, default_counter

__all__ = [
    "Measures",
    "answer_hash",
    "content_uid",
    "count_tokens",
    "detect_language",
    "language_of",
    "measure",
    "measure_many",
    "normalise",
    "prompt_hash",
]

_SEPARATOR = "\x1f"
_ASCII = bytes(range(128))
_FOLDED = np.arange(256, dtype=np.uint8)
_FOLDED[:128] = [32 if chr(b).isspace() else ord(chr(b).lower()) for b in range(128)]
"""What each byte becomes: white space of ASCII a space, capitals small letters, all beyond ASCII itself."""
_JOIN_NOTHING = (
    ("\u0080", "\u02ff"),
    ("\u2010", "\u20cf"),
    ("\u2100", "\u22ff"),
    ("\u3001", "\u3002"),
    ("\u3400", "\u9fff"),
    ("\U0001f300", "\U0001faff"),
)
"""First and last signs of blocks in which none combines with its neighbours."""
_AT_ONCE_BYTES = 1 << 18
_NOT_CONTENT = frozenset({"class", "coarse_reward"})


class Measures(NamedTuple):
    """What a record holds about its conversation's text.

    Attributes:
        n_turns: Number of turns.
        n_tokens: Tokens of all turns, with one for each end of turn.
        supervised_tokens: Tokens of the assistant turns that are not excluded, with their end of turn.
        prompt_hash: As `prompt_hash`.
        answer_hash: As `answer_hash`.
        language: As `language_of`.
        turn_rewards: (index of the turn, its own reward, its supervised tokens) of the answers that have one.
    """

    n_turns: int
    n_tokens: int
    supervised_tokens: int
    prompt_hash: str
    answer_hash: str
    language: str
    turn_rewards: tuple[tuple[int, float, int], ...] = ()


def normalise(text: str) -> str:
    """Return a text as it is compared: NFKC, case folded, runs of white space as one space, trimmed."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def _hash_texts(texts: Sequence[str]) -> list[str]:
    """Return the hash of each text, normalised; most texts are folded many at once, byte by byte."""
    hashes = [""] * len(texts)
    together: list[tuple[int, bytes]] = []
    size = 0
    for i, text in enumerate(texts):
        data = text.encode() if text.isascii() else _foldable(text)
        if data is None:
            hashes[i] = _digest(normalise(text).encode("utf-8", "replace"))
            continue
        together.append((i, data))
        size += len(data)
        if size > _AT_ONCE_BYTES:
            _hash_bytes(together, hashes)
            together, size = [], 0
    _hash_bytes(together, hashes)
    return hashes


def _foldable(text: str) -> bytes | None:
    """Return a text as UTF-8 whose signs beyond ASCII are as `normalise` leaves them, None where they may join."""
    try:
        data = text.encode()
    except UnicodeEncodeError:  # lone surrogates
        return None
    for sign in set(data.translate(None, _ASCII).decode()):
        form = _form(sign)
        if form is None:
            return None
        if form != sign:
            data = data.replace(sign.encode(), form.encode())
    return data


@cache
def _form(sign: str) -> str | None:
    """Return what a sign becomes beside any other, None where that depends on the signs beside it."""
    if sign.isspace():
        return " "
    form = unicodedata.normalize("NFKC", sign)
    return form.casefold() if all(map(_joins_nothing, (sign, *form))) else None


def _joins_nothing(sign: str) -> bool:
    return sign.isascii() or any(first <= sign <= last for first, last in _JOIN_NOTHING)


def _hash_bytes(together: Sequence[tuple[int, bytes]], hashes: list[str]) -> None:
    data = b"".join([text for _, text in together])
    ends = np.cumsum([len(text) for _, text in together], dtype=np.int64)
    out, out_ends = np.empty(len(data), dtype=np.uint8), np.empty(len(together), dtype=np.int64)
    textloops.fold_texts(np.frombuffer(data, dtype=np.uint8), ends, _FOLDED, out, out_ends)
    folded = out.data
    start = 0
    for (i, _), end in zip(together, out_ends.tolist(), strict=True):
        hashes[i] = _digest(folded[start:end])
        start = end


def _digest(data: bytes | memoryview) -> str:
    return blake2b(data, digest_size=8).hexdigest()


def _answer_index(turns: Sequence[Turn]) -> int:
    """Return the index of the last assistant turn, or the number of turns if there is none."""
    for i in range(len(turns) - 1, -1, -1):
        if turns[i].role == "assistant":
            return i
    return len(turns)


def prompt_hash(conversation: Conversation) -> str:
    """Return the hash of everything before the last answer, normalised; equal prompts share it."""
    return _hash_turns(conversation.turns[: _answer_index(conversation.turns)])


def _hash_turns(turns: Sequence[Turn]) -> str:
    parts = [f"{t.role}:{normalise(_spoken(t))}" for t in turns]
    return _digest(_SEPARATOR.join(parts).encode("utf-8", "replace"))


def answer_hash(conversation: Conversation) -> str:
    """Return the hash of the last answer, normalised; empty where nobody answered."""
    turns = conversation.turns
    at = _answer_index(turns)
    return _hash_texts([_spoken(turns[at])])[0] if at < len(turns) else ""


def _spoken(turn: Turn) -> str:
    """Return a turn's text with the calls it makes: two turns that call different tools are not the same."""
    if not turn.tool_calls:
        return turn.content
    return _SEPARATOR.join([turn.content, *(f"{call.name} {call.arguments}" for call in turn.tool_calls)])


def content_uid(conversation: Conversation) -> str:
    """Return the public id of a conversation: a hash of all that a source row says.

    Turns, tools, source, the source's own id and its metadata count, so that the same answer by two models is two
    conversations while the same file imported again (in whichever format) adds nothing. What curators decide
    (class, rewards, excluded turns) and what is derived (language) does not count.
    """
    turns = [
        (t.role, t.content, t.reasoning, _calls(t) if t.tool_calls else (), t.tool_call_id, t.name)
        for t in conversation.turns
    ]
    metadata = conversation.metadata
    if not _NOT_CONTENT.isdisjoint(metadata):
        metadata = {k: v for k, v in metadata.items() if k not in _NOT_CONTENT}
    row = (turns, conversation.tools, conversation.source, conversation.id, metadata)
    try:
        data = orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_plain)
    except orjson.JSONEncodeError:  # lone surrogates and other things that files hold only as escapes
        data = json.dumps(row, sort_keys=True, default=_plain).encode()
    return _digest(data)


def _calls(turn: Turn) -> list[tuple[str, str, str | None]]:
    return [(c.name, c.arguments, c.id) for c in turn.tool_calls]


def _plain(value: Any) -> Any:
    """Make orjson take mappings and sequences of any kind."""
    return dict(value) if hasattr(value, "keys") else list(value)


def language_of(conversation: Conversation) -> str:
    """Return the language a conversation is held in: that of its last answer with the prompt behind it.

    The answer stands first because it is what is learnt; a request may quote another language.
    """
    return detect_language(_telling(conversation.turns, _answer_index(conversation.turns)))


def _telling(turns: Sequence[Turn], at: int) -> str:
    """Return the text by which the language is found; `at` is the last answer's turn."""
    answer = turns[at].content[:MAX_CHARACTERS] if at < len(turns) else ""
    if len(answer) == MAX_CHARACTERS:
        return answer
    prompt = next((t.content for t in turns if t.role == "user"), "")
    return f"{answer}\n{prompt[: MAX_CHARACTERS - len(answer)]}"


def measure(conversation: Conversation, counter: TokenCounter | None = None) -> Measures:
    """Return all measures of one conversation."""
    return measure_many([conversation], counter)[0]


def measure_many(conversations: Iterable[Conversation], counter: TokenCounter | None = None) -> list[Measures]:
    """Return all measures of many conversations, in order.

    Args:
        conversations: A batch that fits in memory.
        counter: Counts tokens; None is `default_counter`.
    """
    batch = list(conversations)
    texts = [t.content if _is_spoken(t) else _counted(t) for c in batch for t in c.turns]
    distinct = list(dict.fromkeys(texts))  # prompts and stock answers stand many times in a batch
    lengths = dict(zip(distinct, (counter or default_counter()).count_batch(distinct), strict=True))
    counts = list(map(lengths.__getitem__, texts))
    at_answers = [_answer_index(c.turns) for c in batch]
    unknown = [_telling(c.turns, at) for c, at in zip(batch, at_answers, strict=True) if not c.language]
    languages = iter(detect_languages(unknown))
    answered = [_spoken(c.turns[at]) for c, at in zip(batch, at_answers, strict=True) if at < len(c.turns)]
    answers = iter(_hash_texts(answered))
    prompts: dict[str, str] = {}  # many answers of a batch answer the same prompt
    measured = []
    start = 0
    for c, at in zip(batch, at_answers, strict=True):
        turns = c.turns
        n_turns = len(turns)
        tokens = counts[start : start + n_turns]
        start += n_turns
        if at == 1 and turns[0].role == "user" and not turns[0].tool_calls:
            asked = turns[0].content
            hashed = prompts.get(asked) or prompts.setdefault(asked, _hash_turns(turns[:1]))
        else:
            hashed = _hash_turns(turns[:at])
        supervised, rewards = _supervised(turns, tokens)
        measured.append(
            Measures(
                n_turns,
                sum(tokens) + n_turns,
                supervised,
                hashed,
                next(answers) if at < n_turns else "",
                c.language or next(languages),
                rewards,
            )
        )
    return measured


def _is_spoken(turn: Turn) -> bool:
    """Return whether all that is rendered of a turn is its content."""
    return turn.reasoning is None and not turn.tool_calls


def _counted(turn: Turn) -> str:
    """Return all text of a turn that is rendered."""
    return _spoken(turn) if turn.reasoning is None else f"{turn.reasoning}\n{_spoken(turn)}"


def _supervised(
    turns: Sequence[Turn], tokens: Sequence[int]
) -> tuple[int, tuple[tuple[int, float, int], ...]]:
    """Return the tokens of the answers that are learnt, with one for each end of turn.

    Behind them turn, reward and tokens of those that have a reward of their own.
    """
    total = 0
    rewards = []
    for i, t in enumerate(turns):
        if t.role == "assistant" and not t.excluded:
            total += tokens[i] + 1
            if t.reward is not None:
                rewards.append((i, t.reward, tokens[i] + 1))
    return total, tuple(rewards)
