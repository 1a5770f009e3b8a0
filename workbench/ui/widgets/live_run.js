// A live run's figures, asked for while the tab is in view. What changes more than figures (its status, a warning) asks
// Python to draw the fragment anew; what others need to know goes round as the event "wb-live".
const TRIES = 4;  // unanswered, before the page is drawn anew instead

function cell(tag, name, text) {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}

function metrics(rows) {
  const box = cell("div", "wb-metrics", "");
  for (const [label, value, hint] of rows) {
    const one = cell("div", "wb-metric", "");
    one.append(cell("div", "wb-metric-label", label), cell("div", "wb-metric-value", value), cell("div", "wb-metric-hint", hint));
    box.append(one);
  }
  return box;
}

function make(root) {
  const S = { timer: 0, failed: 0, shown: "" };
  const shape = (now) => JSON.stringify([!!now.note, !!now.bar, now.rows.map((r) => r[0]), now.costs.map((r) => r[0])]);

  S.show = (now) => {
    if (shape(now) !== S.shown) {
      S.shown = shape(now);
      root.replaceChildren();
      if (now.note) root.append(cell("div", "wl-note", now.note));
      if (now.bar) {
        const text = cell("div", "wl-bar-text", now.bar.text);
        const track = cell("div", "wl-bar", "");
        track.setAttribute("role", "progressbar");
        track.append(cell("div", "wl-bar-done", ""));
        root.append(text, track);
      }
      root.append(metrics(now.rows));
      if (now.costs.length) root.append(metrics(now.costs));
    }
    const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
    if (now.note) put(root.querySelector(".wl-note"), now.note);
    if (now.bar) {
      put(root.querySelector(".wl-bar-text"), now.bar.text);
      const percent = Math.round(1000 * now.bar.part) / 10;
      root.querySelector(".wl-bar-done").style.width = `${percent}%`;
      root.querySelector(".wl-bar").setAttribute("aria-valuenow", percent);
    }
    const cells = root.querySelectorAll(".wb-metric");
    [...now.rows, ...now.costs].forEach(([, value, hint], i) => {
      put(cells[i].children[1], value);
      put(cells[i].children[2], hint);
    });
  };

  S.plan = (ms) => {
    clearTimeout(S.timer);
    if (!document.hidden) S.timer = setTimeout(S.ask, ms);
  };

  S.ask = async () => {
    const data = S.data, began = performance.now(), charts = window.__wbCharts;
    const query = new URLSearchParams({ run: data.run, lang: data.lang });
    if (charts && began >= charts.due) query.set("charts", charts.mark);
    try {
      const answer = await fetch(`${data.address}?${query}`);
      if (!answer.ok) throw new Error(answer.status);
      const now = await answer.json();
      if (!root.isConnected || S.data !== data) return;  // drawn anew meanwhile: that has planned the next look
      S.failed = 0;
      S.show(now);
      document.dispatchEvent(new CustomEvent("wb-live", { detail: now }));
      if (now.mark !== data.now.mark) S.trigger("moved", now.mark);
    } catch {
      if (!root.isConnected) return;
      S.failed += 1;
      if (S.failed % TRIES === 0) S.trigger("moved", `unanswered ${S.failed}`);
    }
    // A machine that takes long to answer has other things to do.
    S.plan(Math.max(data.every, Math.min(5000, 10 * (performance.now() - began))));
  };

  S.seen = () => { clearTimeout(S.timer); if (!document.hidden) S.ask(); };
  return S;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".wl-live");
  const S = (root.__live ??= make(root));
  S.data = data;
  S.trigger = setTriggerValue;
  S.show(data.now);
  S.plan(data.every);
  document.addEventListener("visibilitychange", S.seen);
  return () => {
    clearTimeout(S.timer);
    document.removeEventListener("visibilitychange", S.seen);
  };
}
