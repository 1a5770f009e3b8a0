"""What to score and what comes out. No torch; `crlft.scoring` does the work.

    s_c = log p(answers | prompt, condition c) = Σ_t log p(y_t | y_<t, x, c)

in nats, over the supervised tokens of a conversation: the assistant's text and its ends of turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crlft.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Score:
    """Log-likelihoods of one conversation's answers.

    Attributes:
        index: Its place in the data.
        id: Its id in the source, or empty.
        class_name: The class it is tagged with, or None.
        tokens: Supervised tokens that were scored, the same ones under every condition.
        logp: Class name, or the condition's text where no class has it → log-likelihood in nats.
        truncated: Its end did not fit into the context; only what stands before it is scored.
        error: Why there is no score; `logp` is then empty.
    """

    index: int
    id: str
    class_name: str | None
    tokens: int
    logp: Mapping[str, float]
    truncated: bool = False
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the line of `results.jsonl`."""
        out: dict[str, Any] = {
            "index": self.index,
            "id": self.id,
            "class": self.class_name,
            "tokens": self.tokens,
            "logp": dict(self.logp),
        }
        if self.truncated:
            out["truncated"] = True
        return {**out, "error": self.error} if self.error else out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Score:
        """Read what `to_dict` wrote."""
        return cls(
            index=int(data["index"]),
            id=str(data.get("id") or ""),
            class_name=data.get("class"),
            tokens=int(data["tokens"]),
            logp={str(k): float(v) for k, v in data["logp"].items()},
            truncated=bool(data.get("truncated", False)),
            error=str(data.get("error") or ""),
        )


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """What to score.

    Attributes:
        model: A folder or hub name.
        data: A snapshot's folder or a JSONL file.
        conditions: Class names or condition texts (empty: unconditioned); none: every class of the model.
        template: For models without `crlft.json`; empty is their own, or openchat where they have none.
        max_tokens: Context; None is the model's own.
        device: `auto`, `cpu` or `cuda`.
        threads: CPU threads, None for all cores.
    """

    model: str
    data: str
    conditions: tuple[str, ...] = ()
    template: str = ""
    max_tokens: int | None = None
    device: str = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        faults = [f"no {name} is named" for name in ("model", "data") if not getattr(self, name).strip()]
        twice = sorted({c for c in self.conditions if self.conditions.count(c) > 1})
        faults += [f"condition {c!r} stands twice" for c in twice]
        if self.max_tokens is not None and self.max_tokens < 2:
            faults.append(f"max_tokens is {self.max_tokens}, it must be at least 2")
        if faults:
            raise ConfigError(faults, "correct the request and start again")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScoreRequest:
        """Read a request; see the attributes for the keys.

        Raises:
            ConfigError: Something is missing or wrong; all faults are listed.
        """
        unknown = sorted(set(data) - set(cls.__dataclass_fields__))
        if unknown:
            raise ConfigError([f"unknown key {k!r}" for k in unknown], "correct the request and start again")
        return cls(
            model=str(data.get("model") or ""),
            data=str(data.get("data") or ""),
            conditions=tuple(str(c) for c in data.get("conditions") or ()),
            template=str(data.get("template") or ""),
            max_tokens=data.get("max_tokens"),
            device=str(data.get("device") or "auto"),
            threads=data.get("threads"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**out, "conditions": list(self.conditions)}


def summary(scores: Iterable[Score]) -> dict[str, Any]:
    """Return counts, and for each class its tokens' mean log-likelihood under every condition.

    `likeliest` counts the conditions under which a class's conversations are likeliest: where the model
    listens to its condition and the tags are right, that is mostly the class's own.
    """
    tokens: dict[str, int] = defaultdict(int)
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    likeliest: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    conversations: dict[str, int] = defaultdict(int)
    counts = {"scored": 0, "truncated": 0, "unscored": 0}
    for score in scores:
        counts["truncated"] += score.truncated
        if score.error:
            counts["unscored"] += 1
            continue
        counts["scored"] += 1
        name = score.class_name or ""
        conversations[name] += 1
        tokens[name] += score.tokens
        likeliest[name][max(score.logp, key=lambda c: score.logp[c])] += 1
        for condition, value in score.logp.items():
            sums[name][condition] += value
    classes = {
        name: {
            "conversations": conversations[name],
            "tokens": tokens[name],
            "mean_logp": {c: value / tokens[name] for c, value in sums[name].items()},
            "likeliest": dict(likeliest[name]),
        }
        for name in sorted(conversations)
    }
    return {**counts, "classes": classes}
