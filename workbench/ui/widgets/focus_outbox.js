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
  box.put = (decision) => {
    try { localStorage.setItem(prefix() + decision.id, JSON.stringify(decision)); }
    catch { box.durable = false; box.memory.set(decision.id, decision); }
    box.flush();
  };
  const way = courier(() => (box.project ? box.waiting() : []), (decisions) => ({
    decisions,
    watch: window.__wbQueueWatch ? window.__wbQueueWatch() : [],
    open: window.__wbOpen?.() ?? null, // where a list that decides has gone meanwhile
  }));
  way.late = () => box.say();
  box.flush = way.flush;
  box.sendBy = (send) => { way.send = send; };
  box.answered = (outcomes) => {
    for (const o of outcomes) {
      box.memory.delete(o.id);
      try { localStorage.removeItem(prefix() + o.id); } catch { box.durable = false; }
    }
    const known = new Set(outcomes.map((o) => o.id));
    way.landed((id) => known.has(id));
  };
  box.takeBack = () => { // the last decision, where it was not sent yet
    const last = box.waiting().at(-1);
    if (!last || way.flying?.includes(last.id)) return null;
    box.memory.delete(last.id);
    try { localStorage.removeItem(prefix() + last.id); } catch { box.durable = false; }
    box.say();
    return last;
  };
  box.say = () => document.dispatchEvent(new CustomEvent("wb-outbox-state", {
    detail: { waiting: box.waiting().length, late: !way.flying, durable: box.durable } }));
  document.addEventListener("wb-decide", (event) => { box.put(event.detail); box.say(); });
  return box;
}

export default function ({ data, setTriggerValue }) {
  const box = (window.__wbOutbox ??= make());
  box.project = data.project;
  box.sendBy((message) => setTriggerValue("decisions", message));
  for (const early of (window.__wbEarly ?? []).splice(0)) box.put(early);
  if (data.number !== box.seen) {
    box.seen = data.number;
    box.answered(data.outcomes);
    document.dispatchEvent(new CustomEvent("wb-outcomes", { detail: data }));
    box.say();
  }
  box.flush();
}
