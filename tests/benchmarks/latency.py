"""How long a curator waits on a large project, in the store and in a browser from key to painted.

    python -m tests.benchmarks.grown answers.jsonl.gz FOLDER --n 1000000     once
    python -m tests.benchmarks.latency FOLDER [--browser CHROMIUM] [--scatter] [--turns 30]

One line of JSON for each measure: p50 and p95 in milliseconds, after one uncounted turn. Tags are undone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.common import machine
from tests.benchmarks.grown import grow, scatter
from workbench.services import browsing, curation, mapping
from workbench.services.project import Project, open_project
from workbench.ui.launch import app_environment, free_port, streamlit_arguments

FILTERS = {
    "class": "class:none",
    "status": "status:kept",
    "source": "source:gpt4_1106_preview",
    "language": "lang:zh",
    "round": "round:1",
    "turns": "turns>2",
    "tokens": "tokens>800",
    "reward": "reward<0.5",
    "several": "class:none lang:zh tokens>200 -status:dropped",
}
SEARCHES = {
    "common word": "the",
    "phrase": '"as an example"',
    "two Chinese characters": "首都",
    "word and filter": "history class:expert",
}


def store_measures(project: Project) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what is measured in the store: name and work."""
    first = browsing.search(project, "")
    cursor = {"after": first.next_after}

    def onward() -> None:
        page = browsing.search(project, "", after=cursor["after"])
        cursor["after"] = page.next_after

    seqs = iter(range(first.items[-1].seq, 1, -7))

    def tag() -> None:
        seq = next(seqs)
        other = "expert" if browsing.get_record(project, seq).conversation.class_name == "sub" else "sub"
        curation.apply_plan(project, curation.plan_tag(project, other, seqs=[seq]), actor="benchmark")

    def tag_and_look() -> None:
        tag()
        for query in ("", "tokens>800"):
            browsing.facets(project, query)
            browsing.histograms(project, query)

    yield "open the page", lambda: browsing.search(project, "")
    yield "next page", onward
    for name, query in {**FILTERS, **SEARCHES}.items():
        yield f"{name}: {query}", lambda query=query: browsing.search(project, query)
    yield "best match: history", lambda: browsing.search(project, "history", order="best")
    for query in ("", "class:expert lang:zh", "history", "tokens>800"):
        yield f"facets: {query or 'everything'}", lambda query=query: browsing.facets(project, query)
        yield f"histograms: {query or 'everything'}", lambda query=query: browsing.histograms(project, query)
    like = f"like:{first.items[0].uid}"
    for query in (like, f"{like} lang:zh", f"{like} class:expert"):
        name = query.replace(first.items[0].uid, "ID")
        yield f"semantic: {name}", lambda query=query: browsing.search(project, query, order="best")
    yield "one conversation", lambda: browsing.get_record(project, next(seqs))
    yield "tag one", tag
    yield "tag one, then every facet and histogram, whole and tokens>800", tag_and_look
    everywhere = [(-40.0, -40.0), (40.0, -40.0), (40.0, 40.0), (-40.0, 40.0)]
    if mapping.load_map(project, limit=1) is not None:
        yield "map: the sample of 50,000 points", lambda: mapping.load_map(project, "class")
        yield "map: a lasso around a tenth", lambda: mapping.select_polygon(project, [(-4, -4), (4, -4), (4, 4)])
        yield "map: a lasso around everything", lambda: mapping.select_polygon(project, everywhere)


def measure(work: Callable[[], object], turns: int) -> dict[str, float]:
    """Return p50 and p95 in milliseconds of some turns, after one uncounted."""
    times = []
    for turn in range(turns + 1):
        start = time.perf_counter()
        work()
        if turn:
            times.append(1000 * (time.perf_counter() - start))
    return percentiles(times)


def percentiles(times: list[float]) -> dict[str, float]:
    """Return p50 and p95."""
    ranked = statistics.quantiles(times, n=20, method="inclusive")
    return {"p50_ms": round(ranked[9], 1), "p95_ms": round(ranked[18], 1)}


