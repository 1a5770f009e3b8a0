"""Model folders: is one complete, what was it trained with, how many parameters. Torch-free.

A model that this package made is a plain `transformers` folder with one more file, `crlft.json`: the classes,
the template, the method, the base, the data's hash and the last metrics.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from crlft.condition import ClassScheme
from crlft.errors import ModelError
from crlft.layouts import Template

CARD = "crlft.json"


@dataclass(frozen=True)
class ModelCard:
    """What a model was trained with.

    Attributes:
        scheme: The classes.
        template: The template's name.
        condition_placement: Which sides carried the condition.
        method: The training method.
        default_condition: What the saved chat template uses where nobody says; empty for unconditioned methods.
        base: The model it started from.
        snapshot: The data it was trained on.
        snapshot_hash: The data's content hash.
        metrics: Final figures.
        layout: The template itself, where it is the base's own (`auto`).
    """

    scheme: ClassScheme
    template: str
    condition_placement: str
    method: str
    default_condition: str
    base: str = ""
    snapshot: str = ""
    snapshot_hash: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    composition: Sequence[Mapping[str, Any]] = ()
    layout: Template | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "format": 1,
            "scheme": self.scheme.to_dict(),
            "template": self.template,
            "condition_placement": self.condition_placement,
            "method": self.method,
            "default_condition": self.default_condition,
            "base": self.base,
            "snapshot": self.snapshot,
            "snapshot_hash": self.snapshot_hash,
            "metrics": dict(self.metrics),
            "composition": [dict(row) for row in self.composition],
            **({"layout": self.layout.to_dict()} if self.layout else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelCard:
        """Read what `to_dict` wrote; other keys are ignored."""
        return cls(
            scheme=ClassScheme.from_dict(data["scheme"]),
            template=str(data["template"]),
            condition_placement=str(data.get("condition_placement", "both")),
            method=str(data.get("method", "")),
            default_condition=str(data.get("default_condition", "")),
            base=str(data.get("base", "")),
            snapshot=str(data.get("snapshot", "")),
            snapshot_hash=str(data.get("snapshot_hash", "")),
            metrics=data.get("metrics") or {},
            composition=data.get("composition") or (),
            layout=Template.from_dict(data["layout"]) if data.get("layout") else None,
        )


def read_card(model: Path | str) -> ModelCard | None:
    """Return a model's card, or None for a model this package did not make.

    Raises:
        ModelError: The card is there but cannot be read.
    """
    path = Path(model) / CARD
    try:
        return ModelCard.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: cannot be read ({error!r})", "train the model again") from error


def default_condition(model: Path | str) -> str:
    """Return the condition a model is asked under where nobody says: its best class's, or none.

    Raises:
        ModelError: Its card cannot be read.
    """
    card = read_card(model)
    return card.default_condition if card else ""


def is_local(model: str) -> bool:
    """Whether a model's name means a folder here rather than a name on the hub.

    `first/model` does where there is a folder `first`, be its run finished or not.
    """
    looks_local = model.startswith((".", "/", "~")) or model.count("/") > 1 or "\\" in model
    return looks_local or Path(model).exists() or ("/" in model and Path(model).parent.is_dir())


def check_model(model: str) -> None:
    """Refuse a base that cannot work, before time is spent; hub names are left to the download.

    Raises:
        ModelError: The name is empty, or the folder is missing or incomplete.
    """
    if not model.strip():
        raise ModelError("no base model is named", "give a folder or a hub name with --base")
    if not is_local(model):
        return
    folder = Path(model).expanduser()
    if not folder.is_dir():
        raise ModelError(f"{model}: no such folder", "correct the path, or give a hub name such as org/name")
    names = {p.name for p in folder.iterdir()}
    if "adapter_config.json" in names and "config.json" not in names:
        raise ModelError(
            f"{model}: an adapter without its model",
            "merge it into its base (PEFT's merge_and_unload) and name that folder",
        )
    lacking = []
    if "config.json" not in names:
        lacking.append("config.json")
    if not any(n.endswith((".safetensors", ".bin")) for n in names):
        lacking.append("weights (model.safetensors)")
    if not names & {"tokenizer.json", "tokenizer.model", "vocab.json"}:
        lacking.append("tokenizer (tokenizer.json)")
    if lacking:
        raise ModelError(
            f"{model}: incomplete, it has no {', no '.join(lacking)}",
            "name a folder that `save_pretrained` wrote, model and tokenizer together",
        )


def count_parameters(model: str) -> int | None:
    """Return a local model's parameters from the headers of its weight files, or None where they say nothing."""
    total = 0
    for path in sorted(Path(model).expanduser().glob("*.safetensors")) if is_local(model) else []:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(size))
        total += sum(prod(v["shape"]) for k, v in header.items() if k != "__metadata__")
    return total or None
