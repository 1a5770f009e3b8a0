"""Two processes compute what one computes; one of them speaks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from crlft.config import RunConfig
from crlft.runfolder import RunFolder
from crlft.training import run_training
from tests.tiny import save_tiny_base, tiny_conversations, write_jsonl


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("ranks")
    base = save_tiny_base(root / "base")
    data = write_jsonl(root / "data.jsonl", tiny_conversations())
    settings = {"steps": 6, "step_tokens": 400, "micro_batch_tokens": 150, "threads": 1, "sample_count": 0}
    return RunConfig(snapshot=str(data), base=str(base), save_every=3, held_out_share=0.2).with_overrides(settings)


TELLS_ITS_THREADS = """
import atexit, glob, sys
from pathlib import Path
from crlft.cli import main
names = lambda: " ".join(Path(p).read_text().strip() for p in glob.glob("/proc/self/task/*/comm"))
atexit.register(lambda: print("threads:", names(), file=sys.stderr))
main()
"""


def two_processes(world, folder, program=("-m", "crlft")):
    """Start a run in two processes, as `torchrun` does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir(exist_ok=True)
    RunFolder(folder).write_json("config.json", world.to_dict())
    processes = []
    for rank in range(2):
        environment = {
            **os.environ,
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": "2",
            "LOCAL_WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        command = [sys.executable, *program, "train", "--run", str(folder), "--json"]
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
    out = [p.communicate(timeout=240) for p in processes]
    return [p.returncode for p in processes], out


def told(folder, event):
    return [e for e in RunFolder(folder).read_events()[0] if e["event"] == event]


def test_two_processes_are_one(world, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    assert run_training(world, one).status == "done"
    codes, out = two_processes(world, two, ("-c", TELLS_ITS_THREADS))
    assert codes == [0, 0], out
    # A thread of the talk between them that lives into the interpreter's end can abort the process there.
    threads = [next(line for line in err.splitlines() if line.startswith("threads:")) for _, err in out]
    assert not [t for t in threads if "gloo" in t or "tcpstore" in t], threads
    assert len(told(two, "step")) == 6  # the second process said nothing
    for ours, theirs in zip(told(two, "step"), told(one, "step"), strict=True):
        for figure in ("loss", "loss_unweighted", "grad_norm", "tokens"):
            assert ours[figure] == pytest.approx(theirs[figure], rel=1e-4), figure
    assert told(two, "eval")[-1]["loss"] == pytest.approx(told(one, "eval")[-1]["loss"], rel=1e-4)
    a, b = (load_file(f / "model" / "model.safetensors") for f in (one, two))
    assert all(torch.allclose(a[name], b[name], atol=2e-4) for name in a)


def test_two_processes_resume_where_two_stopped(world, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert two_processes(world, whole)[0] == [0, 0]
    assert two_processes(world, broken)[0] == [0, 0]
    # As if killed between the checkpoints: the last one and the model are gone.
    (broken / "checkpoints" / "step-00000006").rename(broken / "gone")
    (broken / "model").rename(broken / "gone-model")
    codes, out = two_processes(world, broken)
    assert codes == [0, 0], out
    assert told(broken, "start")[-1]["step"] == 3
    a, b = (load_file(f / "model" / "model.safetensors") for f in (whole, broken))
    assert all(torch.allclose(a[name], b[name], atol=1e-6) for name in a)


def test_a_fault_in_both_is_said_once(world, tmp_path):
    codes, _ = two_processes(world.with_overrides({"max_tokens": 5}), tmp_path)
    assert codes == [1, 1]
    marker, body = RunFolder(tmp_path).marker()
    assert (marker, body["kind"]) == ("failed", "bad-data")
