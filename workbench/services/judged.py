"""Scores of a judging job to judgements: which detector to believe, and what it says about every conversation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.folds import VECTORS, answers_of, fold_of
from crlft.runfolder import RunFolder
from workbench.curate.evidence import (
    BY_EMBEDDINGS,
    DETECTORS,
    UNTAGGED,
    Detection,
    Floats,
    Ints,
    Material,
    believed,
    detection,
    likely_issues,
    suspicion,
    uncertainty,
)
from workbench.store.judgements import Judgement

CROSS_FITS = 5
"""Folds that calibrate the detectors; the same prompts share one."""
Detected = Detection


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out of a job.

    Attributes:
        judgements: One per conversation that could be scored.
        detector: Whose probabilities these are.
        detections: Every detector on the canaries, best first.
        unscored: Conversations that could not be scored.
    """

    judgements: list[Judgement]
    detector: str
    detections: tuple[Detection, ...]
    unscored: int


def judge(folder: RunFolder, scheme: ClassScheme, swapped: Mapping[str, str], *, in_sample: bool) -> Verdict:
    """Read a job's scores and judge every conversation by the detector that found the canaries best.

    Args:
        folder: The job's folder.
        scheme: The classes, for weights.
        swapped: Canaries: row number → the class it really has.
        in_sample: True where the model had trained on what it scored; the likelihood judges then, unmeasured.
    """
    names = [c.name for c in scheme.classes]
    conversations, material, unscored = _material(folder, names)
    seqs = [c.id for c in conversations]
    real = material.tags.copy()
    for place, seq in enumerate(seqs):
        if seq in swapped:
            real[place] = names.index(swapped[seq])
    wrong = (real != material.tags)[material.tags != UNTAGGED]
    detector, found, detections = _choose(material, wrong, measured=not in_sample and bool(wrong.any()))
    suspicions, issues, doubts = suspicion(found, real), likely_issues(found, real), uncertainty(found)
    statuses = {c.id: str(c.metadata.get("status", "")) for c in conversations}
    judgements = []
    for i, conversation in enumerate(conversations):
        proposal = int(found[i].argmax())
        given = int(real[i])
        other = given if given not in (UNTAGGED, proposal) else int(np.argsort(-found[i])[1])
        judgements.append(
            Judgement(
                seq=int(conversation.id),
                job_id=folder.path.name,
                tag=names[given] if given != UNTAGGED else None,
                status=statuses[conversation.id],
                proposal=names[proposal],
                suspicion=float(suspicions[i]),
                uncertainty=float(doubts[i]),
                mass=_mass(scheme, names, found[i], given, int(material.tokens[i])),
                evidence=float(material.logp[i, proposal] - material.logp[i, other])
                / max(1, int(material.tokens[i])),
                issue=bool(issues[i]),
                tokens=int(material.tokens[i]),
                probabilities={name: round(float(p), 6) for name, p in zip(names, found[i], strict=True)},
            )
        )
    return Verdict(judgements, detector, detections, unscored)


def _choose(material: Material, wrong: np.ndarray, *, measured: bool) -> tuple[str, Floats, tuple[Detection, ...]]:
    """Return the detector that found the canaries best (see `believed`), its probabilities, and all figures."""
    if not measured:
        first = next(iter(DETECTORS))
        return first, DETECTORS[first](material), ()
    known = material.tags != UNTAGGED
    able = {n: d for n, d in DETECTORS.items() if n not in BY_EMBEDDINGS or material.vectors is not None}
    found = {name: detector(material) for name, detector in able.items()}
    figures = [detection(name, suspicion(p, material.tags)[known], wrong) for name, p in found.items()]
    chosen = believed(figures)
    return chosen, found[chosen], tuple(sorted(figures, key=lambda d: -d.auc))


def _mass(scheme: ClassScheme, names: list[str], chances: Floats, given: int, tokens: int) -> float:
    """Return the expected change of the summed loss weight if the tag became what it should be."""
    weights = np.array([scheme.loss_weight(name) for name in names])
    now = weights[given] if given != UNTAGGED else 0.0
    return float(tokens * np.abs(weights - now) @ chances)


def _material(folder: RunFolder, names: list[str]) -> tuple[list[Conversation], Material, int]:
    scores = {}
    with (folder.path / "results.jsonl").open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if not row.get("error"):
                scores[row["index"]] = row
    conversations, answers, total = [], [], 0
    tags: list[int] = []
    with (folder.path / "data.jsonl").open(encoding="utf-8") as file:
        for index, line in enumerate(file):
            total += 1
            if index in scores:
                conversation = Conversation.from_dict(json.loads(line))
                conversations.append(conversation)
                answers.append(answers_of(conversation))
                name = conversation.class_name
                tags.append(names.index(name) if name in names else UNTAGGED)
    rows = [scores[i] for i in sorted(scores)]
    material = Material(
        answers=answers,
        tokens=_ints([r["tokens"] for r in rows]),
        logp=np.array([[r["logp"][n] for n in names] for r in rows], dtype=np.float64).reshape(-1, len(names)),
        tags=_ints(tags),
        folds=_ints([fold_of(c, CROSS_FITS) for c in conversations]),
        vectors=_vectors(folder, sorted(scores), total),
    )
    return conversations, material, total - len(rows)


def _vectors(folder: RunFolder, rows: list[int], total: int) -> Floats | None:
    try:
        found = np.load(folder.path / VECTORS, allow_pickle=False)
    except FileNotFoundError:  # a job of an earlier version
        return None
    return np.asarray(found[rows], dtype=np.float64) if len(found) == total else None


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)
