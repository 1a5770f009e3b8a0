"""The optional judge: both orders, disagreement is a tie, faults in words; against a server in this process."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.ui.loop_data import ANSWERS, make_comparison, make_run
from tests.unit.loop_project import loop_project
from workbench.domain.comparison import Prompt
from workbench.domain.errors import PlanError, WorkbenchError
from workbench.services import comparing
from workbench.services.endpoint import Endpoint, ask_verdict, judge_by_endpoint


@pytest.fixture
def server():
    """A chat endpoint whose verdicts a test sets; it notes what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, self.headers.get("Authorization"), body))
            verdict = made.verdict(json.loads(body["messages"][1]["content"]))
            self.send_response(200 if verdict is not None else 500)
            self.end_headers()
            self.wfile.write(json.dumps({"choices": [{"message": {"content": verdict or ""}}]}).encode())

        def log_message(self, *_):
            pass

    seen = []
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.seen = seen
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def project(tmp_path):
    made = loop_project(tmp_path / "project")
    make_run(made, "run-1", mark="done", model=True)
    make_comparison(made, answers=ANSWERS)
    yield made
    made.close()


def endpoint(server):
    return Endpoint(f"http://127.0.0.1:{server.server_port}/v1/", "m", "secret")


def size(text):
    return len(text), text


def choices(project):
    return {v.prompt_id: v.choice for row in comparing.comparison_grid(project, 1).rows for v in row.votes}


def test_the_longer_answer_wins_whatever_its_place(project, server):
    server.verdict = lambda q: json.dumps({"better": "A" if size(q["A"]) > size(q["B"]) else "B"})
    found = judge_by_endpoint(project, 1, (0, 1), endpoint(server))
    rows = {r.prompt.id: r.cells for r in comparing.comparison_grid(project, 1).rows}
    assert found.voted > 0
    assert found.disagreed == 0
    for prompt, choice in choices(project).items():
        assert choice == ("left" if size(rows[prompt][0].text) > size(rows[prompt][1].text) else "right")
    assert len(server.seen) == 2 * found.voted
    path, key, body = server.seen[0]
    assert (path, key) == ("/v1/chat/completions", "Bearer secret")
    assert "GPT4" not in json.dumps(body)
    again = judge_by_endpoint(project, 1, (0, 1), endpoint(server))
    assert (again.voted, again.skipped) == (0, found.voted + found.skipped)


def test_a_judge_that_loves_the_first_place_only_ties(project, server):
    server.verdict = lambda q: '{"better": "A"}'
    found = judge_by_endpoint(project, 1, (0, 1), endpoint(server))
    assert found.disagreed == found.voted > 0
    assert set(choices(project).values()) == {"tie"}


def test_what_goes_wrong_is_said(project, server):
    server.verdict = lambda q: "both are lovely"
    with pytest.raises(WorkbenchError, match="instead of a verdict"):
        judge_by_endpoint(project, 1, (0, 1), endpoint(server))
    server.verdict = lambda q: None
    with pytest.raises(WorkbenchError, match="500"):
        judge_by_endpoint(project, 1, (0, 1), endpoint(server))
    with pytest.raises(PlanError):
        judge_by_endpoint(project, 1, (0, 0), endpoint(server))
    with pytest.raises(WorkbenchError, match="no address"):
        Endpoint("file:///etc/passwd", "m")
    assert choices(project) == {}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ('{"better": "B"}', "B"),
        ("Sure! {'better': 'tie'}", "tie"),
        ("A", "A"),
        (' "b".\n', "B"),
        ('"A" is not as good as "B"', None),
        ("A better answer is B", None),
    ],
)
def test_a_verdict_is_read_however_small_models_write_it_and_never_guessed(server, said, verdict):
    server.verdict = lambda _: said
    prompt = Prompt("p", ({"role": "user", "content": "What?"},))
    if verdict is None:
        with pytest.raises(WorkbenchError, match="instead of a verdict"):
            ask_verdict(endpoint(server), prompt, "one", "two")
    else:
        assert ask_verdict(endpoint(server), prompt, "one", "two") == verdict
