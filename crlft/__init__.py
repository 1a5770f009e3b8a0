"""C-RLFT: class-conditioned, reward-weighted fine-tuning of causal language models.

These names need no torch; the work is in `crlft.training`, `crlft.generation`, `crlft.embed` and `crlft.base`.
"""

from crlft.condition import ClassScheme, ConditionClass
from crlft.config import RunConfig
from crlft.conversation import Conversation, ToolCall, Turn
from crlft.errors import CrlftError

__all__ = ["ClassScheme", "ConditionClass", "Conversation", "CrlftError", "RunConfig", "ToolCall", "Turn"]
