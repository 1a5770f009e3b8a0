"""The command line's frame: options anywhere, exit codes, what it imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.cli import GROUPS, hoist_global_options, make_app, run


class TestHoisting:
    def test_global_options_may_stand_behind_the_command(self) -> None:
        words = ["tag", "expert", "--where", "x", "--json", "--project", "here"]
        assert hoist_global_options(words) == ["--json", "--project", "here", "tag", "expert", "--where", "x"]

    def test_words_behind_two_dashes_are_data(self) -> None:
        assert hoist_global_options(["search", "--", "--json"]) == ["search", "--", "--json"]

    def test_an_equals_sign_serves_too(self) -> None:
        assert hoist_global_options(["stats", "--project=here"]) == ["--project=here", "stats"]


class TestExitCodes:
    def test_a_failure_is_1_with_error_and_remedy(
        self, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        assert run(["--project", str(tmp_path), "stats", "--json"]) == 1
        told = json.loads(capsysbinary.readouterr().out)
        assert set(told) == {"error", "remedy"}
        assert str(tmp_path) in told["error"]

    @pytest.mark.parametrize("as_json", [True, False])
    def test_an_interruption_says_that_what_was_finished_is_kept(
        self,
        as_json: bool,
        tmp_path: Path,
        capsysbinary: pytest.CaptureFixture[bytes],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        run(["--project", str(tmp_path), "init"])
        capsysbinary.readouterr()
        monkeypatch.setattr("workbench.services.importing.import_files", interrupted)
        assert run(["--project", str(tmp_path), "import", "a.jsonl", *(["--json"] if as_json else [])]) == 1
        told = capsysbinary.readouterr()
        if as_json:
            remedy = "what was finished is kept; run it again to go on"
            assert json.loads(told.out) == {"error": "interrupted", "remedy": remedy}
        else:
            assert b"run it again to go on" in told.err

    @pytest.mark.parametrize("words", [["frobnicate"], ["tag"], ["init", "too", "many"], ["train", "--set", "x"]])
    def test_wrong_use_is_2(
        self, words: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        run(["--project", str(tmp_path), "init"])
        capsysbinary.readouterr()
        assert run(["--project", str(tmp_path), "--json", *words]) == 2
        assert json.loads(capsysbinary.readouterr().out)["error"]

    def test_wrong_use_shows_the_usage_to_people(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["tag", "expert"]) == 2
        assert "--where" in capsys.readouterr().err

    def test_a_done_command_is_0_and_prints_one_object(
        self, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        assert run(["--project", str(tmp_path), "init", "--json"]) == 0
        assert json.loads(capsysbinary.readouterr().out)["name"] == tmp_path.name


def test_every_command_is_named_in_the_groups() -> None:
    for names in GROUPS.values():
        registered = {command.name for command in make_app(names[0]).registered_commands}
        assert registered == set(names)


@pytest.mark.parametrize("module", ["workbench.ui.app", "workbench.cli", "workbench.commands.train"])
def test_neither_app_nor_shell_imports_torch(module: str) -> None:
    code = f"import {module}, sys; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
