"""The desk: models stay loaded, panes of one model are one batch, likelihoods are the model's own."""

import json

import pytest
import torch

from crlft.desk import Desk, run_desk
from crlft.events import Events
from crlft.models import load_trained
from crlft.runfolder import RunFolder
from tests.tiny import save_tiny_base


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny_base(tmp_path_factory.mktemp("desk") / "base"))


def ask(folder, body, name="1"):
    (folder / "inbox").mkdir(exist_ok=True)
    (folder / "outbox").mkdir(exist_ok=True)
    (folder / "inbox" / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")


def said(folder, name="1"):
    return json.loads((folder / "outbox" / f"{name}.json").read_text(encoding="utf-8"))


def pane(base, condition="GPT4 Correct", *said):
    roles = ("user", "assistant")
    return {
        "model": base,
        "condition": condition,
        "messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(said or ("What is 1?",))],
    }


def test_every_pane_goes_on_with_its_own_chat_and_the_run_ends_when_idle(tmp_path, base):
    panes = [pane(base), pane(base, "GPT3 Correct"), pane(base, "", "One?", "Two.", "Three?"), pane(base)]
    ask(tmp_path, {"kind": "chat", "panes": panes, "max_new_tokens": 5})
    assert run_desk(Events(RunFolder(tmp_path)), idle_seconds=0.2) == 1
    found = said(tmp_path)
    assert found["done"]
    assert found["first_token_seconds"] >= 0
    assert [0 < p["n_tokens"] <= 5 for p in found["panes"]] == [True] * 4
    hashes = [p["rendered_hash"] for p in found["panes"]]
    assert len(set(hashes)) == 3
    assert hashes[0] == hashes[3]
    assert found["panes"][0]["text"] == found["panes"][3]["text"]
    assert not list((tmp_path / "inbox").iterdir())


def test_likelihoods_are_the_models_own_and_cover_the_last_answer_only(tmp_path, base):
    spoken = ("One?", "Two.", "Three?", "是 four")
    ask(tmp_path, {"kind": "likelihood", "panes": [pane(base, "GPT3 Correct", *spoken)]})
    desk = Desk(tmp_path, "cpu")
    desk.answer(desk.waiting()[0])
    found = said(tmp_path)["panes"][0]
    assert "".join(t["text"] for t in found["tokens"]).strip() == "是 four"
    loaded = load_trained(base)
    from crlft.conversation import Conversation, Turn

    turns = tuple(Turn(m["role"], m["content"]) for m in pane(base, "", *spoken)["messages"])
    encoded = loaded.encoder.encode(Conversation(turns), "GPT3 Correct")
    ids = torch.tensor([encoded.ids.tolist()])
    with torch.inference_mode():
        logp = loaded.model(input_ids=ids).logits[0].log_softmax(-1)
    own = [i for i in range(len(ids[0])) if encoded.supervised[i]][-found["n_tokens"] :]
    assert found["logp"] == pytest.approx(sum(float(logp[i - 1, ids[0, i]]) for i in own), abs=1e-3)


def test_what_cannot_be_answered_says_why_and_the_desk_goes_on(tmp_path, base):
    ask(tmp_path, {"kind": "chat", "panes": [pane(str(tmp_path / "nowhere"))]}, "1")
    ask(tmp_path, {"kind": "chat", "panes": [pane(base, "", "One?", "Two.")]}, "2")
    ask(tmp_path, {"kind": "chat", "panes": [pane(base)], "max_new_tokens": 2}, "3")
    desk = Desk(tmp_path, "cpu")
    for path in desk.waiting():
        desk.answer(path)
    assert "nowhere" in said(tmp_path, "1")["error"]
    assert "end with what the user says" in said(tmp_path, "2")["remedy"]
    assert said(tmp_path, "3")["panes"][0]["n_tokens"]
