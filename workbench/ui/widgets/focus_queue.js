// The focus queue: a page of conversations held here, keys answered here. What is decided goes to the outbox and
// the next conversation is drawn at once. Texts from data only ever become text nodes.
function memory(data) {
  const all = (window.__wbQueues ??= {});
  if (!all[data.epoch]) {
    for (const old of Object.keys(all)) delete all[old];
    all[data.epoch] = { items: [], known: new Set(), at: 0, done: new Map(), trail: [], decided: 0, spent: 0,
      last: 0, turn: null, mode: "read", notices: [], asked: 0, drafts: {} };
  }
  return all[data.epoch];
}

const fresh = (S, i) => i >= 0 && i < S.items.length && !S.done.has(S.items[i].seq);

function nextFresh(S, from) {
  for (let i = from; i < S.items.length; i++) if (fresh(S, i)) return i;
  for (let i = 0; i < from; i++) {  // what was refused stands open again behind us
    const mark = S.done.get(S.items[i].seq);
    if (!mark) return i;
  }
  return S.items.length;
}

function newId(S) {
  S.count = ((S.count ?? 0) + 1) % 1296;
  const time = Date.now().toString(36).padStart(9, "0");
  const random = crypto.getRandomValues(new Uint32Array(2)).reduce((a, n) => a + n.toString(36), "");
  return `${time}${S.count.toString(36).padStart(2, "0")}${random}`;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".focus");
  const S = memory(data);
  const L = data.labels;
  for (const item of data.items) {
    if (!S.known.has(item.seq)) { S.known.add(item.seq); S.items.push(item); }
  }
  S.more = data.more; S.page = data.page; S.total ??= data.total;
  if (S.at >= S.items.length - 1 || !fresh(S, S.at)) S.at = S.at < S.items.length ? S.at : nextFresh(S, S.at);
  const view = drawing(root, data, S, { decide, act, go, look });

  function item() { return S.items[S.at]; }

  // What the server should look at: what comes next here may be decided by somebody else meanwhile.
  window.__wbQueueWatch = () => data.mode === "judge" ? [] : S.items.slice(S.at, S.at + 14).filter((x) => !S.done.has(x.seq) && !x.mine).map((x) => [x.seq, x.revision]);

  function send(kind, seq, more) {
    const it = S.items.find((x) => x.seq === seq);
    const decision = { id: newId(S), kind, seq, revision: it.revision, after: it.mine ?? "", actor: data.actor, panel: data.panel, ...more };
    it.mine = decision.id;
    if (!window.__wbOutbox) (window.__wbEarly ??= []).push(decision);  // it is drawn a moment later, and takes these up
    document.dispatchEvent(new CustomEvent("wb-decide", { detail: decision }));
    return decision;
  }

  function tick() {
    const now = performance.now();
    if (S.last) S.spent += Math.min(now - S.last, 60000);  // a pause is no slow decision
    S.last = now;
  }

  function decide(kind, value, label, colour, more = {}) {
    const it = item();
    if (!it) return;
    const sent = send(kind === "tag" ? data.tagKind : kind, it.seq, { value, ...more });
    tick();
    const before = S.done.get(it.seq);
    S.done.set(it.seq, { id: sent.id, kind, label, colour, state: "sent" });
    S.trail.push({ id: sent.id, seq: it.seq, before, counts: !before, item: { cls: it.cls, status: it.status } });
    if (!before) S.decided += 1;
    if (kind === "tag") it.cls = value;
    if (kind === "drop") it.status = "dropped";
    if (kind === "keep") it.status = "kept";
    leave(nextFresh(S, S.at + 1));
  }

  function change(kind, more, apply) {  // a decision that stays with the conversation
    const it = item();
    const was = { turns: it.turns.map((x) => ({ ...x })), comment: it.comment, reward: it.reward };
    const sent = send(kind, it.seq, more);
    apply(it);
    S.trail.push({ id: sent.id, seq: it.seq, restore: was });
    view.draw();
  }

  function undo() {
    const step = S.trail.pop();
    if (!step) return;
    const it = S.items.find((x) => x.seq === step.seq);
    if (step.skip) S.done.delete(step.seq);
    else {
      send("undo", step.seq, { value: step.id });
      if (step.restore) Object.assign(it, step.restore);
      else {
        Object.assign(it, step.item);
        if (step.before) S.done.set(step.seq, step.before); else S.done.delete(step.seq);
        if (step.counts) S.decided = Math.max(0, S.decided - 1);
      }
    }
    leave(S.items.indexOf(it));
  }

  function skip() {
    const it = item();
    if (!it) return;
    if (!S.done.has(it.seq)) {
      S.done.set(it.seq, { kind: "skip", label: L.skipped, state: "skip" });
      S.trail.push({ seq: it.seq, skip: true });
    }
    leave(nextFresh(S, S.at + 1));
  }

  function leave(to) {
    S.at = to; S.turn = null; S.mode = "read";
    view.draw();
    const ahead = S.items.length - S.at;
    if (S.more && ahead < data.ahead && S.asked < S.page + 1) {
      S.asked = S.page + 1;
      setTriggerValue("more", S.page + 1);
    }
  }

  function go(to) { if (to >= 0 && to < S.items.length) leave(to); }
  function look(seq) { const i = S.items.findIndex((x) => x.seq === seq); if (i >= 0) { S.notices = S.notices.filter((n) => n.seq !== seq); leave(i); } }

  function answers(it) { return it.turns.map((x, i) => (x.role === "assistant" ? i : -1)).filter((i) => i >= 0); }
  function chosenTurn(it) { return S.turn ?? answers(it).at(-1) ?? null; }
  function stepTurn(by) {
    const list = answers(item()), at = list.indexOf(chosenTurn(item())) + by;
    if (at >= 0 && at < list.length) { S.turn = list[at]; view.draw(); view.showTurn(); }
  }

  // Whoever judges blind changes nothing that others would judge differently then.
  const JUDGING = new Set(["help", "undo", "back", "on", "skip", "cancel"]);
  function act(name, value) {
    const it = item();
    if (data.mode === "judge" && !JUDGING.has(name)) return;
    if (name === "help") { S.mode = S.mode === "help" ? "read" : "help"; view.draw(); return; }
    if (name === "undo") return undo();
    if (name === "back") return go(S.at - 1);
    if (!it) return;
    if (name === "skip") return skip();
    if (name === "on") return S.at + 1 < S.items.length ? go(S.at + 1) : skip();
    if (name === "keep") return decide("keep", null, L.kept, "#2f7d6d");
    if (name === "drop") return decide("drop", L.dropReason, L.dropped, "#b5544a");
    if (name === "accept") {
      if (it.suggest && !it.cls) decide("tag", it.suggest.cls, it.suggest.cls, it.suggest.colour);
      return;
    }
    if (name === "edit" || name === "comment" || name === "reward") {
      if (name !== "comment" && chosenTurn(it) === null) return;
      S.mode = name; view.draw(); view.focusField();
      return;
    }
    if (name === "exclude") {
      const turn = value ?? chosenTurn(it);
      if (turn === null) return;
      const to = !it.turns[turn].excluded;
      return change("exclude", { turn, value: to }, (x) => { x.turns[turn] = { ...x.turns[turn], excluded: to }; });
    }
    if (name === "save") {
      const mode = S.mode; S.mode = "read";
      if (mode === "comment") {
        if (value !== it.comment) return change("comment", { value }, (x) => { x.comment = value; });
      } else if (mode === "reward") {
        return reward(it, value.trim());
      } else {
        const turn = chosenTurn(it);
        if (value.trim() && value !== it.turns[turn].content) {
          return change("edit", { turn, value }, (x) => { x.turns[turn] = { ...x.turns[turn], content: value }; });
        }
      }
      return view.draw();
    }
    if (name === "cancel") { S.mode = "read"; view.draw(); }
  }
  function reward(it, typed) {  // "0.5 half right": a number, then why; of one answer, or of the conversation
    const found = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?:\s+([\s\S]*))?$/i.exec(typed);
    if (typed && !found) {
      S.notices.push({ seq: it.seq, text: L.noNumber.replace("{text}", () => typed) });
      return view.draw();
    }
    const value = found ? Number(found[1]) : null, reason = (found && found[2]) || "";
    if (value === S.rewardOf(it)) return view.draw();
    if (answers(it).length < 2) return change("reward", { value, reason }, (x) => { x.reward = value; });
    const turn = chosenTurn(it);
    return change("reward-turn", { turn, value, reason }, (x) => { x.turns[turn] = { ...x.turns[turn], reward: value }; });
  }
  S.rewardOf = (it) => (answers(it).length < 2 ? it.reward : it.turns[chosenTurn(it)].reward);
  S.rewardNow = () => { const now = item() ? S.rewardOf(item()) : null; return now === null || now === undefined ? "" : String(now); };
  S.chosenTurn = () => (item() ? chosenTurn(item()) : null);

  function onOutcomes(event) {
    const { outcomes, stale } = event.detail;
    for (const o of outcomes) {
      const it = S.items.find((x) => x.seq === o.seq), mark = it && S.done.get(o.seq);
      if (!it) continue;
      if (o.ok) {
        it.revision = Math.max(it.revision, o.revision);
        if (mark && mark.id === o.id) mark.state = "saved";
        continue;
      }
      if (S.refused?.has(o.id)) continue;
      (S.refused ??= new Set()).add(o.id);
      S.trail = S.trail.filter((x) => x.id !== o.id);
      if (mark && mark.id === o.id) { S.done.delete(o.seq); S.decided = Math.max(0, S.decided - 1); }
      if (o.item) Object.assign(it, o.item, { mine: "" });
      S.notices.push({ seq: o.seq, text: o.message, own: mark ? mark.label : "" });
    }
    for (const [seq, by] of stale ?? []) {
      if (!S.done.has(seq)) { S.done.set(seq, { kind: "gone", label: by, state: "gone" }); S.gone = (S.gone ?? 0) + 1; S.goneBy = by; }
    }
    if (S.items[S.at] && S.done.get(S.items[S.at].seq)?.kind === "gone") leave(nextFresh(S, S.at + 1));
    else if (S.mode === "read" || S.mode === "help") view.draw(true);
    else view.status();
  }
  function onState(event) { S.outbox = event.detail; view.status(); }

  const byKey = Object.fromEntries(data.classes.filter((c) => c.key).map((c) => [c.key, c]));
  const KEYS = { x: "drop", a: "keep", s: "skip", e: "edit", r: "reward", c: "comment", u: "undo", o: "exclude", "?": "help",
    arrowright: "on", arrowleft: "back", j: "on", k: "back", enter: "accept", escape: "cancel" };
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !root.isConnected) return;
    const path = event.composedPath();
    const typing = path.find((n) => n.matches?.("input, textarea, select, [contenteditable=true], [role=dialog], [role=listbox], [data-baseweb=popover]"));
    if (typing) return;
    const key = event.key.toLowerCase();
    if (event.repeat && key !== "arrowright" && key !== "arrowleft") return;
    if (key === "enter" && path.some((n) => n.matches?.("button, a, summary"))) return;
    if (key === "arrowup" || key === "arrowdown") {
      if (!item() || !event.shiftKey) return;
      event.preventDefault(); event.stopImmediatePropagation();
      return stepTurn(key === "arrowdown" ? 1 : -1);
    }
    const cls = byKey[event.key], name = KEYS[key];
    if ((!cls && !name) || (name === "undo" && !S.trail.length)) return;
    event.preventDefault();
    event.stopImmediatePropagation();  // the page's own shortcuts must not answer the same key
    if (cls) decide("tag", cls.name, cls.name, cls.colour); else act(name);
  }
  root.cleanup?.();
  window.addEventListener("keydown", onKey, true);
  document.addEventListener("wb-outcomes", onOutcomes);
  document.addEventListener("wb-outbox-state", onState);
  root.cleanup = () => {
    window.removeEventListener("keydown", onKey, true);
    document.removeEventListener("wb-outcomes", onOutcomes);
    document.removeEventListener("wb-outbox-state", onState);
  };
  view.draw(true);
  window.__wbOutbox?.say();
  return root.cleanup;
}
