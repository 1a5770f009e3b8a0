"""The library's front door: `from crlft import ClassScheme, Conversation, train, generate, score`.

    good, rest = ConditionClass("expert", "GPT4 Correct", 1.0), ConditionClass("crowd", "GPT3 Correct", 0.1)
    scheme = ClassScheme((good, rest))
    trained = train(conversations, scheme, "path/to/base", folder="runs/first", steps=500)
    for answer in generate(trained.model, ["What is 7 plus 4?"], conditions=["expert", "crowd"]):
        print(answer.condition, answer.text)
    for found in score(trained.model, conversations):
        print(found.class_name, found.logp)

Importing this needs no torch; calling does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crlft.condition import ClassScheme
from crlft.config import RunConfig
from crlft.conversation import Conversation, Turn
from crlft.errors import CrlftError, DataError
from crlft.events import Listener
from crlft.modelfolder import default_condition
from crlft.request import Request
from crlft.runfolder import RunFolder, write_atomically
from crlft.scores import Score, ScoreRequest

Prompt = str | Conversation | Sequence[Turn]
"""A question, or a conversation so far that ends with a user or tool turn."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A run that came to its end, or was stopped on the way.

    Attributes:
        status: `done`, or `stopped` (call `train` with the same folder to go on).
        folder: The run's folder.
        model: The model folder; None where the run was stopped.
        step: The last step.
        metrics: Final figures: loss, held-out loss by class, the swap test, seconds.
    """

    status: str
    folder: Path
    model: Path | None
    step: int
    metrics: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model wrote.

    Attributes:
        model: Which model.
        prompt: Index of the prompt.
        condition: The class name or condition text it was asked under; empty: none.
        text: The answer.
        n_tokens: Its tokens.
        error: Why there is no answer; `text` is then empty.
    """

    model: str
    prompt: int
    condition: str
    text: str
    n_tokens: int
    error: str = ""


def train(
    data: Sequence[Conversation] | str | Path,
    scheme: ClassScheme | None,
    base: str | Path,
    *,
    method: str = "c-rlft",
    folder: str | Path,
    on_event: Listener | None = None,
    **settings: Any,
) -> Trained:
    """Fine-tune a causal language model on conversations of mixed quality.

    C-RLFT (Wang et al. 2023, arXiv 2309.11235, eq. 4-6) fits the optimum of a reward regularised towards the
    class-conditioned data policy, which is weighted likelihood with the class c in the prompt:

        L = Σ_i w_i Σ_t -log p(y_t | y_<t, x, c_i)  /  Σ_i w_i |S_i|          w_i = exp((r_i - r_max) / β)

    with both sums over the whole optimiser step. `docs/method.md` derives it and says what was left open.

    Args:
        data: Conversations, each with its `class_name`; or a path: a snapshot's folder or a file.
        scheme: Classes, rewards and β; None takes a snapshot's own (for plain files OpenChat's two classes).
        base: The model to start from: a folder or hub name.
        method: `c-rlft` or one of its ablations, see `crlft.methods.METHODS`.
        folder: The run's folder: events, checkpoints, the model. With checkpoints in it, the run goes on.
        on_event: Called with the name and the fields of every event (`step`, `eval`, …).
        **settings: Fields of `crlft.RunConfig`, such as `steps`, `learning_rate`, `template`, `seed`.

    Raises:
        CrlftError: Data, classes, base or settings cannot be used, or the run failed on the way.
    """
    config = RunConfig(method=method).with_overrides({**settings, "base": str(base)})
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not isinstance(data, str | Path):
        data = _written(data, folder / "data.jsonl")
    named = {"snapshot": str(data)}
    if scheme is not None:
        named["classes"] = str(folder / "classes.json")
        write_atomically(folder / "classes.json", json.dumps(scheme.to_dict(), ensure_ascii=False) + "\n")
    config = config.with_overrides(named)
    run = RunFolder(folder)
    if not any(run.checkpoints.glob("step-*")):
        run.write_json("config.json", config.to_dict())

    from crlft.training import run_training

    outcome = run_training(config, folder, on_event)
    if outcome.status == "failed":
        raise CrlftError(outcome.error, outcome.remedy)
    model = run.model if outcome.status == "done" else None
    return Trained(outcome.status, folder, model, outcome.step, outcome.metrics)


