// Completes the last term of a query in the text box of another element: fields first, then the values that the
// project has. A native list: arrows and Enter work as everywhere, and nothing is drawn that could be in the way.
export default function ({ data }) {
  const input = document.querySelector(`.st-key-${data.box} input`);
  if (!input) return;
  let list = document.getElementById("wb-completion");
  if (!list) {
    list = document.createElement("datalist");
    list.id = "wb-completion";
    document.body.append(list);
  }
  input.setAttribute("list", list.id);
  input.setAttribute("autocomplete", "off");
  const quoted = (value) => (/[\s,"“”]/.test(value) ? `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : value);
  function fill() {
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
    list.replaceChildren(...found.slice(0, 12).map((text) => {
      const option = document.createElement("option");
      option.value = before + minus + text;
      return option;
    }));
  }
  if (input.wbFill) input.removeEventListener("input", input.wbFill);
  input.wbFill = fill;
  input.addEventListener("input", fill);
  fill();
  return () => input.removeEventListener("input", fill);
}
