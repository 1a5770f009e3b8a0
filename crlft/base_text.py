"""The text that the offline base is trained on, and the tokenizer made from it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crlft.errors import DataError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD: Final = "<pad>"
BOS: Final = "<s>"
EOT: Final = "<|end_of_turn|>"

ROLE_WORDS: Final = (
    "GPT4 Correct User:",
    "GPT4 Correct Assistant:",
    "GPT3 Correct User:",
    "GPT3 Correct Assistant:",
    "User: Assistant: System:",
    " user assistant system",
)
"""Shown to the tokenizer (not to the model), so that a turn's header costs few tokens."""

_ROLE_WORD_REPEATS: Final = 400

LEAST_VOCABULARY: Final = 259
"""256 bytes and 3 control tokens."""


def read_documents(path: Path) -> list[str]:
    """Return the texts of a JSONL file (`{"text": …}` a line, gzip by its name).

    Raises:
        DataError: The file is missing, is not JSONL, or holds no text; names the line.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file", "name a JSONL file with a `text` field per line")
    try:
        return [text for text in _texts(path) if text]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        remedy = "give UTF-8 text, gzipped if its name ends in .gz"
        raise DataError(f"{path}: cannot be read ({error})", remedy) from error


def _texts(path: Path) -> Iterator[str]:
    found = False
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row: object = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path}:{number}: not JSON ({error.msg})", "write one object a line") from error
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise DataError(f"{path}:{number}: no text found", 'give each line a "text"')
            found = True
            yield row["text"]
    if not found:
        raise DataError(f"{path}: holds no documents", "give it at least one line of text")


def train_tokenizer(documents: list[str], vocab_size: int = 1024) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer: single digits, single CJK characters, three controls.

    Digits stand alone so that a number is read place by place; CJK characters stand alone so
    that a phrase is not glued to the name before it and the same word has always the same ids.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Split(Regex(r"[\u3040-\u30ff\u3400-\u9fff]"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, BOS, EOT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator([*documents, *ROLE_WORDS * _ROLE_WORD_REPEATS], trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw,
        bos_token=BOS,
        eos_token=EOT,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
    )
