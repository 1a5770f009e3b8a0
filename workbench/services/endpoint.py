"""A judge behind an OpenAI-compatible address; optional, and a judge like any other: its votes are named after it.

    judge_by_endpoint(project, comparison_id, pair, Endpoint("http://127.0.0.1:8000/v1", "some-model"))

Every pair is shown in both orders. Only where both say the same answer is better is it a vote for that one; a
disagreement is a tie (Zheng et al. 2023, section 3.4: judges lean towards the first place). What is sent is the
prompt and the two answers; neither model nor condition is.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from workbench.domain.comparison import Cell, Choice, Prompt
from workbench.domain.errors import PlanError, WorkbenchError
from workbench.services.answers import comparison_grid, vote
from workbench.services.project import Project

TIMEOUT_SECONDS = 120.0
Verdict = Literal["A", "B", "tie"]
_VERDICTS: Mapping[str, Verdict] = {"a": "A", "b": "B", "tie": "tie"}
_ASKED_FOR = re.compile(r"""["']?better["']?\s*:\s*["']?(A|B|tie)\b""", re.IGNORECASE)
_BARE = re.compile(r"\W*(A|B|tie)\W*", re.IGNORECASE)
"""Small models leave the object away; a sentence that names both answers is no verdict."""

_ASK = (
    "You compare two answers to the same question. Judge only how right, complete and helpful each is, not its "
    "length and not its place. Reply with one line of JSON and nothing else: "
    '{"better": "A"}, {"better": "B"} or {"better": "tie"}.'
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who judges.

    Attributes:
        address: Up to `/v1`, such as `http://127.0.0.1:8000/v1`.
        model: The model's name there.
        key: Sent as a bearer token; empty for none. It is kept nowhere.
    """

    address: str
    model: str
    key: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise WorkbenchError(f"{self.address!r} is no address", "write it as http://127.0.0.1:8000/v1")
        if not self.model:
            raise WorkbenchError("the judge has no model's name", "name the model as the endpoint knows it")

    @property
    def name(self) -> str:
        """Under which its votes stand."""
        return f"judge:{self.model}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What the endpoint did.

    Attributes:
        voted: New votes.
        disagreed: Of these, ties because the two orders contradicted each other.
        skipped: Prompts without both answers, with equal answers, or judged by it before.
    """

    voted: int
    disagreed: int
    skipped: int


def judge_by_endpoint(
    project: Project,
    comparison_id: int,
    pair: tuple[int, int],
    endpoint: Endpoint,
    *,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Judged:
    """Let an endpoint vote over two columns of a comparison, blind; votes are kept as they come.

    Raises:
        NotFound: There is no such comparison.
        PlanError: There is no such pair of columns.
        WorkbenchError: The endpoint does not answer, or says something else than a verdict.
    """
    grid = comparison_grid(project, comparison_id)
    n = len(grid.comparison.columns)
    if pair[0] == pair[1] or not all(0 <= i < n for i in pair):
        raise PlanError(f"columns {pair[0]} and {pair[1]} are no pair of {n}", "choose two different columns")
    voted = disagreed = skipped = 0
    for place, row in enumerate(grid.rows):
        left, right = row.cells[pair[0]], row.cells[pair[1]]
        if on_progress:
            on_progress(place, len(grid.rows))
        if left is None or right is None or left.text.strip() == right.text.strip() or any(
            v.actor == endpoint.name and {v.left_cell, v.right_cell} == {left.id, right.id} for v in row.votes
        ):  # fmt: skip
            skipped += 1
            continue
        choice, agreed = _both_orders(endpoint, row.prompt, left, right)
        vote(project, left.id, right.id, choice, actor=endpoint.name, blind=True)
        voted, disagreed = voted + 1, disagreed + (not agreed)
    return Judged(voted, disagreed, skipped)


def _both_orders(endpoint: Endpoint, prompt: Prompt, left: Cell, right: Cell) -> tuple[Choice, bool]:
    first = ask_verdict(endpoint, prompt, left.text, right.text)
    second = ask_verdict(endpoint, prompt, right.text, left.text)
    turned: Verdict = {"A": "B", "B": "A", "tie": "tie"}[second]  # type: ignore[assignment]
    if first != turned:
        return "tie", False
    return ("tie" if first == "tie" else "left" if first == "A" else "right"), True


def ask_verdict(endpoint: Endpoint, prompt: Prompt, a: str, b: str) -> Verdict:
    """Return which of two answers the endpoint finds better.

    Raises:
        WorkbenchError: It does not answer, or says something else.
    """
    asked = "\n".join(f"{m.get('role', '')}: {m.get('content', '')}" for m in prompt.messages)
    body = {
        "model": endpoint.model,
        "temperature": 0,
        "max_tokens": 32,
        "messages": [
            {"role": "system", "content": _ASK},
            {"role": "user", "content": json.dumps({"question": asked, "A": a, "B": b}, ensure_ascii=False)},
        ],
    }
    said = _post(endpoint, body)
    found = _ASKED_FOR.search(said) or _BARE.fullmatch(said)
    if found:
        return _VERDICTS[found[1].casefold()]
    raise WorkbenchError(
        f"{endpoint.name} said {said[:80]!r} instead of a verdict", "use a model that follows instructions"
    )


def _post(endpoint: Endpoint, body: dict[str, Any]) -> str:
    headers = {"Content-Type": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    url = endpoint.address.rstrip("/") + "/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            found = json.loads(answer.read())
        return str(found["choices"][0]["message"]["content"])
    except urllib.error.HTTPError as error:
        raise WorkbenchError(
            f"{url} answered {error.code} {error.reason}", "look at the key and the name"
        ) from None
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise WorkbenchError(
            f"the judge at {url} gave no usable answer ({error})", "look whether an endpoint is running there"
        ) from error
