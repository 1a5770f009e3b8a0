"""How torch behaves in a process that is ours: settled in the environment, before torch is imported.

Commands and workers call `settle`; `import crlft` does not: whoever uses the library decides for their process.
"""

from __future__ import annotations

import os

SETTINGS = {
    "TOKENIZERS_PARALLELISM": "false",
    # Waiting OpenMP threads sleep instead of spinning. A busy two-core machine did a training step in 1.1 s so,
    # and in 22 s with spinning; an idle one loses a few percent.
    "OMP_WAIT_POLICY": "PASSIVE",
    # oneDNN and torch keep what they made ready for the last 1,024 shapes of matrices they have seen, and every
    # batch has shapes of its own: memory grows for hundreds of steps. See docs/decisions.md.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32",
    "LRU_CACHE_CAPACITY": "32",
}
"""Environment variable to default."""


def settle() -> None:
    """Give the environment the defaults that it does not name; call it before torch is imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
