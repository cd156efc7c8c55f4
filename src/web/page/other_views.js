// Information, Console, Log and events, Help.

import { field, fill, h, notice, pairs } from "./dom.js";
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

const kByMqtt = {
  always: "only asks", safe: "by MQTT, too", all: 'by MQTT with remote_commands = "all"', never: "never by MQTT", "at the device": "on the device itself",
};

/** The console's own table. */
export function helpView() {
  const place = h("div", {});
  const wanted = h("input", { type: "search", autocapitalize: "off", spellcheck: "false" });
  get("/api/commands").then(({ commands }) => {
    const show = () => {
      const words = wanted.value.trim().toLowerCase();
      const fits = commands.filter((one) => `${one.name} ${one.help} ${one.group}`.toLowerCase().includes(words));
      const groups = [...new Set(fits.map((one) => one.group))];
      fill(place, groups.length === 0 ? notice("warn", "No command fits.") : groups.map((group) => h("section", { class: "card" }, h("h2", {}, group),
        h("dl", { class: "commands" }, fits.filter((one) => one.group === group).map((one) => [
          h("dt", {}, h("code", {}, [one.name, one.index ? "<n>" : "", one.arguments ? ` ${one.arguments}` : ""].join(""))),
          h("dd", {}, one.help, h("span", { class: "small quiet" }, ` ${one.index ? `n is ${one.index}; ` : ""}${kByMqtt[one.byMqtt]}`))])))));
    };
    wanted.addEventListener("input", show);
    show();
  }, (error) => fill(place, notice("bad", error.message, error.hint)));
  return { title: "Help", element: h("div", {}, h("section", { class: "card" }, h("p", {}, "Commands of the console, of /cm and of MQTT. Without an argument, or with ?, a command shows what is set; several in one line: Backlog a; b; c."),
    field("Look for", wanted)), place) };
}

const kSecrets = /password|key|token/i;

export function consoleView() {
  const output = h("div", { class: "console", role: "log", "aria-label": "Replies", tabindex: "0" });
  const input = h("input", { type: "text", class: "mono-field", "aria-label": "Command", spellcheck: "false", autocapitalize: "off", autocomplete: "off", placeholder: "Status 0", list: "commands" });
  const names = h("datalist", { id: "commands" });
  get("/api/commands").then(({ commands }) => fill(names, commands.map((one) => h("option", { value: one.name }))), () => {});
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
    const isSecret = kSecrets.test(line);  // also inside a Backlog
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
    h("form", { class: "secret-row", onsubmit: run }, input, names, h("button", { class: "first", type: "submit" }, "Run"))) };
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
        h("td", {}, event.at ? new Date(event.at * 1000).toLocaleString() : "clock unknown"), h("td", {}, event.who || "somebody"), h("td", {}, event.from),
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
