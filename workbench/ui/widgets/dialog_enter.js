// Enter in a dialog presses its first button from the moment that it can be seen. Streamlit's own shortcut listens only
// some time after the button was painted, and an Enter in between would be lost; and it would press that button also
// where another one, such as Cancel, has the focus.
export default function () {
  function onKey(event) {
    if (event.key !== "Enter" || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const button = document.querySelector("[data-testid=stDialog] .st-key-plan-apply button");
    if (!button) return;
    const path = event.composedPath();
    if (path.some((n) => n.matches?.("input, textarea, select, [contenteditable=true]"))) return;
    event.stopImmediatePropagation();
    if (path.some((n) => n.matches?.("button, a, summary"))) return; // what has the focus is pressed by the browser
    event.preventDefault();
    button.click();
  }
  if (window.__wbDialogEnter) document.removeEventListener("keydown", window.__wbDialogEnter, true);
  window.__wbDialogEnter = onKey;
  document.addEventListener("keydown", onKey, true);
}
