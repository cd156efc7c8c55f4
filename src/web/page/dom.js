// Elements made in code: text is always text, never markup, so that no name of a meter, broker or certificate can become one.

export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled" || key === "readOnly") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child);
  }
}

export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

const kSvg = "http://www.w3.org/2000/svg";
export function svg(tag, props, ...children) {
  const element = document.createElementNS(kSvg, tag);
  for (const [key, value] of Object.entries(props)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export function notice(kind, text, hint) {
  return h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" },
    h("p", {}, text), hint && h("p", { class: "small" }, hint));
}

export function pairs(entries) {
  return h("dl", { class: "pairs" }, entries.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

let fields = 0;
export function field(label, input, hint) {
  const id = `f${++fields}`;
  input.id = id;
  if (hint) input.setAttribute("aria-describedby", `${id}h`);
  return h("div", { class: "field" }, h("label", { for: id }, label), hint && h("p", { class: "hint", id: `${id}h` }, hint), input);
}

/** A form whose button waits for what it started, and which says what went wrong. */
export function form(children, button, submit) {
  const outcome = h("div", { "aria-live": "polite" });
  const send = h("button", { class: "first", type: "submit" }, button);
  const element = h("form", { novalidate: true }, children, h("div", { class: "row" }, send), outcome);
  // What was said was about what stood here before.
  element.addEventListener("input", () => fill(outcome));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    fill(outcome);
    try {
      const said = await submit();
      if (said) fill(outcome, said);
    } catch (error) {
      fill(outcome, notice("bad", error.message, error.hint));
    }
    send.disabled = false;
  });
  return element;
}

/** @return a promise of true when the person agrees */
export function ask(title, content, yes, no = "Cancel") {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "ask" }, h("h2", { id: "ask" }, title), content,
      h("div", { class: "row" },
        h("button", { class: "first", onclick: () => dialog.close("yes") }, yes),
        h("button", { onclick: () => dialog.close("no") }, no)));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function fingerprint(text) {
  // A line breaks between pairs, so that two of them can be compared by eye.
  return h("code", { class: "fingerprint" }, text.split(":").flatMap((pair, i) => i > 0 ? [":", h("wbr"), pair] : [pair]));
}
