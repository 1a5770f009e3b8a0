// The list of conversations: one element for a whole page of rows. Clicks and keys answer in the browser at
// once (the row lights up) and are then sent. Texts from data only ever become text nodes.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".list"), pager = parentElement.querySelector(".pager");
  const { rows, selected, keys, height, empty, step } = data;
  if (height) root.style.maxHeight = `${height}px`;
  // Kept up by an event: to read it here would lay out the whole page in the middle of its being drawn.
  if (root.at === undefined) root.addEventListener("scroll", () => (root.at = root.scrollTop), { passive: true });
  const scroll = (root.at ??= 0);
  root.replaceChildren();

  // Keys run ahead of Python: until it has answered the last one sent, the browser's own place counts.
  root.sent ??= data.ack;
  const behind = data.ack < root.sent && rows.some((r) => r.seq === root.chosen);
  let current = rows.findIndex((r) => r.seq === (behind ? root.chosen : selected));
  if (root.turned && root.turned !== `${rows[0]?.seq}:1` && root.turned !== `${rows[0]?.seq}:-1`) root.turned = null;
  if (root.going?.turn && root.going.from !== rows[0]?.seq) root.going = null;
  root.ready = new Map(Object.entries(data.ahead));

  const add = (parent, cls, text) => {
    const part = document.createElement("div");
    part.className = cls;
    part.dir = "auto";
    part.textContent = text;
    parent.append(part);
    return part;
  };
  const elements = rows.map((row, i) => {
    const item = document.createElement("div");
    item.className = "row";
    item.setAttribute("role", "option");
    item.tabIndex = -1;
    item.dataset.seq = row.seq;
    add(item, "prompt", row.prompt);
    add(item, "answer", row.answer);
    item.append(document.createElement("div"));
    item.addEventListener("click", () => choose(i));
    root.append(item);
    return item;
  });
  if (!rows.length) root.append(Object.assign(document.createElement("div"), { className: "none", textContent: empty }));

  // A row's class and status; what was decided here and is not acknowledged yet counts already.
  function standing(row) {
    const it = { ...row };
    for (const d of keys ? window.__wbOutbox?.standing?.() ?? [] : []) {
      if (d.seq !== row.seq) continue;
      const status = { keep: "kept", drop: "dropped" }[d.kind];
      if (d.kind === "tag") Object.assign(it, { cls: d.value, label: d.value, colour: data.colours[d.value] ?? row.colour });
      if (status) Object.assign(it, { state: status, status: data.statuses[status] });
    }
    return it;
  }
  function draw() {
    rows.forEach((row, i) => {
      const it = standing(row), meta = document.createElement("div");
      meta.className = "meta";
      elements[i].style.setProperty("--c", it.colour);
      add(meta, it.cls === null ? "tag" : "tag solid", it.label);
      if (it.status) add(meta, `tag ${it.state}`, it.status);
      add(meta, "facts", it.facts);
      elements[i].lastChild.replaceWith(meta);
    });
  }

  // The address names the open conversation. Replaced here, because every change that Python makes to the
  // address is a step of the browser's history, and going back would then walk through each row seen.
  function name(i) {
    if (!data.address || i < 0) return;
    const address = new URL(window.location.href);
    if (address.searchParams.get("id") === rows[i].uid) return;
    address.searchParams.set("id", rows[i].uid);
    window.history.replaceState(window.history.state, "", address);
  }
  function light(i) {
    name(i);
    elements.forEach((e, k) => {
      e.classList.toggle("on", k === i);
      e.setAttribute("aria-selected", k === i ? "true" : "false");
    });
    if (!keys || i < 0) return;
    const it = standing(rows[i]);
    document.dispatchEvent(new CustomEvent("wb-shown", { detail: { seq: it.seq, cls: it.cls, status: it.state } }));
  }
  // The neighbours are here already (their texts escaped in Python): painted at the key, Python answers the same.
  function show(seq) {
    const ready = root.ready.get(String(seq)), reader = document.querySelector(".st-key-wb-reader .wb-read");
    if (!ready || !reader) return;
    if (reader.dataset.seq !== root.decided) root.ready.set(reader.dataset.seq, reader.outerHTML); // for the way back
    const made = document.createElement("template");
    made.innerHTML = ready;
    const next = made.content.firstElementChild;
    Object.assign(reader.dataset, next.dataset);
    reader.replaceChildren(...next.childNodes);
    reader.closest(".st-key-wb-reader").scrollTop = 0;
  }
  function go(i) {
    current = i;
    light(i);
    elements[i].scrollIntoView({ block: "nearest" });
    root.chosen = rows[i].seq;
    root.sent += 1;
    show(rows[i].seq);
    return (root.going = { seq: rows[i].seq, number: root.sent });
  }
  function choose(i) {
    setTriggerValue("open", go(i));
  }
  const another = (by) => step && Boolean(data.pager?.ways.some((way) => way.by === by && way.on));
  // Whether another page is on its way: what is pressed now is meant for its rows.
  function turning() {
    const first = rows[0]?.seq;
    return Boolean(root.going?.turn && root.going.from === first && another(root.going.turn));
  }
  function walk(by) {
    if (!rows.length) return;
    const next = current + by;
    if (next >= 0 && next < rows.length) choose(next);
    else if (another(by) && root.turned !== `${rows[0].seq}:${by}`) {
      root.turned = `${rows[0].seq}:${by}`; // once for each page's end
      root.sent += 1;
      setTriggerValue("turn", (root.going = { turn: by, from: rows[0].seq, number: root.sent }));
    }
  }
  // A decision on the open conversation moves on; where to is sent with the decision.
  function decided(seq) {
    root.decided = String(seq); // what is held of it is out of date
    root.ready.delete(root.decided);
    if (current + 1 < rows.length) go(current + 1);
    else {
      root.sent += 1;
      root.going = { turn: 1, from: rows[0]?.seq, number: root.sent };
    }
  }
  function again(enough) {
    if (root.going?.turn) setTriggerValue("turn", root.going); // its number stays: a page is turned once
    else if (root.going) setTriggerValue("open", { ...root.going, number: (root.going.number = ++root.sent) });
    if (enough) root.turned = root.going = null;
  }
  draw();
  light(current);
  if (scroll > 0) root.scrollTop = scroll;
  if (current >= 0 && (current > 0 || scroll > 0)) {
    const box = elements[current], top = box.offsetTop - root.offsetTop;
    if (top < root.scrollTop || top + box.offsetHeight > root.scrollTop + root.clientHeight)
      root.scrollTop = Math.max(0, top - root.clientHeight / 3);
  }

  pager.replaceChildren();
  pager.hidden = !data.pager;
  for (const { by, label, on } of data.pager?.ways ?? []) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: `page ${by < 0 ? "back" : "forth"}` });
    button.textContent = by < 0 ? `‹ ${label}` : `${label} ›`;
    button.disabled = !on;
    button.addEventListener("click", () => setTriggerValue("page", by));
    pager.append(button);
  }
  if (data.pager) add(pager, "where", data.pager.text);

  // What is sent is the row itself, not a step: Streamlit joins events that come while it works, and a step
  // that is joined with another is lost.
  const STEPS = { j: 1, arrowdown: 1, arrowright: 1, k: -1, arrowup: -1, arrowleft: -1 };
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const path = event.composedPath();
    if (path.some((n) => n !== root && n.matches?.("input, textarea, select, [contenteditable=true], [role=listbox], [role=radiogroup], [role=dialog]"))) return;
    const by = STEPS[event.key.toLowerCase()];
    if (!by || !rows.length) return;
    event.preventDefault();
    walk(by);
  }
  // Streamlit calls this again with new data without ending the call before: the old listener must go first.
  if (root.onKey) document.removeEventListener("keydown", root.onKey);
  root.onKey = keys ? onKey : null;
  if (!keys) return () => {};
  document.addEventListener("keydown", onKey);
  const mine = (window.__wbList = { step: walk, decided, draw, turning, again, current: () => (rows[current] ? standing(rows[current]) : null) });
  window.__wbOpen = () => (root.isConnected ? root.going ?? null : null);
  return () => {
    document.removeEventListener("keydown", root.onKey);
    if (window.__wbList === mine) window.__wbList = null;
  };
}
