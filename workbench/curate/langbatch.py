"""py3langid's classifier over many texts at once: the same model and the same answers, without walking in Python.

py3langid follows a text byte by byte through a table of transitions; here a compiled loop does. What is clear from
a text's beginning is not looked at further. Measured on 16,000 answers: another code than py3langid's for 6 of
them (for none without the short look), more than 25 times as fast.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

from workbench.curate.langloop import score_texts

_FIRST_LOOK = 128
"""Characters looked at first."""

_CLEAR_LEAD = 20.0
"""So far ahead in log p is settled: then 99 of 100 texts are, and 4 in 10,000 otherwise than by a longer look."""

Long = npt.NDArray[np.int64]


class BatchIdentifier:
    """A naive Bayes language classifier over byte n-grams, limited to some languages.

    Args:
        languages: ISO 639-1 codes to choose from.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self._encode: Any = LanguageIdentifier._encode
        held = _arrays(tuple(languages))
        self.languages: list[str] = held["languages"].tolist()
        self._next = held["next"]  # (rows × 256,): row's start + byte → state
        self._base: Long = held["base"]  # (states,): state → its row's start
        self._feature: Long = held["feature"]  # (states,), -1 for none
        self._evidence = held["evidence"]  # (features, languages)
        self._prior = held["prior"]  # (languages,)

    def classify(self, texts: Sequence[str]) -> list[str]:
        """Return the likeliest language of each text; the first of `languages` where nothing speaks for any."""
        best, lead = self._best([text[:_FIRST_LOOK] for text in texts])
        unsettled = [i for i, text in enumerate(texts) if len(text) > _FIRST_LOOK and lead[i] <= _CLEAR_LEAD]
        if unsettled:
            best[unsettled], _ = self._best([texts[i] for i in unsettled])
        return [self.languages[i] for i in best.tolist()]

    def _best(self, texts: Sequence[str]) -> tuple[Long, npt.NDArray[np.float32]]:
        """Return each text's likeliest language, by its index, and its lead over the next in log p."""
        scores = self._scores([self._encode(text) for text in texts])
        two = np.partition(scores, -2, axis=1)[:, -2:]  # (texts, 2): the second best and the best
        return scores.argmax(axis=1), two[:, 1] - two[:, 0]

    def _scores(self, texts: Sequence[bytes]) -> npt.NDArray[np.float32]:
        """Return log p(language | text) up to a constant, (texts, languages)."""
        scores = np.empty((len(texts), len(self.languages)), dtype=np.float32)
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        longest = max(map(len, texts), default=0)
        logs = np.log1p(np.arange(longest + 1, dtype=np.float32))  # as py3langid weighs what is met n times
        counts, met = np.zeros((2, len(self._evidence)), dtype=np.int64)
        score_texts(
            np.frombuffer(b"".join(texts), dtype=np.uint8), ends, self._next, self._base, self._feature,
            self._evidence, self._prior, logs, counts, met, scores,
        )  # fmt: skip
        return scores


def _arrays(languages: tuple[str, ...]) -> dict[str, npt.NDArray[Any]]:
    """Return the model's arrays, limited to some languages.

    Unpacking the model takes half a second and a hundred megabytes, so what is left of it is kept on disk beside
    the compiled source, where that can be written.
    """
    packed = MODEL_DIR / MODEL_FILE
    named = f"{packed}:{packed.stat().st_mtime_ns}:{packed.stat().st_size}:{','.join(languages)}"
    key = blake2b(named.encode(), digest_size=8).hexdigest()
    kept = Path(__file__).parent / "__pycache__" / f"langbatch-{key}.npz"
    try:
        with kept.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile):
        pass  # none yet, or one that was damaged: it is made again
    arrays = _unpacked(languages)
    with suppress(OSError):  # a folder that cannot be written
        kept.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, suffix=".npz.part", delete=False) as part:
            np.savez(part, allow_pickle=False, **arrays)
        Path(part.name).chmod(0o644)
        Path(part.name).replace(kept)
    return arrays


def _unpacked(languages: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages(list(languages))
    return {
        "languages": np.array(model.nb_classes),
        "next": np.asarray(model.tk_nextmove),
        "base": np.asarray(model.tk_row, dtype=np.int64) << 8,
        "feature": np.asarray(model.tk_output, dtype=np.int64),
        # Row by row in memory: limiting the languages leaves the columns together, and a look-up would copy all.
        "evidence": np.ascontiguousarray(model.nb_ptc, dtype=np.float32),
        "prior": np.asarray(model.nb_pc, dtype=np.float32),
    }


@cache
def identifier(languages: tuple[str, ...]) -> BatchIdentifier:
    """Return the classifier for some languages; loaded once."""
    return BatchIdentifier(languages)
