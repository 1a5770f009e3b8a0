"""Near-duplicate prompts stand together: in a snapshot's held-out part, whatever the share."""

from __future__ import annotations

import json

import pytest

from crlft.conversation import Conversation, Turn
from crlft.dataset import is_held_out
from crlft.errors import DataError
from crlft.promptgroups import GROUPS, LEARNT, below_share, prompt_key, read_prompt_groups
from tests.contract.store_world import make_project, make_record
from workbench.services.promptgroups import PromptGroups
from workbench.services.snapshots import make_snapshot, write_aside

LAMPS = "which of the old blue lamps by the {} can I still buy there today"


def talk(prompt):
    return Conversation((Turn("user", prompt), Turn("assistant", "a")), class_name="sub")


def test_near_duplicates_share_a_key_in_any_order_and_other_numbers_do_not():
    prompts = PromptGroups()
    lamps, sums = LAMPS.format("harbour"), "what is 7 plus {} now"
    texts = [lamps, lamps + " please", sums.format(4), sums.format(5)]
    for text in texts:
        prompts.add(prompt_key(text), text)
    groups = prompts.group_of(LEARNT)
    assert set(groups) == set(map(prompt_key, texts[:2]))
    assert len(set(groups.values())) == 1
    other = PromptGroups()
    for text in reversed(texts):
        other.add(prompt_key(text), text)
    assert other.group_of(LEARNT) == groups


def test_groups_are_held_out_as_often_as_single_prompts():
    prompts = PromptGroups()
    for n in range(300):
        for tail in ("", " please", " sir"):
            text = LAMPS.format(f"gate {n}") + tail
            prompts.add(prompt_key(text), text)
    keys = set(prompts.group_of(LEARNT).values())
    assert len(keys) == 300
    assert 40 < sum(below_share(key, 0.2) for key in keys) < 80


def test_a_group_that_is_most_of_the_data_is_never_held_out():
    prompts = PromptGroups()
    for n in range(30):
        text = LAMPS.format("harbour") + " oh" * n
        prompts.add(prompt_key(text), text)
    assert LEARNT in prompts.group_of(LEARNT).values()
    assert not below_share(LEARNT, 0.5)
    assert PromptGroups().group_of(LEARNT) == {}


def test_a_snapshot_says_which_prompts_stand_together(tmp_path):
    asked = [LAMPS.format(f"gate {n}") + tail for n in range(40) for tail in ("", " please")]
    records = [make_record(text, f"answer {n}", class_name="sub") for n, text in enumerate(asked)]
    project = make_project(tmp_path / "p", records)
    made = make_snapshot(project, "one", actor="ann")
    groups = read_prompt_groups(made.path)
    assert len(groups) == 80
    write_aside(project, tmp_path / "aside")  # what a preview counts: held out is the same, or it were no preview
    assert read_prompt_groups(tmp_path / "aside") == groups
    for n in range(0, 80, 2):
        one, other = (is_held_out(talk(text), 0.3, groups) for text in asked[n : n + 2])
        assert one == other
    assert any(is_held_out(talk(text), 0.3) != is_held_out(talk(text), 0.3, groups) for text in asked)
    assert 10 < sum(is_held_out(talk(text), 0.3, groups) for text in asked) < 50
    assert "prompt_groups.json" in json.loads((made.path / "manifest.json").read_text())["held_out_rule"]
    assert make_snapshot(project, "two", actor="ann").hash == made.hash


def test_other_data_has_no_groups_and_a_broken_file_is_named(tmp_path):
    assert read_prompt_groups(tmp_path) == read_prompt_groups("") == read_prompt_groups("hub:owner/name") == {}
    (tmp_path / GROUPS).write_text('{"groups": {"a": "not hexadecimal"}}')
    with pytest.raises(DataError, match="make the snapshot again"):
        read_prompt_groups(tmp_path)
