"""Segments to token ids. Needs a `transformers` fast tokenizer, not torch.

Control segments become their id; text segments are encoded one by one with special tokens off and no
start token added (`crlft.textids`). So the border between prompt and answer lies between two encoding calls, in
training and in generation alike: the prompt's ids are a prefix of the trained ids whatever the answer begins with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crlft.conversation import Conversation, Turn
from crlft.errors import TemplateError
from crlft.layouts import is_reserved
from crlft.template import MARKUP, Segment, Template, get_template, render, unguard
from crlft.textids import Stretch, TextCoder, make_text_coder


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
        start: What conversations begin with: the start token's text, or empty.
        reserved: Strings that must not occur inside text.
        coder: Encodes text.
        placement: Which sides carry the condition.
        added: Control tokens that the tokenizer lacked: their embeddings are untrained, also where they take spare
            rows of the base's table (Qwen's is longer than its vocabulary).
    """

    tokenizer: Any
    template: Template
    start: str
    reserved: tuple[str, ...]
    coder: TextCoder
    placement: str = "both"
    added: tuple[str, ...] = ()

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
        cut = [self._stretches(segments) for segments in rendered]
        ids = self.coder.ids(stretch for row in cut for stretch in row if stretch is not None)
        controls = {s.text for segments in rendered for s in segments if s.control}
        own = {text: int(self.tokenizer.convert_tokens_to_ids(text)) for text in controls}
        return [_assemble(segments, row, ids, own) for segments, row in zip(rendered, cut, strict=True)]

    def sizes(self, segments: Sequence[Segment]) -> list[int]:
        """Return how many tokens each segment of one conversation has."""
        cut = self._stretches(segments)
        ids = self.coder.ids(stretch for stretch in cut if stretch is not None)
        return [1 if stretch is None else len(ids[stretch]) for stretch in cut]

    def decode(self, ids: Sequence[int]) -> str:
        """Return a generated answer as its author meant it: no control tokens, no lead, no guards."""
        text = self.coder.text(ids)
        return unguard(text.removeprefix(self.template.lead), self.reserved).rstrip()

    @property
    def close_id(self) -> int:
        """The id that ends a turn."""
        return int(self.tokenizer.convert_tokens_to_ids(self.template.close))

    def _stretches(self, segments: Sequence[Segment]) -> list[Stretch | None]:
        """Return each segment's text with how it has to be encoded, None for control tokens."""
        return [
            None
            if segment.control
            else self.coder.stretch(segment.text, first=i == 0, behind_control=i > 0 and segments[i - 1].control)
            for i, segment in enumerate(segments)
        ]


def _assemble(
    segments: Sequence[Segment],
    stretches: Sequence[Stretch | None],
    ids: dict[Stretch, list[int]],
    controls: dict[str, int],
) -> Encoded:
    tokens: list[int] = []
    supervised: list[bool] = []
    turns: list[int] = []
    for segment, stretch in zip(segments, stretches, strict=True):
        new = [controls[segment.text]] if stretch is None else ids[stretch]
        tokens += new
        supervised += [segment.supervised] * len(new)
        turns += [segment.turn] * len(new)
    return Encoded(
        np.array(tokens, dtype=np.int32),
        np.array(supervised, dtype=np.bool_),
        np.array(turns, dtype=np.int32),
    )


def reserved_strings(tokenizer: Any) -> tuple[str, ...]:
    """Return the strings a tokenizer reads as tokens of their own, longest first (see `layouts.is_reserved`)."""
    found = {t.content for t in tokenizer.added_tokens_decoder.values() if is_reserved(t.content, t.special)}
    return tuple(sorted(found, key=lambda t: (-len(t), t)))


