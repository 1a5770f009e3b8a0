"""What of a conversation is embedded, and where the map's facts stand."""

from __future__ import annotations

from crlft.conversation import Conversation

OFFLINE = "offline"
MAP_SETTING = "map"
"""Setting with the map's facts: {job_id, embedder, points, created_at, collected}."""

EMBEDDER_SETTING = "embedder"
"""Setting with the embedder of the next map."""

MEMBERS = "members.npz"
"""File of a map job: all its conversations (`seqs`), and whose text each shares (`owners`)."""

TEXT_CHARACTERS = 2_000
"""The embedder reads 256 tokens; more text would only be carried about."""


def map_text(conversation: Conversation) -> str:
    """Return what a conversation is about: its first question, then its last answer."""
    text = f"{conversation.prompt[: TEXT_CHARACTERS // 2]}\n{conversation.answer}"[:TEXT_CHARACTERS].strip()
    return text.encode("utf-8", "replace").decode() or "(no text)"
