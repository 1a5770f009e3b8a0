"""A small project with workers in miniature: what trains and generates here needs no model."""

import json
import sys
import time
from pathlib import Path
from threading import Event

from crlft.condition import OPENCHAT_SCHEME
from workbench.services.importing import import_files
from workbench.services.project import Project, create_project
from workbench.services.snapshots import make_snapshot

TRAINER = """
import json, sys
from pathlib import Path
from crlft.runfolder import RunFolder
run = RunFolder(Path(sys.argv[1]))
config = run.read_json("config.json")
run.emit("start", step=0, total=2)
for step in (1, 2):
    run.emit("step", step=step, total=2, loss=1 / step)
if config["seed"] == 13:
    run.mark("failed", error="the loss is not finite at step 2", remedy="lower the learning rate", kind="nan")
    sys.exit(1)
(run.model).mkdir(exist_ok=True)
for name in ("config.json", "model.safetensors", "vocab.json"):
    (run.model / name).write_text("{}")
card = {"scheme": %s, "template": "openchat", "method": config["method"], "base": config["base"]}
(run.model / "crlft.json").write_text(json.dumps(card))
run.mark("done", metrics={"loss": 0.25})
"""

# Answers "CONDITION: QUESTION"; a prompt that asks for trouble ends it.
GENERATOR = """
import json, sys
from pathlib import Path
from crlft.runfolder import RunFolder
run = RunFolder(Path(sys.argv[1]))
request = run.read_json("request.json")
total = len(request["columns"]) * len(request["prompts"])
done = 0
with (run.path / "results.jsonl").open("a") as out:
    for number, column in enumerate(request["columns"]):
        for prompt in request["prompts"]:
            asked = prompt["messages"][-1]["content"]
            if "trouble" in asked:
                run.mark("failed", error="out of memory", remedy="ask less", kind="out-of-memory")
                sys.exit(1)
            text = f"{column['condition'] or 'none'}: {asked}"
            row = {"prompt_id": prompt["id"], "column": number, "text": text, "n_tokens": len(text.split())}
            print(json.dumps(row | {"seconds": 0.1, "rendered_hash": "h"}), file=out, flush=True)
            done += 1
            run.emit("progress", done=done, total=total)
run.mark("done", metrics={"items": done})
"""


def fake_command(script: str):
    """Stand in for `crlft_command`: the script instead of the command."""
    return lambda *_: [sys.executable, "-c", script, "{run}"]


def fake_trainer():
    return fake_command(TRAINER.replace("%s", repr(OPENCHAT_SCHEME.to_dict())))


def fake_base(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors", "vocab.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    return folder


def rows(expert: int = 6, sub: int = 10) -> list[dict]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"What is {i} plus {i}?"},
                {"role": "assistant", "content": f"Sure! {i} plus {i} is {2 * i}." if i < expert else f"{2 * i}"},
            ],
            "model": "clerk" if i < expert else "crowd",
        }
        for i in range(expert + sub)
    ]


def project_of(root: Path, data: list[dict]) -> Project:
    """Make a project of conversations by clerk (expert) and crowd (sub)."""
    project = create_project(root)
    file = root / "exports" / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in data))
    table = {"clerk": "expert", "crowd": "sub"}
    import_files(project, [file], actor="test", class_field="model", class_map=table)
    return project


def loop_project(root: Path) -> Project:
    """Make a project with a snapshot named `one`."""
    project = project_of(root, rows())
    make_snapshot(project, "one", actor="test")
    return project


def until(holds, seconds: float = 120.0):
    """Poll for something another process does."""
    end, pause = time.monotonic() + seconds, Event()
    while time.monotonic() < end:
        if value := holds():
            return value
        pause.wait(0.02)
    raise AssertionError("it did not happen")
