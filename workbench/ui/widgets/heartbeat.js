// Draws its fragment anew again and again while the tab is in view, and at once when it comes back into view.
export default function ({ data, setTriggerValue }) {
  let timer = 0;
  const plan = () => { clearTimeout(timer); if (!document.hidden) timer = setTimeout(beat, data.every); };
  const beat = () => { setTriggerValue("beat", String(Date.now())); plan(); };
  const seen = () => { if (document.hidden) clearTimeout(timer); else beat(); };
  document.addEventListener("visibilitychange", seen);
  plan();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  };
}
