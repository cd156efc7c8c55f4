// Information, Console, Log and events.

import { fill, h, notice, pairs } from "./dom.js";
import { get, post } from "./api.js";

export function informationView() {
  const place = h("div", {});
  get("/api/facts").then(({ facts }) => {
    const groups = [...new Set(facts.map((fact) => fact.group))];
    fill(place, groups.map((group) => h("section", { class: "card" }, h("h2", {}, group),
      pairs(facts.filter((fact) => fact.group === group).map((fact) => [fact.name, fact.value])))));
  }, (error) => fill(place, notice("bad", error.message, error.hint)));
  return { title: "Information", element: place };
}

const kSecrets = /password|key|token/i;

export function consoleView() {
  const output = h("div", { class: "console", role: "log", "aria-label": "Replies", tabindex: "0" });
  const input = h("input", { type: "text", class: "mono-field", "aria-label": "Command", spellcheck: "false", autocapitalize: "off", autocomplete: "off", placeholder: "Status 0" });
  const past = [];
  let at = 0;
  const say = (text, kind) => {
    output.append(h("div", { class: kind }, text));
    while (output.childElementCount > 500) output.firstElementChild.remove();
    output.scrollTop = output.scrollHeight;
  };
  const run = async (event) => {
    event.preventDefault();
    const line = input.value.trim();
    if (!line) return;
    input.value = "";
    const word = line.split(" ")[0];
    const isSecret = kSecrets.test(word);
    say(`> ${isSecret ? `${word} ****` : line}`, "asked");
    if (!isSecret) past.push(line);
    at = past.length;
    try {
      const { replies } = await post("/api/console", { line });
      for (const reply of replies) say(JSON.stringify(reply));
    } catch (error) {
      say(error.message, "trouble");
    }
  };
  input.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    at = Math.min(past.length, Math.max(0, at + step));
    input.value = past[at] ?? "";
  });
  return { title: "Console", element: h("section", { class: "card" }, output,
    h("form", { class: "secret-row", onsubmit: run }, input, h("button", { class: "first", type: "submit" }, "Run"))) };
}

export function logView() {
  const events = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Events" });
  const lines = h("div", { class: "console lines", tabindex: "0", role: "region", "aria-label": "Lines of the log" });
  const load = async () => {
    let log;
    try {
      log = await get("/api/log");
    } catch {
      return;
    }
    fill(events, h("table", { class: "stacked" }, h("thead", {}, h("tr", {}, ["When", "Who", "From", "Kind", "What"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, log.events.slice().reverse().map((event) => h("tr", {},
        h("td", {}, event.at ? new Date(event.at * 1000).toLocaleString() : "clock unknown"), h("td", {}, event.who || "nobody"), h("td", {}, event.from),
        h("td", { class: event.kind === "refusal" ? "trouble" : undefined }, event.kind), h("td", {}, event.what))))));
    const isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
    fill(lines, log.lines.map((line) => h("div", {}, line)));
    if (isAtEnd) lines.scrollTop = lines.scrollHeight;
  };
  load();
  const timer = setInterval(load, 5000);
  return { title: "Log and events", element: h("div", {}, h("section", { class: "card" }, h("h2", {}, "Logins, refusals and changes"), events),
    h("section", { class: "card" }, h("h2", {}, "Log"), lines)), end: () => clearInterval(timer) };
}