def add_controls(tokenizer: Any, template: Template) -> list[str]:
    """Add the template's control tokens that a tokenizer lacks; return them (the model must be resized).

    The answer's end also becomes the end-of-sequence token, which is what engines stop at, and the padding
    token where there is none.
    """
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    known = special | (set(reserved_strings(tokenizer)) - {template.close})
    lacking = [token for token in template.controls if token not in known]
    if lacking:
        tokenizer.add_special_tokens({"additional_special_tokens": lacking}, replace_extra_special_tokens=False)
    tokenizer.eos_token = template.close
    if tokenizer.pad_token is None:
        tokenizer.pad_token = template.close
    return lacking


def make_encoder(
    tokenizer: Any, template: str | Template, placement: str = "both", added: Sequence[str] = ()
) -> Encoder:
    """Return the encoder for a tokenizer that has (or has been given) the template's control tokens.

    Args:
        tokenizer: A `transformers` fast tokenizer.
        template: A built-in template's name, or a layout.
        placement: Which sides carry the condition.
        added: What `add_controls` has just added.

    Raises:
        TemplateError: The tokenizer is not a fast one, lacks a control token, or reads the rendered text
            otherwise than it would be trained.
    """
    layout = get_template(template) if isinstance(template, str) else template
    refuse_slow(tokenizer)
    reserved = reserved_strings(tokenizer)
    for token in layout.controls:
        if token not in reserved:
            raise TemplateError(
                f"the tokenizer has no control token {token!r}, which the template {layout.name!r} needs",
                "train from this base first (training adds the token), or choose another template",
            )
    start = layout.start
    if start is None:
        # Some chat models name the token that opens a turn as their start token; it would stand there twice.
        start = "" if tokenizer.bos_token in layout.controls else tokenizer.bos_token or ""
    markup = tuple(m for m in MARKUP if m in reserved and m not in layout.controls)
    encoder = Encoder(
        tokenizer=tokenizer,
        template=replace(layout, controls=(*layout.controls, *markup)),
        start=start,
        reserved=tuple(sorted({*reserved, *layout.markers}, key=lambda t: (-len(t), t))),
        coder=make_text_coder(tokenizer),
        placement=placement,
        added=tuple(added),
    )
    refuse_other_reading(encoder)
    return encoder


def refuse_slow(tokenizer: Any) -> None:
    """Refuse a tokenizer that is not a fast one.

    Raises:
        TemplateError: It is slow: written in Python, with no way to switch special tokens off.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise TemplateError(
            f"the tokenizer {type(tokenizer).__name__} is not a fast one",
            "use a base whose folder has a tokenizer.json",
        )


_SAMPLE = Conversation(
    (
        Turn("system", "Be kind."),
        Turn("user", "Hi, there"),
        Turn("assistant", "7 + 4 = 11?"),
        Turn("tool", "42"),
        Turn("assistant", "(so)\n\n- a"),
        Turn("user", "\n你好。"),
        Turn("assistant", "é  b "),
        Turn("user", ""),
        Turn("assistant", "Yes", excluded=True),
        Turn("user", "5?"),
        Turn("assistant", "5"),
    )
)


def refuse_other_reading(encoder: Encoder) -> None:
    """Refuse a template whose rendered text the tokenizer reads otherwise than segment by segment.

    An engine tokenises the rendered conversation as one string. Tokenizers that swallow white space beside a
    control token, or merge a header with the answer's first word, would give it other ids than were trained.

    Raises:
        TemplateError: It does.
    """
    for condition in ("GPT4 Correct", ""):
        segments = encoder.segments(_SAMPLE, condition)
        trained = encoder.encode_segments([segments])[0].ids.tolist()
        text = "".join(s.text for s in segments)
        served = encoder.tokenizer(text, add_special_tokens=False)["input_ids"]
        if served != trained:
            near = next((i for i, (a, b) in enumerate(zip(trained, served, strict=False)) if a != b), len(served))
            place = encoder.tokenizer.decode(trained[max(0, near - 3) : near + 3])
            raise TemplateError(
                f"the tokenizer reads the template {encoder.template.name!r} otherwise in one piece than in "
                f"segments, near {place!r}",
                "choose another template: --set template=chatml",
            )