def generate(
    models: str | Path | Sequence[str | Path],
    prompts: Sequence[Prompt],
    conditions: Sequence[str] | None = None,
    *,
    max_new_tokens: int = 128,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
) -> Iterator[Answer]:
    """Answer prompts with models under conditions; answers come as batches end, shortest prompts first.

    The ids a model is given come from the renderer that made its training data. An answer does not depend on
    the batch it was computed in; with a temperature it depends on `seed`.

    Args:
        models: A model folder or hub name, or several.
        prompts: What to answer.
        conditions: Class names or condition texts; "" asks without one. None asks every model under its own
            default: the best class, or nothing for a model that learnt no conditions.
        max_new_tokens: Longest answer.
        temperature: 0 takes the likeliest token.
        top_p: Draw from the likeliest tokens up to this probability (Holtzman et al. 2020).
        seed: Seeds the draws.
        device: `auto`, `cpu` or `cuda`.
        threads: CPU threads, None for all cores.

    Raises:
        CrlftError: A model, a prompt, a condition or a setting cannot be used.
    """
    names = [str(m) for m in ([models] if isinstance(models, str | Path) else models)]
    columns = [(m, c) for m in names for c in (conditions if conditions is not None else [default_condition(m)])]
    request = Request.from_dict(
        {
            "columns": [{"model": m, "condition": c} for m, c in columns],
            "prompts": [{"id": str(i), "messages": _messages(p)} for i, p in enumerate(prompts)],
            "max_new_tokens": max_new_tokens,
            "temperature": temperature,
            "top_p": top_p,
            "seed": seed,
            "device": device,
            "threads": threads,
        }
    )
    return _answers(request)


def score(
    model: str | Path,
    conversations: Sequence[Conversation],
    conditions: Sequence[str] | None = None,
    *,
    max_tokens: int | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> list[Score]:
    """Return how likely a model finds conversations under every condition.

        s_c = log p(answers | prompts, condition c) = Σ_{t ∈ S} log p(y_t | y_<t, x, c)     in nats

    with S the supervised tokens: the assistant's text and its ends of turn. s_best - s_worst is evidence about a
    conversation's class: by Bayes' rule it is the log-odds of the two classes, up to their prior and to what
    the model did not learn.

    Args:
        model: A model folder or hub name.
        conversations: What to score; their own classes are not looked at.
        conditions: Class names or condition texts ("" is unconditioned); None: every class of the model.
        max_tokens: Context; None is the model's own.
        device: `auto`, `cpu` or `cuda`.
        threads: CPU threads, None for all cores.

    Returns:
        One score a conversation, in their order. What could not be scored says why in `error`.

    Raises:
        CrlftError: The model or a condition cannot be used.
    """
    request = ScoreRequest(
        str(model), "memory", tuple(conditions or ()), max_tokens=max_tokens, device=device, threads=threads
    )
    from crlft.scoring import score_conversations

    return sorted(score_conversations(request, conversations), key=lambda s: s.index)


def _written(conversations: Sequence[Conversation], path: Path) -> Path:
    """Write conversations where the run finds them again when it goes on."""
    if not conversations:
        raise DataError("no conversation is given", "give conversations with classes, or a path")
    lines = [json.dumps(c.to_dict(), ensure_ascii=False) + "\n" for c in conversations]
    write_atomically(path, "".join(lines))
    return path


def _messages(prompt: Prompt) -> list[dict[str, Any]]:
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    turns = prompt.turns if isinstance(prompt, Conversation) else prompt
    return [t.to_dict() for t in turns]


def _answers(request: Request) -> Iterator[Answer]:
    from crlft.generation import generate as generated

    for result in generated(request):
        column = request.columns[result.column]
        number = int(result.prompt_id)
        yield Answer(column.model, number, column.condition, result.text, result.n_tokens, result.error)
