// The outbox: decisions lie in the browser's storage, one entry each, until the server says that they are done.
// One message is on its way at a time, with all that waits; one that is not answered is sent again. The server
// knows decisions by their id, so sending twice is harmless: a closed tab, a restart or a second tab lose nothing.
const RESEND_MS = 4000;

function make() {
  const box = { project: "", send: null, flying: null, timer: 0, memory: new Map(), durable: true };
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
  box.flush = () => {
    if (box.flying || !box.send || !box.project) return;
    const decisions = box.waiting().slice(0, 200);
    if (!decisions.length) return;
    box.flying = decisions.map((d) => d.id);
    const watch = window.__wbQueueWatch ? window.__wbQueueWatch() : [];
    box.send({ decisions, watch, open: window.__wbOpen?.() ?? null }); // where a list that decides has gone meanwhile
    clearTimeout(box.timer);
    box.timer = setTimeout(() => { box.flying = null; box.say(); box.flush(); }, RESEND_MS);
  };
  box.answered = (outcomes) => {
    for (const o of outcomes) {
      box.memory.delete(o.id);
      try { localStorage.removeItem(prefix() + o.id); } catch { box.durable = false; }
    }
    const known = new Set(outcomes.map((o) => o.id));
    if (box.flying && box.flying.every((id) => known.has(id))) {
      clearTimeout(box.timer);
      box.flying = null;
    }
    box.flush();
  };
  box.takeBack = () => { // the last decision, where it was not sent yet
    const last = box.waiting().at(-1);
    if (!last || box.flying?.includes(last.id)) return null;
    box.memory.delete(last.id);
    try { localStorage.removeItem(prefix() + last.id); } catch { box.durable = false; }
    box.say();
    return last;
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
