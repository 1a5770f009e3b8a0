"""Exceptions to words; checkpoints that are complete or absent; model folders checked before use."""

from __future__ import annotations

import errno
import json
import os
import signal

import pytest
from safetensors import SafetensorError

from crlft.checkpoints import Identity, check_identity, checkpoint_name, clear_scratch, latest, publish
from crlft.errors import ConfigError, DataError, ModelError, RunError
from crlft.events import Events, Pace
from crlft.failure import NotFiniteError, explain
from crlft.modelfolder import check_model, count_parameters, read_card
from crlft.runfolder import RunFolder
from tests.tiny import save_tiny_base, tiny_model


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotFiniteError("the loss became nan", "lower it"), "nan"),
        (OSError(errno.ENOSPC, "x"), "disk-full"),
        (RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be"), "device-lost"),
        (SafetensorError("I/O error: No space left on device (os error 28)"), "disk-full"),
        (RuntimeError("[enforce fail] . PytorchStreamWriter failed writing file data/3"), "disk-full"),
        (MemoryError(), "out-of-memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "out-of-memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "out-of-memory"),
        (DataError("bad row", "mend it"), "bad-data"),
        (ConfigError(["steps is -1"]), "bad-config"),
        (ModelError("no such folder", "correct it"), "bad-model"),
        (ValueError("nobody foresaw this"), "error"),
    ],
)
def test_every_failure_has_a_kind_and_a_remedy(error, kind):
    found = explain(error)
    assert found.kind == kind
    assert found.error
    assert found.remedy


def written(root, step):
    scratch = root / ".writing" / "checkpoint"
    scratch.mkdir(parents=True)
    (scratch / "model.safetensors").write_bytes(b"x")
    publish(scratch, root / checkpoint_name(step), Identity("c", "d"), keep=2)
    (root / ".writing").rmdir()


def test_only_the_newest_checkpoints_are_kept(tmp_path):
    assert latest(tmp_path / "absent") is None
    for step in (5, 10, 15, 15):
        written(tmp_path, step)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-00000010", "step-00000015"]
    assert latest(tmp_path) == (tmp_path / "step-00000015", 15)


def test_half_a_checkpoint_is_none(tmp_path):
    written(tmp_path, 5)
    (tmp_path / ".writing" / "checkpoint-6").mkdir(parents=True)
    (tmp_path / ".gone-step-00000004").mkdir()
    assert latest(tmp_path) == (tmp_path / "step-00000005", 5)
    clear_scratch(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000005"]


def test_another_runs_checkpoint_is_refused(tmp_path):
    written(tmp_path, 5)
    path = tmp_path / "step-00000005"
    check_identity(path, Identity("c", "d"))
    with pytest.raises(RunError, match="the configuration changed since"):
        check_identity(path, Identity("other", "d"))
    (path / "run.json").unlink()
    with pytest.raises(RunError, match="does not say which run"):
        check_identity(path, Identity("c", "d"))


def test_a_second_sigterm_would_end_the_process(tmp_path):
    events = Events(RunFolder(tmp_path))
    before = signal.getsignal(signal.SIGTERM)
    with events.catching_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
        assert events.stop_wanted()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) == before


def test_time_left_counts_this_start_only():
    pace = Pace(total=100, done_before=40, began=0.0)
    assert pace.eta_seconds(40) is None
    later = Pace(total=100, done_before=40)
    assert later.eta_seconds(100) == 0.0


def test_what_is_missing_in_a_model_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match="no base model is named"):
        check_model(" ")
    with pytest.raises(ModelError, match="no such folder"):
        check_model(str(tmp_path / "none"))
    with pytest.raises(ModelError, match=r"no config\.json, no weights \(model\.safetensors\), no tokenizer"):
        check_model(str(tmp_path))
    check_model("org/name-on-the-hub")
    check_model(str(save_tiny_base(tmp_path / "base")))


def test_parameters_are_counted_from_the_file(tmp_path):
    model = tiny_model(320)
    model.save_pretrained(tmp_path)
    assert count_parameters(str(tmp_path)) == sum(p.numel() for p in model.parameters())
    assert count_parameters("org/name-on-the-hub") is None


def test_a_card_that_cannot_be_read(tmp_path):
    assert read_card(tmp_path) is None
    assert read_card("org/name") is None
    (tmp_path / "crlft.json").write_text(json.dumps({"template": "openchat"}))
    with pytest.raises(ModelError, match="cannot be read"):
        read_card(tmp_path)
