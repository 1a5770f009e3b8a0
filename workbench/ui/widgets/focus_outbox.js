// The outbox: decisions lie in the browser's storage, one entry each, until the server says that they are done. The
// server knows decisions by their id, so sending twice is harmless: a closed tab, a restart or a second tab lose nothing.
function make() {
  const box = { project: "", memory: new Map(), durable: true };
  const prefix = () => `wb-outbox:${box.project}:`;
  box.waiting = () => {
    const found = new Map(box.memory);
    try {
      for (let i = 0; i < localStorage.length; i++) {
        const key = localStorage.key(i);
        if (key.startsWith(prefix())) {
          const held = JSON.parse(localStorage.getItem(key));
          found.set(held.id, held);
        }
      }
    } catch { box.durable = false; }
    return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  };
  // What the server did last may be another thing tomorrow: an undo that names no decision is not kept for a later tab.
  box.put = (decision) => {
    if (decision.kind === "undo" && !decision.value) box.memory.set(decision.id, decision);
    else try { localStorage.setItem(prefix() + decision.id, JSON.stringify(decision)); }
    catch { box.durable = false; box.memory.set(decision.id, decision); }
    box.flush();
  };
  courier(box, () => (box.project ? box.waiting() : []), (decisions) => ({
    decisions,
    watch: window.__wbQueueWatch ? window.__wbQueueWatch() : [],
    open: window.__wbOpen?.() ?? null, // where a list that decides has gone meanwhile
  }));
  box.answered = (outcomes) => {
    for (const o of outcomes) {
      box.memory.delete(o.id);
      try { localStorage.removeItem(prefix() + o.id); } catch { box.durable = false; }
    }
    const known = new Set(outcomes.map((o) => o.id));
    box.landed((id) => known.has(id));
  };
  box.standing = () => { // what waits, without what a later undo takes back
    const made = [];
    for (const d of box.waiting()) {
      if (d.kind !== "undo") made.push(d);
      else if (d.value) made.splice(0, made.length, ...made.filter((x) => x.id !== d.value));
      else made.pop();
    }
    return made;
  };
  box.say = () => document.dispatchEvent(new CustomEvent("wb-outbox-state", {
    detail: { waiting: box.waiting().length, late: !box.flying, durable: box.durable } }));
  document.addEventListener("wb-decide", (event) => { box.put(event.detail); box.say(); });
  return box;
}

export default function ({ data, setTriggerValue }) {
  const box = (window.__wbOutbox ??= make());
  box.project = data.project;
  box.send = (message) => setTriggerValue("decisions", message);
  for (const early of (window.__wbEarly ?? []).splice(0)) box.put(early);
  if (data.number !== box.seen) {
    box.seen = data.number;
    box.answered(data.outcomes);
    document.dispatchEvent(new CustomEvent("wb-outcomes", { detail: data }));
    box.say();
  }
  box.flush();
}
