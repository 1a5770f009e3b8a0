"""Text to ids, without spaces that nobody wrote. Needs a `transformers` fast tokenizer, not torch.

Tokenizers in SentencePiece's style (Llama 2, Mistral, Gemma's relatives, or any with `add_prefix_space`) put a
space in front of a text, or in front of every text between two control tokens. A rendered conversation is one
text to an engine; it is several to us, because the border between prompt and answer must lie between two
encoding calls. So text that goes on is encoded by a copy of the tokenizer that puts no space.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

Stretch = tuple[str, bool]
"""A text, and whether it goes on from text rather than beginning where the tokenizer would put its space."""


@dataclass(frozen=True)
class TextCoder:
    """Encodes stretches of text with special tokens off.

    Attributes:
        tokenizer: The `transformers` tokenizer.
        bare: Its backend without added spaces; None where it adds none.
        each: Whether it puts a space behind every control token, not only at the very beginning.
    """

    tokenizer: Any
    bare: Any | None
    each: bool

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of ids that stand behind other text, special tokens left out."""
        if self.bare is None:
            return self._decode(list(ids))
        # Such tokenizers drop a space from the beginning of what they decode, as they would have put it there.
        anchor: list[int] = self.bare.encode(":", add_special_tokens=False).ids
        return self._decode([*anchor, *ids]).removeprefix(self._decode(anchor))

    def _decode(self, ids: list[int]) -> str:
        out: str = self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return out

    def stretch(self, text: str, *, first: bool, behind_control: bool) -> Stretch:
        """Return a text with how it has to be encoded, given what it stands behind."""
        return text, self.bare is not None and not first and not (self.each and behind_control)

    def ids(self, stretches: Iterable[Stretch]) -> dict[Stretch, list[int]]:
        """Return the ids of every distinct stretch."""
        wanted = sorted(set(stretches))
        own = [text for text, goes_on in wanted if not goes_on]
        bare = [text for text, goes_on in wanted if goes_on]
        out: dict[Stretch, list[int]] = {}
        if own:
            encoded = self.tokenizer(
                own, add_special_tokens=False, split_special_tokens=True, return_attention_mask=False
            )
            out.update({(t, False): ids for t, ids in zip(own, encoded["input_ids"], strict=True)})
        if bare and self.bare is not None:
            rows = self.bare.encode_batch(bare, add_special_tokens=False)
            out.update({(t, True): row.ids for t, row in zip(bare, rows, strict=True)})
        return out


def make_text_coder(tokenizer: Any) -> TextCoder:
    """Return the coder of a fast tokenizer; copies the backend only where it adds spaces."""
    backend = tokenizer.backend_tokenizer
    if _seen("a", backend) == "a":
        return TextCoder(tokenizer, None, False)
    state = json.loads(backend.to_str())
    steps = _steps(state["normalizer"]) + _steps(state["pre_tokenizer"])
    each = any(
        step["type"] == "Prepend"
        or (step["type"] == "ByteLevel" and step.get("add_prefix_space"))
        or (step["type"] == "Metaspace" and step.get("prepend_scheme", "always") == "always")
        for step in steps
    )
    state["normalizer"] = _without_space(state["normalizer"])
    state["pre_tokenizer"] = _without_space(state["pre_tokenizer"])
    state["truncation"] = state["padding"] = None
    bare = Tokenizer.from_str(json.dumps(state))
    bare.encode_special_tokens = True
    return TextCoder(tokenizer, bare, each)


def _seen(text: str, backend: Any) -> str:
    """Return a text as the tokenizer's vocabulary sees it."""
    if backend.normalizer is not None:
        text = backend.normalizer.normalize_str(text)
    if backend.pre_tokenizer is not None:
        text = "".join(part for part, _ in backend.pre_tokenizer.pre_tokenize_str(text))
    return text


def _steps(node: Any) -> list[dict[str, Any]]:
    if not node:
        return []
    inner: Sequence[Any] = node.get("normalizers") or node.get("pretokenizers") or ()
    return [step for part in inner for step in _steps(part)] if node["type"] == "Sequence" else [node]


def _without_space(node: Any) -> Any:
    """Return a step in `tokenizer.json`'s form that adds no space, or None where it did nothing else."""
    if not node:
        return None
    kind = node["type"]
    if kind == "Prepend":
        return None
    if kind == "Sequence":
        name = "normalizers" if "normalizers" in node else "pretokenizers"
        kept = [step for step in map(_without_space, node[name]) if step]
        return {**node, name: kept} if kept else None
    if kind == "Metaspace":
        return {**node, "prepend_scheme": "never"}
    if kind == "ByteLevel":
        return {**node, "add_prefix_space": False}
    return node