def map_measures(page: Page, address: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield how the map pans (milliseconds a frame) and how long a lasso takes until the list is painted."""
    page.goto(f"{address}/browse?view=map")
    start = time.perf_counter()
    page.wait_for_selector(".js-plotly-plot .gl-canvas", state="attached")
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    yield "map: open", percentiles(2 * [1000 * (time.perf_counter() - start)])
    if box is None:
        return
    page.wait_for_timeout(4000)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(_FRAMES)
    page.locator('.modebar-btn[data-val="pan"]').first.click()
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("() => window.wbFrames.length = 0")
    for step in range(60):
        page.mouse.move(x + 3 * (step % 40), y + 2 * (step % 30))
        page.wait_for_timeout(16)
    page.mouse.up()
    yield "map: a frame while panning", percentiles(page.evaluate("() => window.wbFrames"))
    page.locator('.modebar-btn[data-val="lasso"]').first.click()
    times = []
    for turn in range(4):
        size = 60 + 15 * turn
        before = page.evaluate(f"() => {_COUNT}")
        page.mouse.move(x - size, y - size)
        page.mouse.down()
        for dx, dy in ((size, -size), (size, size), (-size, size), (-size, -size + 2)):
            page.mouse.move(x + dx, y + dy, steps=4)
        began = page.evaluate("() => performance.now()")
        page.mouse.up()
        times.append(float(page.evaluate(_PAINTED, [before, _COUNT])) - float(began))
        page.wait_for_timeout(1500)
    yield "map: lasso to list", percentiles(times)


@contextmanager
def served(root: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a project; give the address and the app's process."""
    port = free_port(8501)
    process = subprocess.Popen(
        [sys.executable, "-m", *streamlit_arguments(port)],
        stdout=subprocess.DEVNULL,
        env=app_environment(root),
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


_PAINTED = """([before, pick]) => new Promise((done) => {
  const read = () => eval(pick), late = performance.now() + 15000;
  const look = () => requestAnimationFrame(() => {
    if (performance.now() > late) done(performance.now());
    else if (read() && read() !== before) requestAnimationFrame(() => done(performance.now()));
    else look();
  });
  look();
})"""
_BARS = """[...document.querySelectorAll('.st-key-browse-facets *')].map(
  (e) => e.shadowRoot?.querySelector('.facets')?.textContent ?? '').join('')"""
# What the browser says of when the key (or the mouse button) went: the act before it, such as filling the box and
# moving the mouse there, is the benchmark's own work.
_STRUCK = """() => {
  if (window.wbStruck === undefined)
    for (const kind of ["keydown", "click"])
      window.addEventListener(kind, (event) => { if (event.isTrusted) window.wbStruck = event.timeStamp; }, true);
  window.wbStruck = NaN;
}"""
_FRAMES = """() => {
  window.wbFrames = [];
  let last = performance.now();
  const tick = (now) => { window.wbFrames.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""
_READER = "document.querySelector('.st-key-wb-reader .wb-chat')?.innerText"
_COUNT = """document.querySelector('.st-key-wb-bulk-browse')?.innerText + [...document.querySelectorAll(
  '.st-key-browse-list *')].map((e) => e.shadowRoot?.querySelector('.where')?.innerText ?? '').join('')"""


def _wait(page: Page, act: Callable[[], None], pick: str) -> float:
    """Return the milliseconds from the last key or click of an act to the frame that shows another `pick`."""
    before = page.evaluate(f"() => {pick}")
    page.evaluate(_STRUCK)
    act()
    painted = page.evaluate(_PAINTED, [before, pick])
    return float(painted) - float(page.evaluate("() => window.wbStruck"))


def browser_measures(
    page: Page, address: str, turns: int, queries: dict[str, str]
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield what is measured in a browser: name, p50 and p95; each of the queries narrows the view."""
    box = page.locator('[class*="st-key-browse-q-"] input >> visible=true')

    def search(query: str) -> None:
        box.fill(query)
        box.press("Enter")

    opened = []
    for _ in range(max(3, turns // 5)):
        start = time.perf_counter()
        page.goto(f"{address}/browse")
        page.wait_for_selector(".st-key-wb-reader .wb-chat")
        opened.append(1000 * (time.perf_counter() - start))
        page.wait_for_timeout(1500)
    yield "open the page (new tab)", percentiles(opened)

    def times(act: Callable[[int], None], pick: str, n: int = turns) -> dict[str, float]:
        found = []
        for i in range(n + 1):
            found.append(_wait(page, lambda i=i: act(i), pick))
            page.wait_for_timeout(400)
        return percentiles(found[1:])

    yield "next conversation", times(lambda _i: page.keyboard.press("j"), _READER)
    yield "tag with a key", times(lambda i: page.keyboard.press("12"[i % 2]), _READER)
    yield "next page", times(lambda _i: page.locator(".page.forth").click(), _COUNT)
    few = max(6, turns // 3)
    for name, query in queries.items():
        yield f"{name}: {query}", times(lambda i, q=query: search("" if i % 2 else q), _COUNT, few)
    search("")
    page.wait_for_timeout(1500)
    bar = page.locator(".facet .value").first
    yield "facet refresh: a click on a bar", times(lambda _i: bar.click(), _BARS, few)
    search("")
    page.wait_for_timeout(1500)
    page.locator(".row").first.click()

    def like(i: int) -> None:
        if i % 2:
            search("")
        else:
            page.locator(".row").nth(3 + i).click()
            page.wait_for_timeout(600)
            page.keyboard.press("l")

    yield "semantic: like the open conversation (L)", times(like, _COUNT, few)


def run(data: Path, rounds: int, *, n: int = 50_000, browser: str = "") -> dict[str, object]:
    """Grow a project from a file, print a line for each measure, return the slowest ones (`make bench`)."""
    with tempfile.TemporaryDirectory() as folder:
        project = grow(data, Path(folder) / "grown", n)
        scatter(project)
        worst = report(project, turns=10 * rounds)
        project.close()
        if browser:
            worst |= report(open_project(Path(folder) / "grown"), turns=10 * rounds, browser=browser)
    return {"conversations": n, **worst}


def report(project: Project, *, turns: int, browser: str = "") -> dict[str, object]:
    """Print a line for each measure, in the store or in a browser; return the slowest p95 of them."""
    head: dict[str, Any] = {"benchmark": "latency", "conversations": browsing.search(project, "", limit=1).total}
    newest = curation.log(project, limit=1)[0].id
    worst = {"what": "", "p95_ms": 0.0}
    try:
        for name, figures in _measured(project, turns, browser, head):
            _say({**head, "where": "browser" if browser else "store", "what": name, **figures})
            if figures["p95_ms"] > worst["p95_ms"]:
                worst = {"what": name, "p95_ms": figures["p95_ms"]}
    finally:
        for action in curation.log(project, limit=500):
            if action.id > newest and action.undoable and action.undone_by is None and action.undoes is None:
                curation.undo(project, action.id, actor="benchmark")
    return {"slowest_in_browser" if browser else "slowest_in_store": worst}


def _measured(
    project: Project, turns: int, browser: str, head: dict[str, Any]
) -> Iterator[tuple[str, dict[str, float]]]:
    if browser:
        yield from _in_browser(project.root, browser, turns, head)
        return
    project.database.keep_columns()
    _say({**head, "where": "store", "what": "the columns are read", **_warm(project)})
    for name, work in store_measures(project):
        yield name, measure(work, turns)


def main() -> None:
    """Measure a project."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--browser", default="", help="path of Chromium; empty measures the store")
    parser.add_argument("--scatter", action="store_true", help="make random vectors and a random map first")
    asked = parser.parse_args()
    project = open_project(asked.project)
    if asked.scatter:
        scatter(project)
    report(project, turns=asked.turns, browser=asked.browser)
    _say({"benchmark": "latency", **machine()})


def _warm(project: Project) -> dict[str, float]:
    """Wait until the columns are in memory, as they are some seconds after the app was opened."""
    start = time.perf_counter()
    browsing.histograms(project, "")
    first = time.perf_counter() - start
    project.database.wait_for_columns()
    memory = psutil.Process().memory_info().rss / 2**20
    seconds = time.perf_counter() - start
    return {"first_answer_ms": round(1000 * first, 1), "seconds": round(seconds, 1), "memory_mb": round(memory)}


def _in_browser(
    root: Path, chromium: str, turns: int, head: dict[str, Any]
) -> Iterator[tuple[str, dict[str, float]]]:
    project = open_project(root)
    queries = {
        name: query
        for name, query in {**FILTERS, **SEARCHES}.items()
        if 0 < browsing.search(project, query, limit=1).total < head["conversations"]
    }
    project.close()
    with served(root) as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 950})
        yield from browser_measures(page, address, turns, queries)
        yield from map_measures(page, address)
        _say({**head, "app_memory_mb": round(process.memory_info().rss / 2**20)})
        browser.close()


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
