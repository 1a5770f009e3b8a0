"""Runs a short command that answers with one JSON object, and keeps the answer in the job's folder.

    python -m workbench.jobs.capture FOLDER RESULT.json -- COMMAND…

Its standard output becomes the file, whole or not at all; an object with `error`, or a failed exit, becomes the
failure's marker. Standard error goes to the job's log.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from crlft.runfolder import RunFolder


def main() -> int:
    """Run the command; return the exit code."""
    folder, result, command = RunFolder(Path(sys.argv[1])), sys.argv[2], sys.argv[4:]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    said = _last_object(done.stdout)
    if done.returncode == 0 and said is not None and "error" not in said:
        folder.write_json(result, said)
        folder.mark("done")
        return 0
    error = (said or {}).get("error") or f"it ended with exit code {done.returncode}"
    remedy = (said or {}).get("remedy") or "look at its log's end"
    folder.mark("failed", error=str(error), remedy=str(remedy), kind="error")
    return 1


def _last_object(text: str) -> dict[str, Any] | None:
    for line in reversed(text.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return None


if __name__ == "__main__":
    raise SystemExit(main())
