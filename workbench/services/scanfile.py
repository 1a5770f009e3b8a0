"""A cleaning scan as files in a job's folder.

scan.json     the rules as a recipe, the selection, how many were looked at
hits.jsonl    one finding a line
"""

from __future__ import annotations

import json
from pathlib import Path

import orjson

from workbench.curate.clean import active_rules
from workbench.curate.clean.own import own_rule
from workbench.domain.errors import NotFound
from workbench.services.cleaning import CleanScan, Hit
from workbench.services.recipes import Recipe

SCAN, HITS = "scan.json", "hits.jsonl"


def write_scan(found: CleanScan, folder: Path) -> None:
    """Write a scan.

    Raises:
        OSError: There is no room for it.
    """
    with (folder / HITS).open("wb") as file:
        for h in found.hits:
            file.write(orjson.dumps([h.seq, h.rule, h.verdict, h.reason, h.turn]) + b"\n")
    body = {"recipe": Recipe.of(found.rules).to_dict(), "query": found.query, "considered": found.considered}
    (folder / SCAN).write_bytes(orjson.dumps(body))


def read_scan(folder: Path) -> CleanScan:
    """Return the scan that lies in a folder, with its rules as they ran.

    Raises:
        NotFound: There is none, or it cannot be read.
        PlanError: A rule of it is no longer there.
    """
    try:
        body = orjson.loads((folder / SCAN).read_bytes())
        with (folder / HITS).open("rb") as lines:
            hits = tuple(Hit(*orjson.loads(line)) for line in lines)
    except (OSError, ValueError, TypeError) as error:
        raise NotFound(f"the scan in {folder} cannot be read: {error}", "scan again") from error
    recipe = Recipe.from_json(json.dumps(body["recipe"]))
    own = [own_rule(o) for o in recipe.own]
    rules = active_rules(list(recipe.verdicts), recipe.verdicts, recipe.params, own)
    return CleanScan(tuple(rules), body["query"], body["considered"], hits)
