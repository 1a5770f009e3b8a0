// Drawing of the focus queue; `drawing` is called by focus_queue.js, which stands behind this in one script.
function el(tag, cls, text) {
  const made = document.createElement(tag);
  if (cls) made.className = cls;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

function drawing(root, data, S, on) {
  const L = data.labels;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, k) => Number.isInteger(values[k]) ? values[k].toLocaleString("en") : values[k]);

  function button(text, key, action, extra = {}) {
    const b = el("button", `b ${extra.cls ?? ""}`);
    b.type = "button";
    if (extra.colour) b.style.setProperty("--c", extra.colour);
    if (key) b.append(el("kbd", "", key));
    b.append(el("span", "", text));
    if (extra.title) b.title = extra.title;
    b.tabIndex = -1;
    b.addEventListener("mousedown", (e) => e.preventDefault());
    b.addEventListener("click", action);
    return b;
  }

  function toolbar(it) {
    const bar = el("div", "bar");
    for (const c of data.classes) {
      bar.append(button(c.name, c.key, () => on.decide("tag", c.name, c.name, c.colour),
        { cls: it && it.cls === c.name ? "cls on" : "cls", colour: c.colour, title: c.condition }));
    }
    bar.append(el("i", "gap"));
    const acts = [["keep", "A", L.keep], ["drop", "X", L.drop], ["skip", "S", L.skip], ["edit", "E", L.edit], ["reward", "R", L.reward],
      ["comment", "C", L.comment], ["undo", "U", L.undo], ["help", "?", L.help]];
    for (const [name, key, text] of acts) {
      if (data.mode === "judge" && !["skip", "undo", "help"].includes(name)) continue;
      const lit = it && ((name === "keep" && it.status === "kept") || (name === "drop" && it.status === "dropped"));
      bar.append(button(text, key, () => on.act(name), { cls: lit ? "on plain" : "plain" }));
    }
    return bar;
  }

  function progress() {
    const line = el("div", "progress");
    const bar = el("div", "track"), part = el("div", "part");
    const total = Math.max(S.total, 1);
    part.style.width = `${Math.min(100, (100 * S.decided) / total)}%`;
    bar.append(part);
    const words = el("div", "pace");
    const left = Math.max(0, S.total - S.decided - (S.gone ?? 0));
    words.append(el("span", "count", fill(L.left, { n: left })), el("span", "", fill(L.decided, { n: S.decided })));
    if (S.decided > 2 && S.spent > 3000) {
      const pace = Math.round(((S.decided - 1) / S.spent) * 3600000);
      words.append(el("span", "", fill(L.pace, { n: pace })));
      const minutes = Math.ceil((left / pace) * 60);
      words.append(el("span", "", minutes < 90 ? fill(L.minutes, { n: minutes }) : fill(L.hours, { n: Math.round(minutes / 60) })));
    }
    if (S.gone) words.append(el("span", "", fill(L.gone, { n: S.gone, who: S.goneBy })));
    root.saved = el("span", "saved");
    words.append(root.saved);
    line.append(words, bar);
    status();
    return line;
  }

  function status() {
    if (!root.saved) return;
    const waiting = S.outbox?.waiting ?? 0;
    root.saved.className = waiting ? (S.outbox.late ? "saved late" : "saved busy") : "saved";
    root.saved.textContent = !waiting ? L.saved : fill(S.outbox.late ? (S.outbox.durable ? L.offline : L.offlineLost) : L.saving, { n: waiting });
    root.querySelectorAll("[data-mark]").forEach((n) => {
      const mark = S.done.get(Number(n.dataset.mark));
      n.textContent = mark ? (mark.state === "saved" ? "✓" : mark.state === "sent" ? "…" : "") : "";
    });
  }

  function text(parent, content) {
    const pieces = content.split(/```[^\n`]{0,40}\n([\s\S]*?)(?:```|$)/);
    pieces.forEach((piece, i) => {
      if (!piece) return;
      if (i % 2) { const pre = el("pre", "code"); pre.dir = "ltr"; pre.append(el("code", "", piece.trimEnd())); parent.append(pre); }
      else { const part = el("div", "text", piece.replace(/^\n+|\n+$/g, "")); part.dir = "auto"; parent.append(part); }
    });
  }

  function turnBox(it, i, editable) {
    const x = it.turns[i];
    const chosen = editable && S.chosenTurn() === i;
    const box = el("div", `turn ${x.role}${x.excluded ? " excluded" : ""}${chosen && it.turns.filter((y) => y.role === "assistant").length > 1 ? " chosen" : ""}`);
    const head = el("div", "role", L.roles[x.role] + (x.name ? ` · ${x.name}` : ""));
    if (x.excluded) head.append(el("span", "note", L.excluded));
    if (x.reward !== null && x.reward !== undefined && data.mode !== "judge") head.append(el("span", "own", fill(L.rewarded, { r: String(x.reward) })));
    if (x.role === "assistant" && editable && data.mode !== "judge") {
      const b = el("button", "mini", x.excluded ? L.include : L.exclude);
      b.type = "button"; b.tabIndex = -1;
      b.addEventListener("click", () => on.act("exclude", i));
      head.append(b);
    }
    box.append(head);
    if (chosen && S.mode === "edit") { box.append(field(x.content, true)); return box; }
    if (x.reasoning) { const d = el("details", "fold"); d.append(el("summary", "", L.reasoning)); text(d, x.reasoning); box.append(d); }
    text(box, x.content);
    for (const [name, args] of x.calls ?? []) { const d = el("details", "fold"); d.append(el("summary", "", fill(L.calls, { name }))); text(d, args); box.append(d); }
    if (x.cut) box.append(el("p", "cut", fill(L.cut, { n: x.cut })));
    return box;
  }

  function field(value, large, hint = L.commentHint) {
    const wrap = el("div", "field"), area = el("textarea", large ? "large" : "");
    area.value = value; area.dir = "auto"; area.rows = large ? Math.min(18, Math.max(4, value.split("\n").length + 2)) : 2;
    if (!large) area.placeholder = hint;
    area.addEventListener("keydown", (e) => {
      e.stopPropagation();
      if (e.key === "Escape") on.act("cancel");
      if (e.key === "Enter" && (large ? e.ctrlKey || e.metaKey : !e.shiftKey)) { e.preventDefault(); on.act("save", area.value); }
    });
    const row = el("div", "bar");
    row.append(button(L.save, large ? "Ctrl ↵" : "↵", () => on.act("save", area.value), { cls: "primary" }),
      button(L.cancel, "Esc", () => on.act("cancel"), { cls: "plain" }));
    wrap.append(area, row);
    return wrap;
  }

  function facts(it) {
    const line = el("div", "chips");
    const chip = (words, cls, colour) => { const c = el("span", `chip ${cls ?? ""}`, words); if (colour) c.style.setProperty("--c", colour); line.append(c); };
    const cls = data.classes.find((c) => c.name === it.cls);
    if (data.mode !== "judge" || it.cls) chip(it.cls ?? L.untagged, it.cls ? "solid" : "", cls ? cls.colour : null);
    if (it.status !== "pending") chip(L.statuses[it.status], it.status);
    if (it.reward !== null) chip(fill(L.rewarded, { r: String(it.reward) }));
    for (const [who, name, shade] of it.opinions) chip(`${who}: ${name}`, "said", shade);
    for (const fact of it.facts) chip(fact);
    for (const flag of it.flags) chip(flag, "flag");
    if (it.suggest && !it.cls) {
      const b = button(fill(it.suggest.byModel ? L.proposed : L.suggested, { name: it.suggest.cls, p: it.suggest.percent }), "↵", () => on.act("accept"), { cls: "suggest", colour: it.suggest.colour, title: it.suggest.byModel ? L.proposedHint : L.suggestedHint });
      line.append(b);
    }
    return line;
  }

  function notices(parent) {
    for (const n of S.notices.slice(-3)) {
      const box = el("div", "notice");
      box.append(el("span", "", n.text + (n.own ? " " + fill(L.notSaved, { name: n.own }) : "")));
      box.append(button(L.look, "", () => on.look(n.seq), { cls: "plain" }));
      box.append(button("×", "", () => { S.notices = S.notices.filter((m) => m !== n); draw(true); }, { cls: "plain" }));
      parent.append(box);
    }
  }

  function rail() {
    const side = el("div", "rail");
    side.append(el("h4", "", L.next));
    const list = el("div", "stack");
    for (let i = S.at + 1, n = 0; i < S.items.length && n < 6; i++) {
      if (S.done.has(S.items[i].seq)) continue;
      n += 1;
      const row = el("div", "mini-row"); row.dir = "auto";
      row.append(el("span", "", S.items[i].prompt || L.noQuestion));
      row.addEventListener("click", () => on.go(i));
      list.append(row);
    }
    if (!list.children.length) list.append(el("p", "quiet", S.more ? L.loading : L.lastOne));
    side.append(list, el("h4", "", L.past));
    const past = el("div", "stack");
    const seen = new Set();
    for (const step of [...S.trail].reverse()) {
      if (seen.has(step.seq) || seen.size >= 8) continue;
      const mark = S.done.get(step.seq), i = S.items.findIndex((x) => x.seq === step.seq);
      if (!mark || i < 0) continue;
      seen.add(step.seq);
      const row = el("div", "mini-row");
      const dot = el("b", "dot"); dot.style.setProperty("--c", mark.colour ?? "#8a8f98");
      const ok = el("em", ""); ok.dataset.mark = step.seq;
      row.append(dot, el("strong", "", mark.label), el("span", "", S.items[i].prompt), ok);
      row.addEventListener("click", () => on.go(i));
      past.append(row);
    }
    if (!past.children.length) past.append(el("p", "quiet", L.nothingYet));
    side.append(past);
    return side;
  }

  function help() {
    const box = el("div", "help");
    box.append(el("h4", "", L.help));
    for (const [key, what] of data.keys) { const row = el("div", "help-row"); row.append(el("kbd", "", key), el("span", "", what)); box.append(row); }
    return box;
  }

  function beside(it) {  // the answers to one prompt as columns, the prompt once above them
    const group = S.items.map((x, i) => [x, i]).filter(([x]) => x.group === it.group);
    const holder = el("div", "");
    const last = it.turns.length - 1;
    const shared = el("div", "chat");
    for (let i = 0; i < last; i++) shared.append(turnBox(it, i, false));
    const columns = el("div", "columns");
    for (const [x, i] of group) {
      const here = x.seq === it.seq;
      const column = el("div", here ? "column here" : "column");
      column.append(facts(x));
      column.append(turnBox(x, x.turns.length - 1, here));
      if (!here) column.addEventListener("click", () => on.go(i));
      columns.append(column);
    }
    holder.append(shared, columns);
    return holder;
  }

  function draw(keep) {
    const it = S.items[S.at];
    const scroller = root.querySelector(".reader"), top = keep && scroller && root.shown === it?.seq ? scroller.scrollTop : 0;
    root.replaceChildren(toolbar(it), progress());
    notices(root);
    const main = el("div", "main"), reader = el("div", "reader");
    if (S.mode === "help") reader.append(help());
    else if (!it) {
      const end = el("div", "end");
      end.append(el("h3", "", S.more ? L.loading : S.total ? L.allSeen : L.empty), el("p", "", S.more ? "" : L.allSeenHint));
      reader.append(end);
    } else {
      const single = !data.beside || S.items.filter((x) => x.group === it.group).length < 2;
      if (single) {
        reader.append(facts(it));
        const chat = el("div", "chat");
        it.turns.forEach((_, i) => chat.append(turnBox(it, i, true)));
        if (it.moreTurns) chat.append(el("p", "cut", fill(L.moreTurns, { n: it.moreTurns })));
        reader.append(chat);
      } else reader.append(beside(it));
      if (S.mode === "comment") reader.prepend(field(it.comment, false));
      else if (S.mode === "reward") reader.prepend(field(S.rewardNow(), false, L.rewardHint));
      else if (it.comment) { const c = el("div", "comment", it.comment); c.dir = "auto"; reader.prepend(c); }
    }
    main.append(reader, rail());
    root.append(main);
    reader.scrollTop = top;
    root.shown = it?.seq;
    root.dataset.seq = it ? it.seq : "";
    root.dataset.decided = S.decided;
    status();
  }
  return {
    draw,
    status,
    showTurn: () => root.querySelector(".turn.chosen")?.scrollIntoView({ block: "nearest" }),
    focusField: () => { const a = root.querySelector("textarea"); if (a) { a.focus(); a.setSelectionRange(a.value.length, a.value.length); } },
  };
}
