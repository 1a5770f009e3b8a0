// Keys of a page that the server answers: every press is numbered and kept until the server has said that it was carried
// out, in the order in which they were pressed. Streamlit's own shortcuts lose a press that comes while a script runs.
const TYPING = "textarea, select, [contenteditable=true], [role=listbox], [role=combobox], [role=dialog]";
const ARROWS_MOVE = "[role=slider], [role=radiogroup], [role=tablist], [role=radio], [role=tab], input[type=range]";
const LEFT_MS = 1500;

function taken(path, arrow) {
  const matches = (what) => path.some((n) => n.matches?.(what));
  const typed = path.some((n) => n.matches?.("input") && !["checkbox", "radio", "range", "button"].includes(n.type));
  return typed || matches(TYPING) || (arrow && matches(ARROWS_MOVE));
}

function make(number) {
  const box = { number, waiting: [], closing: 0, leftAt: 0 };
  courier(box, () => box.waiting, (presses) => ({ presses: presses.map((p) => [p.id, p.key]) }));
  box.answered = (upTo) => {
    box.waiting = box.waiting.filter((p) => p.id > upTo);
    box.landed((id) => id <= upTo);
  };
  return box;
}

export default function ({ data, setTriggerValue }) {
  const all = (window.__wbHeard ??= new Map());
  if (!all.has(data.name)) all.set(data.name, make(data.done));
  const box = all.get(data.name);
  // What was pressed before the page was left belongs to what it showed then.
  if (box.leftAt && performance.now() - box.leftAt > LEFT_MS) box.waiting = [];
  box.leftAt = 0;
  box.number = Math.max(box.number, data.done);
  const keys = new Set(data.keys), closing = new Set(data.closing);

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
    const key = event.key.toLowerCase(), arrow = key.startsWith("arrow");
    if (!keys.has(key) || document.querySelector("[data-testid=stDialog]") || taken(event.composedPath(), arrow)) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the button's own shortcut, which its label shows, must not answer too
    if (event.repeat && !arrow) return;
    if (box.closing) return; // what was pressed after it is meant for what it opens
    box.number += 1;
    if (closing.has(key)) box.closing = box.number;
    box.waiting.push({ id: box.number, key });
    box.flush();
  }
  // Streamlit calls this again with new data without ending the call before: the old listener must go first.
  box.leave?.();
  document.addEventListener("keydown", onKey, true);
  box.leave = () => document.removeEventListener("keydown", onKey, true);
  box.send = (message) => setTriggerValue("pressed", message);
  if (box.closing && box.closing <= data.done) box.closing = 0;
  box.answered(data.done);
  const leave = box.leave;
  return () => {
    leave();
    if (box.leave !== leave) return; // it was drawn anew before this one ended
    box.send = null;
    box.leftAt = performance.now();
  };
}
