// The list of conversations: one element for a whole page of rows. Clicks and keys answer in the browser at
// once (the row lights up) and are then sent. Texts from data only ever become text nodes.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".list");
  const { rows, selected, keys, height, empty, step } = data;
  if (height) root.style.maxHeight = `${height}px`;
  const scroll = root.scrollTop;
  root.replaceChildren();

  // Keys run ahead of Python: until it has answered the last one sent, the browser's own place counts.
  root.sent ??= data.ack;
  const behind = data.ack < root.sent && rows.some((r) => r.seq === root.chosen);
  let current = rows.findIndex((r) => r.seq === (behind ? root.chosen : selected));
  if (root.turned && root.turned !== `${rows[0]?.seq}:1` && root.turned !== `${rows[0]?.seq}:-1`) root.turned = null;
  const elements = rows.map((row, i) => {
    const item = document.createElement("div");
    item.className = "row";
    item.setAttribute("role", "option");
    item.tabIndex = -1;
    item.dataset.seq = row.seq;
    item.style.setProperty("--c", row.colour);
    const add = (parent, cls, text) => {
      const part = document.createElement("div");
      part.className = cls;
      part.dir = "auto";
      part.textContent = text;
      parent.append(part);
      return part;
    };
    add(item, "prompt", row.prompt);
    add(item, "answer", row.answer);
    const meta = document.createElement("div");
    meta.className = "meta";
    add(meta, row.tagged ? "tag solid" : "tag", row.label);
    if (row.status) add(meta, `tag ${row.state}`, row.status);
    add(meta, "facts", row.facts);
    item.append(meta);
    item.addEventListener("click", () => choose(i));
    root.append(item);
    return item;
  });
  if (!rows.length) root.append(Object.assign(document.createElement("div"), { className: "none", textContent: empty }));

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
  }
  // The neighbours are here already (their texts escaped in Python): painted at the key, Python answers the same.
  function show(seq) {
    const ready = data.ahead[seq], reader = document.querySelector(".st-key-wb-reader .wb-read");
    if (!ready || !reader) return;
    const made = document.createElement("template");
    made.innerHTML = ready;
    reader.replaceChildren(...made.content.firstElementChild.childNodes);
    reader.closest(".st-key-wb-reader").scrollTop = 0;
  }
  function choose(i) {
    current = i;
    light(i);
    elements[i].scrollIntoView({ block: "nearest" });
    root.chosen = rows[i].seq;
    root.sent += 1;
    show(rows[i].seq);
    setTriggerValue("open", { seq: rows[i].seq, number: root.sent });
  }
  light(current);
  root.scrollTop = scroll;
  if (current >= 0) {
    const box = elements[current], top = box.offsetTop - root.offsetTop;
    if (top < root.scrollTop || top + box.offsetHeight > root.scrollTop + root.clientHeight)
      root.scrollTop = Math.max(0, top - root.clientHeight / 3);
  }

  // What is sent is the row itself, not a step: Streamlit joins events that come while it works, and a step
  // that is joined with another is lost.
  const STEPS = { j: 1, arrowdown: 1, arrowright: 1, k: -1, arrowup: -1, arrowleft: -1 };
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const path = event.composedPath();
    if (path.some((n) => n !== root && n.matches?.("input, textarea, select, [contenteditable=true], [role=listbox], [role=dialog]"))) return;
    const by = STEPS[event.key.toLowerCase()];
    if (!by || !rows.length) return;
    event.preventDefault();
    const next = current + by;
    if (next >= 0 && next < rows.length) choose(next);
    else if (step && root.turned !== `${rows[0].seq}:${by}`) {
      root.turned = `${rows[0].seq}:${by}`; // once for each page's end
      setTriggerValue("turn", by);
    }
  }
  // Streamlit calls this again with new data without ending the call before: the old listener must go first.
  if (root.onKey) document.removeEventListener("keydown", root.onKey);
  root.onKey = keys ? onKey : null;
  if (keys) document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", root.onKey);
}
