"""Jobs handed to a worker that is already there, with its models loaded; see `workbench.jobs.stay`.

A worker that has done its job offers itself by a file in `.warm` beside the job folders. Whoever starts a job of
its kind makes the *claim*, a second file that only one can make: another client, or the worker itself on its way
out. So a job is either taken by exactly one worker, or started the ordinary way.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crlft.runfolder import RunFolder, write_atomically
from workbench.jobs.process import identity, is_alive

WARM = ".warm"


@dataclass(frozen=True, slots=True)
class Offer:
    """A worker that waits.

    Attributes:
        pid: Its process.
        started: That process's identity.
        kind: What it can do; jobs of this kind only.
        device: The device that it will wait for.
        offline: Whether it was started without leave to ask a model hub.
        environment: The more variables that it was started with.
    """

    pid: int
    started: str
    kind: str
    device: str
    offline: bool
    environment: Mapping[str, str]


def offer_for(job: Mapping[str, Any]) -> Offer:
    """Return the offer of this process, which has done a job and could do another like it."""
    pid = os.getpid()
    return Offer(
        pid,
        str(identity(pid)),
        str(job["kind"]),
        str(job["device"]),
        bool(job.get("offline")),
        dict(job.get("environment") or {}),
    )


def put_offer(folder: Path, offer: Offer) -> Path:
    """Write an offer into a folder of offers; returns its file."""
    folder.mkdir(parents=True, exist_ok=True)
    # A name of its own: no claim on an earlier offer of this process holds for this one.
    path = folder / f"{offer.pid}-{secrets.token_hex(4)}.json"
    write_atomically(path, json.dumps(asdict(offer)) + "\n")
    return path


def claim_path(offer: Path) -> Path:
    """Return the file that decides who has the worker of this offer."""
    return offer.with_suffix(".claim")


def claim(offer: Path, text: str) -> bool:
    """Make the claim on an offer; False where somebody else has made it, or the offer is gone."""
    scratch = offer.with_name(f"{offer.stem}.{secrets.token_hex(4)}")
    try:
        scratch.write_text(text, encoding="utf-8")
        os.link(scratch, claim_path(offer))
    except (FileExistsError, FileNotFoundError):
        return False
    finally:
        scratch.unlink(missing_ok=True)
    if offer.exists():
        return True
    claim_path(offer).unlink(missing_ok=True)  # it was withdrawn just before
    return False


def hand_over(run: RunFolder, job: Mapping[str, Any]) -> bool:
    """Hand a job to a waiting worker of its kind; False where there is none, and nothing has happened then.

    Args:
        run: The job's folder.
        job: What `job.json` is to say.
    """
    for path in sorted((run.path.parent / WARM).glob("*.json")):
        try:
            offer = Offer(**json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            continue
        if not is_alive(offer.pid, offer.started):
            path.unlink(missing_ok=True)
            claim_path(path).unlink(missing_ok=True)
        elif _fits(offer, job):
            run.write_json("job.json", {**job, "pid": offer.pid, "started": offer.started, "phase": "queued"})
            if claim(path, str(run.path)):
                return True
    return False


def _fits(offer: Offer, job: Mapping[str, Any]) -> bool:
    return (offer.kind, offer.device, offer.offline, dict(offer.environment)) == (
        job["kind"],
        job["device"],
        bool(job.get("offline")),
        dict(job.get("environment") or {}),
    )
