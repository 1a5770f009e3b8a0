// A live run's curves as plain SVG: a hundredth of what a plotting library takes to draw them anew. Lines are stretched by the
// browser, so a resized window draws nothing; a click on a name hides its line, the pointer reads values.
const W = 1000, H = 300;

function add(parent, tag, name, text = "") {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  parent.append(node);
  return node;
}

function svg(parent, tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent.append(node);
  return node;
}

function ticks(low, high, most) {
  const rough = (high - low) / most, size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * size).find((n) => n >= rough);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found;
}

function said(value) {
  const size = Math.abs(value);
  if (size >= 10000) return `${Math.round(value / 100) / 10}k`;
  if (size && size < 0.001) return value.toExponential(1).replace("e-0", "e-");
  return String(Number(value.toPrecision(3)));
}

function bounds(lines) {
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (const { x, y } of lines) {
    for (const v of x) { if (v < x0) x0 = v; if (v > x1) x1 = v; }
    for (const v of y) { if (v < y0) y0 = v; if (v > y1) y1 = v; }
  }
  if (x0 === x1) { x0 -= 1; x1 += 1; }
  const room = (y1 - y0) * 0.06 || Math.abs(y1) * 0.1 || 1;
  return { x0, x1, y0: y0 - room, y1: y1 + room };
}

function path(line, px, py) {
  let d = "";
  for (let i = 0; i < line.x.length; i++) d += `${i ? "L" : "M"}${px(line.x[i]).toFixed(1)} ${py(line.y[i]).toFixed(1)}`;
  return d;
}

function draw(box, chart, small, step, hidden) {
  box.replaceChildren();
  const shown = chart.lines.filter((l) => !hidden.has(l.name));
  if (chart.legend) {
    const legend = add(box, "div", "wl-legend");
    for (const line of chart.lines.filter((l) => l.name)) {
      const name = add(legend, "button", `wl-name${hidden.has(line.name) ? " wl-off" : ""}${line.dotted ? " wl-dotted" : ""}${line.joined ? "" : " wl-dots"}`, line.name);
      name.style.setProperty("--c", line.colour);
      name.addEventListener("click", () => {
        if (!hidden.delete(line.name)) hidden.add(line.name);
        draw(box, chart, small, step, hidden);
      });
    }
  }
  const area = add(box, "div", "wl-area");
  add(area, "div", "wl-y", chart.y);
  const plot = add(area, "div", "wl-plot");
  const b = bounds(shown.length ? shown : chart.lines);
  const px = (x) => ((x - b.x0) / (b.x1 - b.x0)) * W, py = (y) => H - ((y - b.y0) / (b.y1 - b.y0)) * H;
  const image = svg(plot, "svg", { viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", "aria-label": chart.y, role: "img" });
  for (const v of ticks(b.y0, b.y1, small ? 3 : 5)) {
    svg(image, "line", { x1: 0, x2: W, y1: py(v), y2: py(v), class: "wl-line" });
    add(plot, "span", "wl-tick wl-tick-y", said(v)).style.top = `${(100 * py(v)) / H}%`;
  }
  for (const v of ticks(b.x0, b.x1, small ? 3 : 6)) {
    add(plot, "span", "wl-tick wl-tick-x", v.toLocaleString("en")).style.left = `${(100 * px(v)) / W}%`;
  }
  for (const line of shown) {
    const common = { stroke: line.colour, fill: "none", "vector-effect": "non-scaling-stroke" };
    if (line.joined && line.x.length > 1) {
      const dashes = line.dotted ? { "stroke-dasharray": "2 4" } : {};
      svg(image, "path", { ...common, ...dashes, "stroke-width": line.width, "stroke-linejoin": "round", d: path(line, px, py) });
    }
    if (line.marks || line.x.length === 1) {
      const d = line.x.map((x, i) => `M${px(x).toFixed(1)} ${py(line.y[i]).toFixed(1)}h0`).join("");
      svg(image, "path", { ...common, "stroke-width": line.joined ? 7 : 9, "stroke-linecap": "round", d });
    }
  }
  add(area, "div", "wl-x", step);
  read(plot, shown, b);
}

// Says the values nearest to the pointer.
function read(plot, lines, b) {
  const rule = add(plot, "div", "wl-rule"), words = add(plot, "div", "wl-read");
  plot.addEventListener("pointermove", (event) => {
    const place = plot.getBoundingClientRect(), part = (event.clientX - place.left) / place.width;
    const at = b.x0 + part * (b.x1 - b.x0);
    words.replaceChildren();
    let nearest = null;
    for (const line of lines.filter((l) => l.name)) {
      let best = 0;
      line.x.forEach((x, i) => { if (Math.abs(x - at) < Math.abs(line.x[best] - at)) best = i; });
      if (nearest === null || Math.abs(line.x[best] - at) < Math.abs(nearest - at)) nearest = line.x[best];
      const row = add(words, "div", "wl-value", `${line.name}: ${Number(line.y[best].toPrecision(4))}`);
      row.style.setProperty("--c", line.colour);
    }
    if (nearest === null) return;
    words.prepend(Object.assign(document.createElement("b"), { textContent: nearest.toLocaleString("en") }));
    rule.style.left = `${(100 * (nearest - b.x0)) / (b.x1 - b.x0)}%`;
    words.classList.toggle("wl-left", part > 0.5);
    words.style.left = rule.style.left;
    plot.classList.add("wl-reading");
  });
  plot.addEventListener("pointerleave", () => plot.classList.remove("wl-reading"));
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".wl-charts");
  const S = (root.__charts ??= { hidden: [], data });
  const drawAll = (charts) => {
    if (root.querySelector(".wl-reading")) return;  // somebody reads them
    root.replaceChildren();
    for (const size of ["large", "small"]) {
      const row = add(root, "div", `wl-charts-${size}`);
      charts[size].forEach((chart, i) => {
        const hidden = (S.hidden[`${size}-${i}`] ??= new Set());
        draw(add(row, "div", "wl-chart"), chart, size === "small", data.step, hidden);
      });
    }
  };
  const wanted = (window.__wbCharts = { mark: "", due: 0 });
  drawAll(data);
  const look = ({ detail }) => {
    if (!detail.charts) return;
    wanted.mark = detail.charts.mark;
    wanted.due = performance.now() + 1000 * detail.charts_every;
    drawAll(detail.charts);
  };
  document.addEventListener("wb-live", look);
  return () => {
    document.removeEventListener("wb-live", look);
    if (window.__wbCharts === wanted) window.__wbCharts = null;
  };
}
