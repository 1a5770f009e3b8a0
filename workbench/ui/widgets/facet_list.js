// Facets with counts and bars. A click narrows the view to a value (or lifts it again), shift-click excludes it.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".facets");
  root.replaceChildren();
  for (const facet of data.facets) {
    const box = document.createElement("div");
    box.className = "facet";
    const head = document.createElement("div");
    head.className = "head";
    head.textContent = facet.title;
    box.append(head);
    const most = Math.max(1, ...facet.values.map((v) => v.count));
    for (const value of facet.values) {
      const line = document.createElement("button");
      line.className = `value${value.on ? " on" : ""}${value.off ? " off" : ""}`;
      line.title = data.hint;
      line.style.setProperty("--w", `${Math.max(1.5, (100 * value.count) / most)}%`);
      line.style.setProperty("--c", value.colour || "currentColor");
      const name = document.createElement("span");
      name.className = "name";
      name.dir = "auto";
      name.textContent = value.label;
      const count = document.createElement("span");
      count.className = "count";
      count.textContent = value.count.toLocaleString("en");
      if (value.whole !== null && value.whole !== value.count) {
        const whole = document.createElement("span");
        whole.className = "whole";
        whole.textContent = ` / ${value.whole.toLocaleString("en")}`;
        count.append(whole);
      }
      line.append(name, count);
      const pick = (exclude) => setTriggerValue("pick", { field: facet.field, value: value.value, exclude });
      line.addEventListener("click", (event) => pick(event.shiftKey));
      const not = document.createElement("button");
      not.className = "not";
      not.textContent = value.off ? "+" : "−";
      not.title = `${value.off ? data.include : data.exclude}: ${value.label}`;
      not.setAttribute("aria-label", not.title);
      not.addEventListener("click", () => pick(true));
      const both = document.createElement("div");
      both.className = "line";
      both.append(line, not);
      box.append(both);
    }
    if (facet.more) {
      const more = document.createElement("div");
      more.className = "more";
      more.textContent = facet.more;
      box.append(more);
    }
    root.append(box);
  }
  if (data.facets.length) {
    const hint = document.createElement("div");
    hint.className = "more";
    hint.textContent = data.hint;
    root.append(hint);
  }
}
