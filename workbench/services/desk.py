"""Talk to models at once: a resident job keeps them loaded, answers as the words come, and ends when idle.

    ticket = ask_chat(project, panes, messages_of_each)   # starts the desk if none runs
    reply = read_reply(project, ticket)                    # as often as one likes, until `.done`

The desk is a job like any other, on a device name of its own: it does not wait behind a training run, nor does a
run wait for it.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crlft.runfolder import write_atomically
from workbench.domain.comparison import Column
from workbench.domain.errors import JobError, WorkbenchError
from workbench.jobs import crlft_command, new_job_id, start_job
from workbench.services import jobs
from workbench.services.bases import resolve_base
from workbench.services.project import Project

KIND = "desk"
_DEVICE = "desk"


@dataclass(frozen=True, slots=True)
class Pane:
    """What the desk says for one column.

    Attributes:
        text: The answer so far.
        n_tokens: Its tokens.
        seconds: Since the request was taken up.
        rendered_hash: Hash of the token ids the model was given.
        tokens: For likelihoods: (text, log p in nats) of every piece of the answer.
        error: Why there is nothing.
    """

    text: str = ""
    n_tokens: int = 0
    seconds: float = 0.0
    rendered_hash: str = ""
    tokens: tuple[tuple[str, float], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it stands now.

    Attributes:
        done: Whether nothing more will come.
        panes: One per column asked; empty before the first word.
        first_token_seconds: From the request's being taken up to the first token, once known.
    """

    done: bool
    panes: tuple[Pane, ...] = ()
    first_token_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where an answer will be.

    Attributes:
        job_id: The desk's job.
        request_id: The request.
    """

    job_id: str
    request_id: str


def ask_chat(
    project: Project,
    columns: Sequence[Column],
    chats: Sequence[Sequence[Mapping[str, str]]],
    *,
    max_new_tokens: int = 96,
    temperature: float = 0.0,
    seed: int = 0,
) -> Ticket:
    """Ask every column to go on with its own chat.

    Args:
        project: The project.
        columns: Models under conditions.
        chats: Each column's messages so far, ending with what the user says.
        max_new_tokens: Longest answer.
        temperature: 0 is greedy.
        seed: For sampling.

    Raises:
        WorkbenchError: A model is not there, or the desk cannot be started.
    """
    sampling = {"max_new_tokens": max_new_tokens, "temperature": temperature, "seed": seed}
    return _ask(project, {"kind": "chat", "panes": _panes(project, columns, chats), **sampling})


def ask_likelihood(
    project: Project, columns: Sequence[Column], chats: Sequence[Sequence[Mapping[str, str]]]
) -> Ticket:
    """Ask how likely every column finds the last answer of its chat, token by token.

    Raises:
        WorkbenchError: A model is not there, or the desk cannot be started.
    """
    return _ask(project, {"kind": "likelihood", "panes": _panes(project, columns, chats)})


def read_reply(project: Project, ticket: Ticket) -> Reply:
    """Return what the desk has said so far.

    Raises:
        JobError: The desk ended before it answered, or it could not answer; says why.
    """
    folder = jobs.runs_dir(project) / ticket.job_id
    path = folder / "outbox" / f"{ticket.request_id}.json"
    body = _body(path)
    if body is None or not body["done"]:
        job = jobs.get_job(project, ticket.job_id)
        if not job.live and not (_body(path) or {"done": False})["done"]:
            raise JobError(f"the desk {job.status} before it answered {job.error}".rstrip(), "ask again")
    if body is None:
        return Reply(done=False)
    if body.get("error"):
        raise JobError(str(body["error"]), str(body.get("remedy") or "ask again"))
    panes = tuple(
        Pane(
            text=str(p.get("text", "")),
            n_tokens=int(p.get("n_tokens", 0)),
            seconds=float(p.get("seconds", 0.0)),
            rendered_hash=str(p.get("rendered_hash", "")),
            tokens=tuple((piece["text"], float(piece["logp"])) for piece in p.get("tokens", ())),
            error=str(p.get("error", "")),
        )
        for p in body["panes"]
    )
    return Reply(bool(body["done"]), panes, body.get("first_token_seconds"))


def wait_for_reply(project: Project, ticket: Ticket, *, seconds: float = 120.0) -> Reply:
    """Return the whole answer.

    Raises:
        JobError: The desk could not answer, or took longer than this.
    """
    until = time.monotonic() + seconds
    while not (reply := read_reply(project, ticket)).done:
        if time.monotonic() > until:
            raise JobError(f"no answer within {seconds:g} seconds", "look at the desk's log under Jobs, ask again")
        time.sleep(0.05)
    return reply


def warm_up(project: Project) -> str:
    """Start the desk if none runs; returns its job."""
    live = next((j for j in jobs.all_jobs(project, KIND) if j.live), None)
    if live is not None:
        return live.id
    job_id = new_job_id(KIND)
    (jobs.runs_dir(project) / job_id / "inbox").mkdir(parents=True)
    return start_job(
        jobs.runs_dir(project),
        KIND,
        crlft_command("desk", "--run", "{run}"),
        job_id=job_id,
        title="talk",
        device=_DEVICE,
        offline=True,
    )


def _ask(project: Project, body: Mapping[str, Any]) -> Ticket:
    job_id = warm_up(project)
    request_id = f"{time.time_ns()}-{secrets.token_hex(2)}"
    inbox = jobs.runs_dir(project) / job_id / "inbox"
    try:
        write_atomically(inbox / f"{request_id}.json", json.dumps(body))
    except OSError as error:
        raise JobError(f"cannot write {inbox}: {error.strerror}", "make room on the disk") from error
    return Ticket(job_id, request_id)


def _panes(
    project: Project, columns: Sequence[Column], chats: Sequence[Sequence[Mapping[str, str]]]
) -> list[dict[str, Any]]:
    if not columns:
        raise WorkbenchError("nobody is asked", "choose at least one model and condition")
    return [
        {"model": _model_path(project, c.model), "condition": c.condition, "messages": [dict(m) for m in chat]}
        for c, chat in zip(columns, chats, strict=True)
    ]


def _model_path(project: Project, model: str) -> str:
    own = jobs.runs_dir(project) / model / "model"
    return str(own.resolve()) if own.is_dir() else resolve_base(project, model).model


def _body(path: Any) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found
