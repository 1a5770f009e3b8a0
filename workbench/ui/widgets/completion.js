// Completes the last term of a query in the text box of another element: fields first, then the values that the
// project has. A native list: arrows and Enter work as everywhere, and nothing is drawn that could be in the way.
// It listens at the document: the box may be drawn later than this, or drawn anew.
export default function ({ data }) {
  const quoted = (value) => (/[\s,"“”]/.test(value) ? `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : value);
  const box = `.st-key-${data.box} input`;
  function listFor(input) {
    let list = document.getElementById("wb-completion");
    if (!list) {
      list = document.createElement("datalist");
      list.id = "wb-completion";
      document.body.append(list);
    }
    if (input.getAttribute("list") !== list.id) {
      input.setAttribute("list", list.id);
      input.setAttribute("autocomplete", "off");
    }
    return list;
  }
  function fill(input) {
    const [, before, minus, word] = /^(.*?(?:^|\s))(-?)(\S*)$/s.exec(input.value) ?? [null, "", "", ""];
    const [, field, given] = /^([a-z_]+):(?:.*,)?([^,]*)$/i.exec(word) ?? [];
    let found;
    if (field) {
      const values = data.values[field.toLowerCase()] ?? [];
      const start = word.slice(0, word.length - given.length);
      found = values.filter((v) => v.toLowerCase().startsWith(given.toLowerCase())).map((v) => start + quoted(v));
    } else {
      found = Object.entries(data.fields).filter(([name]) => name.startsWith(word.toLowerCase())).map(([, head]) => head);
      if (!word && before.trim() === "" && !minus) found = Object.values(data.fields);
    }
    listFor(input).replaceChildren(...found.slice(0, 12).map((text) => {
      const option = document.createElement("option");
      option.value = before + minus + text;
      return option;
    }));
  }
  function hear({ target }) {
    if (target instanceof Element && target.matches(box)) fill(target);
  }
  document.addEventListener("focusin", hear);
  document.addEventListener("input", hear);
  const input = document.querySelector(box);
  if (input) fill(input);
  return () => {
    document.removeEventListener("focusin", hear);
    document.removeEventListener("input", hear);
  };
}
