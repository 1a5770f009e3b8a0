"""Segments to token ids. Needs a `transformers` fast tokenizer, not torch.

Control segments become their id; text segments are encoded one by one with special tokens off and no
start token added. So the border between prompt and answer lies between two encoding calls, in training and
in generation alike: the prompt's ids are a prefix of the trained ids whatever the answer begins with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crlft.conversation import Conversation
from crlft.errors import TemplateError
from crlft.template import Segment, Template, get_template, render, unguard

_LOOKS_LIKE_CONTROL = re.compile(r"<.+>|\[.+\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A rendered conversation as ids.

    Attributes:
        ids: Token ids, int32 (tokens,).
        supervised: True where the model learns to write the token, bool (tokens,).
        turns: Index of the turn each token belongs to, int32 (tokens,).
    """

    ids: NDArray[np.int32]
    supervised: NDArray[np.bool_]
    turns: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Encoder:
    """A tokenizer with a template.

    Attributes:
        tokenizer: A `transformers` fast tokenizer that has the template's control tokens.
        template: The layout.
        start: The start token's text, or empty where the tokenizer has none.
        reserved: Strings that must not occur inside text.
        placement: Which sides carry the condition.
    """

    tokenizer: Any
    template: Template
    start: str
    reserved: tuple[str, ...]
    placement: str = "both"

    def segments(self, conversation: Conversation, condition: str, *, answer_next: bool = False) -> list[Segment]:
        """Return the rendered segments (see `crlft.template.render`)."""
        return render(
            conversation,
            condition,
            self.template,
            start=self.start,
            reserved=self.reserved,
            placement=self.placement,
            answer_next=answer_next,
        )

    def encode(self, conversation: Conversation, condition: str, *, answer_next: bool = False) -> Encoded:
        """Return one conversation's ids."""
        return self.encode_segments([self.segments(conversation, condition, answer_next=answer_next)])[0]

    def encode_segments(self, rendered: Sequence[Sequence[Segment]]) -> list[Encoded]:
        """Return the ids of many rendered conversations; every distinct text is tokenised once."""
        texts = sorted({s.text for segments in rendered for s in segments if not s.control and s.text})
        ids = dict(zip(texts, self._text_ids(texts), strict=True))
        controls = {t: self.tokenizer.convert_tokens_to_ids(t) for t in (self.start, *self.template.controls) if t}
        return [self._assemble(segments, ids, controls) for segments in rendered]

    def decode(self, ids: Sequence[int]) -> str:
        """Return a generated answer as its author meant it: no control tokens, no lead, no guards."""
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return unguard(text.removeprefix(self.template.lead), self.reserved).rstrip()

    @property
    def close_id(self) -> int:
        """The id that ends a turn."""
        return int(self.tokenizer.convert_tokens_to_ids(self.template.close))

    def _text_ids(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        encoded = self.tokenizer(
            texts, add_special_tokens=False, split_special_tokens=True, return_attention_mask=False
        )
        out: list[list[int]] = encoded["input_ids"]
        return out

    @staticmethod
    def _assemble(segments: Sequence[Segment], ids: dict[str, list[int]], controls: dict[str, int]) -> Encoded:
        tokens: list[int] = []
        supervised: list[bool] = []
        turns: list[int] = []
        for segment in segments:
            new = [controls[segment.text]] if segment.control else ids.get(segment.text, [])
            tokens += new
            supervised += [segment.supervised] * len(new)
            turns += [segment.turn] * len(new)
        return Encoded(
            np.array(tokens, dtype=np.int32),
            np.array(supervised, dtype=np.bool_),
            np.array(turns, dtype=np.int32),
        )


def reserved_strings(tokenizer: Any) -> tuple[str, ...]:
    """Return the strings a tokenizer reads as tokens of their own: special ones and whatever looks like a tag.

    Added tokens that are ordinary text (runs of spaces in some vocabularies) are left alone: they mean the
    same in text as anywhere.
    """
    found = {
        token.content
        for token in tokenizer.added_tokens_decoder.values()
        if len(token.content) > 1 and (token.special or _LOOKS_LIKE_CONTROL.fullmatch(token.content))
    }
    return tuple(sorted(found, key=lambda t: (-len(t), t)))


def add_controls(tokenizer: Any, template: Template) -> list[str]:
    """Add the template's control tokens that a tokenizer lacks; return them (the model must be resized).

    The turn's end also becomes the end-of-sequence token, which is what engines stop at, and the padding
    token where there is none.
    """
    known = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    lacking = [token for token in template.controls if token not in known]
    if lacking:
        tokenizer.add_special_tokens({"additional_special_tokens": lacking}, replace_extra_special_tokens=False)
    tokenizer.eos_token = template.close
    if tokenizer.pad_token is None:
        tokenizer.pad_token = template.close
    return lacking


def make_encoder(tokenizer: Any, template_name: str, placement: str = "both") -> Encoder:
    """Return the encoder for a tokenizer that has (or has been given) the template's control tokens.

    Raises:
        TemplateError: The tokenizer is not a fast one, or lacks a control token.
    """
    template = get_template(template_name)
    if not getattr(tokenizer, "is_fast", False):
        raise TemplateError(
            f"the tokenizer {type(tokenizer).__name__} is not a fast one",
            "use a base whose folder has a tokenizer.json",
        )
    reserved = reserved_strings(tokenizer)
    for token in template.controls:
        if token not in reserved:
            raise TemplateError(
                f"the tokenizer has no control token {token!r}, which the template {template.name!r} needs",
                "train from this base first (training adds the token), or choose another template",
            )
    return Encoder(tokenizer, template, tokenizer.bos_token or "", reserved, placement)
