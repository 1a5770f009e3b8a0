// Enter in a dialog presses its first button from the moment that it can be seen. Streamlit's own shortcut listens only
// some time after the button was painted, and an Enter in between would be lost; and it would press that button also
// where somebody has chosen another one, such as Cancel.
export default function () {
  function onKey(event) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const dialog = document.querySelector("[data-testid=stDialog]");
    const button = dialog?.querySelector(".st-key-plan-apply button");
    if (!button) return;
    if (event.key === "Tab") window.__wbTabbedIn = dialog;
    if (event.key !== "Enter" || event.shiftKey) return;
    const path = event.composedPath();
    if (path.some((n) => n.matches?.("input, textarea, select, [contenteditable=true]") && dialog.contains(n))) return;
    event.stopImmediatePropagation();
    // A dialog that opens puts the focus on its cross, or leaves it on the page behind: nobody has chosen that. Its second
    // button, and what was reached by Tab, somebody has; the browser presses it.
    const chosen = path.find((n) => n.matches?.("button, a, summary") && dialog.contains(n));
    if (chosen && (window.__wbTabbedIn === dialog || chosen.closest(".st-key-wb-plan-buttons"))) return;
    event.preventDefault();
    button.click();
  }
  if (window.__wbDialogEnter) document.removeEventListener("keydown", window.__wbDialogEnter, true);
  window.__wbDialogEnter = onKey;
  document.addEventListener("keydown", onKey, true);
}
