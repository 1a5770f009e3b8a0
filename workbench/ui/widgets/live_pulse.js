// Draws its fragment anew once a live run has more of something than was drawn.
export default function ({ data, parentElement, setTriggerValue }) {
  const mark = parentElement.querySelector("span");
  mark.__drawn = performance.now();
  const look = (event) => {
    const more = JSON.stringify(event.detail.parts[data.part]) !== JSON.stringify(data.seen);
    if (!more || performance.now() - mark.__drawn < data.every) return;
    mark.__drawn = performance.now();
    setTriggerValue("moved", String(event.detail.parts[data.part]));
  };
  document.addEventListener("wb-live", look);
  return () => document.removeEventListener("wb-live", look);
}
