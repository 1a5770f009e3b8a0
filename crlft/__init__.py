"""C-RLFT: class-conditioned, reward-weighted fine-tuning of causal language models.

These names need no torch to import; `train`, `generate` and `score` load it when they are called.
"""

from crlft.api import Answer, Trained, generate, score, train
from crlft.condition import ClassScheme, ConditionClass
from crlft.config import RunConfig
from crlft.conversation import Conversation, ToolCall, Turn
from crlft.errors import CrlftError
from crlft.scores import Score

__all__ = [
    "Answer",
    "ClassScheme",
    "ConditionClass",
    "Conversation",
    "CrlftError",
    "RunConfig",
    "Score",
    "ToolCall",
    "Trained",
    "Turn",
    "generate",
    "score",
    "train",
]
