"""Models that stay loaded between requests, the one used longest ago given up first."""

from __future__ import annotations

from pathlib import Path

from crlft.models import Loaded, load_trained

KEPT_MODELS = 3
"""Models held at once."""


class Shelf:
    """Loads a model the first time it is asked for, and again when its folder has changed.

    Args:
        device: Where models are put.
        kept: How many stay.
    """

    def __init__(self, device: str, kept: int = KEPT_MODELS) -> None:
        self.device, self.kept = device, kept
        self._loaded: dict[tuple[str, str], tuple[object, Loaded]] = {}

    def take(self, name: str, template: str = "") -> Loaded:
        """Return a model; see `load_trained`.

        Raises:
            ModelError: It cannot be loaded.
        """
        key, stamp = (name, template), _stamp(Path(name))
        held = self._loaded.pop(key, None)
        if held is None or held[0] != stamp:
            while len(self._loaded) >= self.kept:
                del self._loaded[next(iter(self._loaded))]
            held = (stamp, load_trained(name, template=template, device=self.device))
        self._loaded[key] = held
        return held[1]


def _stamp(folder: Path) -> object:
    """Return what changes when a model folder is written anew; nothing for a hub name."""
    if not folder.is_dir():
        return None
    return sorted(
        (p.name, p.stat().st_mtime_ns) for p in folder.iterdir() if p.suffix in (".safetensors", ".json")
    )
