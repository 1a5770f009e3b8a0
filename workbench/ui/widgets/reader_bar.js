// The reader's bar. A decision names the conversation and the revision that the reader shows, is put into the outbox
// (which keeps it until the server has answered), and the list moves on at once; nothing waits for the server. An undo
// goes the same way, so that it comes after what it takes back. A key that comes before the reader shows the row that
// the keys before it have led to waits for that, and all keys after it: however fast they come, they end alike.
const WALK = { j: 1, arrowdown: 1, arrowright: 1, k: -1, arrowup: -1, arrowleft: -1 };
const LOOK_AGAIN_MS = 25, ASK_AGAIN = 160, GIVE_UP = 1200;

function newId() {
  const count = (window.__wbCount = ((window.__wbCount ?? 0) + 1) % 1296);
  const random = crypto.getRandomValues(new Uint32Array(2)).reduce((a, n) => a + n.toString(36), "");
  return `${Date.now().toString(36).padStart(9, "0")}${count.toString(36).padStart(2, "0")}${random}`;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const bar = parentElement.querySelector(".bar"), tabs = parentElement.querySelector(".tabs");
  const list = () => window.__wbList;
  const keys = {}, marks = [];
  bar.replaceChildren();
  tabs.replaceChildren();

  function button(parent, { icon, label, hint, key, cls }, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = cls ?? "";
    made.title = key ? `${hint} (${key})` : hint;
    made.setAttribute("aria-label", label ?? hint);
    const part = (tag, name, text) => {
      const span = document.createElement(tag);
      span.className = name;
      span.textContent = text;
      made.append(span);
      return span;
    };
    if (icon) part("span", "icon", icon).setAttribute("aria-hidden", "true");
    if (label) part("span", "name", label).dir = "auto";
    if (key) part("kbd", "", key).setAttribute("aria-hidden", "true");
    made.addEventListener("click", act);
    if (key) keys[key.toLowerCase()] = act;
    parent.append(made);
    return made;
  }

  // What the reader shows: painted ahead of the server where it was held ready, else what the server drew.
  function open() {
    const read = document.querySelector(".st-key-wb-reader .wb-read");
    return read ? { seq: Number(read.dataset.seq), revision: Number(read.dataset.revision) } : data;
  }
  function decide(kind, value) {
    const { seq, revision } = open(), at = list()?.current();
    if (at && at.seq !== seq) return; // a click: the next one is not in view yet
    list()?.decided(seq);
    send(kind, seq, revision, value);
  }
  function undo() {
    const last = window.__wbOutbox?.standing?.().at(-1), { seq, revision } = open();
    send("undo", last?.seq ?? seq, last ? 0 : revision, null);
  }
  // The reader may show an older revision than one's own last decision has made: the server takes the newer of both.
  function send(kind, seq, revision, value) {
    const mine = (window.__wbMine ??= new Map());
    const decision = { id: newId(), kind, seq, revision, value, after: mine.get(seq) ?? "", actor: "" };
    mine.set(seq, decision.id);
    if (!window.__wbOutbox) (window.__wbEarly ??= []).push(decision);
    document.dispatchEvent(new CustomEvent("wb-decide", { detail: decision }));
    list()?.draw();
    const now = list()?.current();
    if (now) mark({ cls: now.cls, status: now.state });
  }

  for (const step of data.steps) button(bar, step, () => list()?.step(step.by));
  for (const row of data.classes) {
    const made = button(bar, { label: row.name, hint: row.hint, key: row.key, cls: "class" }, () => decide("tag", row.name));
    made.style.setProperty("--c", row.colour);
    marks.push([made, (it) => it.cls === row.name]);
  }
  for (const status of data.statuses)
    marks.push([button(bar, status, () => decide(status.kind, status.value ?? null)), (it) => it.status === status.status]);
  const late = document.createElement("span");
  late.className = "late";
  late.setAttribute("role", "status");
  bar.append(late);

  const choice = document.createElement("div");
  choice.className = "choice";
  choice.setAttribute("role", "radiogroup");
  choice.setAttribute("aria-label", data.tabsLabel);
  for (const [name, title] of data.tabs) {
    const made = button(choice, { label: title, hint: title }, () => setTriggerValue("act", { kind: "tab", value: name }));
    made.setAttribute("role", "radio");
    made.setAttribute("aria-checked", name === data.tab ? "true" : "false");
    made.classList.toggle("on", name === data.tab);
  }
  tabs.append(choice);
  for (const tool of data.tools) button(tabs, tool, () => setTriggerValue("act", { kind: "tool", value: tool.act, seq: open().seq }));

  function mark(it) {
    for (const [made, is] of marks) {
      const on = Boolean(is(it));
      made.classList.toggle("on", on);
      made.setAttribute("aria-pressed", on ? "true" : "false");
    }
  }
  const now = list()?.current();
  mark(now ? { cls: now.cls, status: now.state } : data);

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const typing = "input, textarea, select, [contenteditable=true], [role=dialog], [role=listbox]:not(.list)";
    if (event.composedPath().some((n) => n.matches?.(typing)) || document.querySelector("[data-testid=stDialog]")) return;
    const key = event.key.toLowerCase();
    if (event.shiftKey || !(keys[key] || WALK[key] || key === "u")) return;
    if (WALK[key] && !bar.held.length && can(key)) return; // the list's own
    event.preventDefault();
    event.stopImmediatePropagation(); // nor the list, nor the Undo button's shortcut
    if (event.repeat && !WALK[key]) return;
    bar.held.push(key);
    pump();
  }
  function can(key) {
    const at = list()?.current();
    return !list()?.turning() && (!keys[key] || !at || at.seq === open().seq);
  }
  function act(key) {
    if (key === "u") undo();
    else if (keys[key]) keys[key]();
    else list()?.step(WALK[key]);
  }
  function pump() {
    while (bar.held.length && can(bar.held[0])) {
      bar.tries = 0;
      act(bar.held.shift());
    }
    clearTimeout(bar.timer);
    if (!bar.held.length) return;
    bar.tries += 1;
    if (bar.tries % ASK_AGAIN === 0) list()?.again(bar.tries >= GIVE_UP); // the server may have missed where it went
    if (bar.tries >= GIVE_UP) bar.held.length = bar.tries = 0; // half a minute old: whoever pressed it is elsewhere
    bar.timer = setTimeout(() => bar.pump(), LOOK_AGAIN_MS);
  }
  const onPointer = () => { bar.held.length = 0; }; // somebody has gone elsewhere
  const onShown = (event) => mark(event.detail);
  const onState = (event) => {
    const { waiting, late: isLate, durable } = event.detail;
    late.textContent = isLate && waiting ? (durable ? data.offline : data.offlineLost).replace("{n}", waiting) : "";
  };
  // Streamlit calls this again with new data without ending the call before: the old listeners must go first.
  bar.leave?.();
  bar.held ??= [];
  bar.tries ??= 0;
  bar.pump = pump;
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("pointerdown", onPointer, true);
  document.addEventListener("wb-shown", onShown);
  document.addEventListener("wb-outbox-state", onState);
  bar.leave = () => {
    clearTimeout(bar.timer);
    document.removeEventListener("keydown", onKey, true);
    document.removeEventListener("pointerdown", onPointer, true);
    document.removeEventListener("wb-shown", onShown);
    document.removeEventListener("wb-outbox-state", onState);
  };
  pump();
  return () => bar.leave();
}
