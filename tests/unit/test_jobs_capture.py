"""A short command's JSON answer becomes a file; its refusal, or silence, becomes words."""

import sys

import pytest

from crlft.runfolder import RunFolder
from workbench.jobs import capture

SAYS = "import sys; sys.stdout.write(sys.argv[1]); sys.exit(int(sys.argv[2]))"


def run(tmp_path, monkeypatch, text, code="0"):
    command = [sys.executable, "-c", SAYS, text, code]
    monkeypatch.setattr(sys, "argv", ["capture", str(tmp_path), "result.json", "--", *command])
    return capture.main(), RunFolder(tmp_path)


def test_the_last_object_is_the_answer(tmp_path, monkeypatch):
    code, folder = run(tmp_path, monkeypatch, 'loading…\n[1]\n{"steps": 7}\n')
    assert code == 0
    assert folder.read_json("result.json") == {"steps": 7}
    assert folder.marker()[0] == "done"


@pytest.mark.parametrize(
    ("text", "code", "error", "remedy"),
    [
        ('{"error": "no data", "remedy": "tag some"}', "1", "no data", "tag some"),
        ('{"steps": 7}', "3", "it ended with exit code 3", "look at its log's end"),
        ("nothing of use", "0", "it ended with exit code 0", "look at its log's end"),
    ],
)
def test_a_failure_leaves_no_answer(tmp_path, monkeypatch, text, code, error, remedy):
    assert run(tmp_path, monkeypatch, text, code)[0] == 1
    folder = RunFolder(tmp_path)
    assert folder.read_json("result.json") is None
    kind, said = folder.marker()
    assert (kind, said["error"], said["remedy"]) == ("failed", error, remedy)
