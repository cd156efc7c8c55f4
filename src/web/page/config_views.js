// Configuration: each field is a console command of the same name.

import { ask, field, fill, fingerprint, form, h, notice, pairs } from "./dom.js";
import { get, isAdmin, post, postFile } from "./api.js";
import { refusalOf, sealCard } from "./seal.js";

function inputOf(one) {
  if (one.kind === "choice") {
    const options = one.choices.split("|").map((choice) => choice.split("="));
    const input = h("select", { name: one.name, disabled: one.fixed }, options.map(([value, label]) => h("option", { value }, label)));
    input.value = one.value;
    return input;
  }
  return h("input", { name: one.name, value: one.value, readOnly: one.fixed, spellcheck: "false", autocapitalize: "off",
    autocomplete: one.kind === "secret" ? "new-password" : "off", type: one.kind === "secret" ? "password" : "text",
    inputmode: one.kind === "number" ? "numeric" : undefined, class: one.kind === "fingerprint" ? "mono-field" : undefined });
}

/** What changes the broker or how it is known is tried beside the running connection. @return what to show */
async function tryAndSave(name, fields, kept) {
  const answer = await post("/api/save", { form: name, ...fields });
  if (answer.replies) return savedNotice(answer.replies, kept);
  return unlessAnyway([notice("bad", "Nothing was kept: with these settings the device would not reach its broker.", "This is how far it came beside the running connection:"),
    stepsList(answer), h("p", { class: "small quiet" }, "Keep it only when you know that the broker is about to change. Readings wait on the disk until it can be reached.")],
  async () => savedNotice((await post("/api/save", { form: name, keep: "anyway", ...fields })).replies, kept));
}

/** What speaks against a change, and the second step that makes it all the same. */
export function unlessAnyway(said, keep, label = "Keep anyway") {
  const place = h("div", {});
  const anyway = h("button", { type: "button", onclick: async () => {
    anyway.disabled = true;
    try {
      fill(place, await keep());
    } catch (error) {
      fill(place, notice("bad", error.message, error.hint));
    }
  } }, label);
  fill(place, said, h("div", { class: "row" }, anyway));
  return place;
}

function savedNotice(replies, kept) {
  const reason = refusalOf(replies);
  return reason ? notice("bad", reason, "What stands before it in the form was saved.") : kept();
}

/** One table of the device as a form; only what was changed is sent. */
async function settingsForm(name) {
  const table = await get("/api/form", { name });
  if (table.fields.length === 0)
    return notice("warn", "This is declared in the configuration file.", "Change it there and restart the service; `meterseal console` shows it.");
  const inputs = table.fields.map((one) => [one, inputOf(one)]);
  const rows = inputs.map(([one, input]) => field(one.label, input,
    [one.hint && `${one.hint}.`, one.fixed && `${one.by}.`, one.kind === "secret" && one.set && "One is set."].filter(Boolean).join(" ")));
  return form(rows, "Save", async () => {
    const changed = inputs.filter(([one, input]) => !one.fixed && input.value !== one.value);
    if (changed.length === 0) return notice("warn", "Nothing was changed.");
    const fields = Object.fromEntries(changed.map(([one, input]) => [one.name, input.value]));
    return tryAndSave(name, fields, async () => {
      // What holds may be another value than the one that was typed; a device that restarts already cannot say.
      const now = await get("/api/form", { name }).catch(() => ({ fields: [] }));
      const others = [];
      for (const [one, input] of inputs) {
        const typed = input.value;
        const held = now.fields.find((field) => field.name === one.name)?.value ?? typed;
        one.value = input.value = one.kind === "secret" ? "" : held;
        if (one.kind === "number" && input.value !== typed) others.push(`${one.label} is ${held}`);
      }
      if (others.length > 0) return notice("warn", `Saved, and ${others.join(", ")}: the nearest value that is possible.`);
      return notice("good", "Saved. The device connects again where that is needed.");
    });
  });
}

function later(promise) {
  const place = h("div", {}, h("p", { class: "quiet" }, "Loading…"));
  promise.then((element) => fill(place, element), (error) => fill(place, notice("bad", error.message, error.hint)));
  return place;
}

export function mqttView() {
  return { title: "Configure MQTT", element: h("div", {}, h("section", { class: "card" }, later(settingsForm("mqtt")))) };
}

export function deviceView() {
  return { title: "Configure Device", element: h("section", { class: "card" }, later(settingsForm("device"))) };
}

const normal = (text) => text.replace(/[^0-9a-f]/gi, "").toUpperCase();

export function servedReport(report) {
  if (report.error) return notice("bad", report.error, report.hint);
  return h("div", {}, h("p", {}, "The broker served this certificate:"), fingerprint(report.fingerprint),
    pairs([["Subject", report.subject], ["Issuer", report.issuer], ["Ends", report.expires], ["Key", report.key],
      ["Fingerprint of the key", report.keyPin && h("span", { class: "mono" }, report.keyPin)], ["Note", report.note], ["Renewals", report.renewal]]));
}

function fetchCard() {
  const host = h("input", { type: "text", spellcheck: "false", autocapitalize: "off" });
  const result = h("div", {});
  const proposed = get("/api/form", { name: "mqtt" }).then((table) => {
    const value = (name) => table.fields.find((one) => one.name === name)?.value ?? "";
    if (value("MqttHost") && !host.value) host.value = `${value("MqttHost")}:${value("MqttPort") || 8883}`;
  }, () => {});
  const use = async (slot, text) => {
    const agreed = await ask(`Set as fingerprint ${slot}`, [h("p", {}, "Only when it is the one of the broker's own certificate:"), fingerprint(text)], "It is the same, set it");
    if (!agreed) return;
    fill(result, h("p", { class: "quiet" }, "Trying it…"));
    try {
      fill(result, await tryAndSave("tls", { [`MqttFingerprint${slot}`]: text }, () => notice("good", `Fingerprint ${slot} is set.`)));
    } catch (error) {
      fill(result, notice("bad", error.message, error.hint));
    }
  };
  const body = form([field("Broker", host, "HOST:PORT. Nothing is sent to it but the TLS handshake.")], "Fetch and compare", async () => {
    fill(result);
    await proposed;
    const report = await post("/api/tls/fetch", { host: host.value.trim() });
    const table = await get("/api/form", { name: "tls" });
    const slots = [1, 2].filter((slot) => {
      const set = table.fields.find((one) => one.name === `MqttFingerprint${slot}`)?.value ?? "";
      return set && report.fingerprint && normal(set) === normal(report.fingerprint);
    });
    fill(result, servedReport(report), report.fingerprint && [
      slots.length > 0 ? notice("good", `It is the one of slot ${slots.join(" and ")}.`)
        : notice("warn", "It is none of the fingerprints that are set.", "Compare it with the broker's own certificate, on the broker itself."),
      h("div", { class: "row" }, h("button", { type: "button", onclick: () => use(1, report.fingerprint) }, "Use as fingerprint 1"),
        h("button", { type: "button", onclick: () => use(2, report.fingerprint) }, "Use as fingerprint 2 (successor)"))]);
    return null;
  });
  return { element: h("section", { class: "card" }, h("h2", {}, "Fetch and compare"), body, result), host, proposed };
}

export function stepsList(report) {
  const words = { good: "good", bad: "bad", warn: "look", skipped: "skipped" };
  return h("ol", { class: "steps" }, report.steps.map((step) =>
    h("li", {}, h("strong", { class: `state-${step.state}` }, `${words[step.state] ?? step.state}: `), step.name, step.text ? ` – ${step.text}` : "",
      step.hint && h("p", { class: "small quiet" }, step.hint))));
}

function checkCard({ host, proposed }) {
  const result = h("div", { "aria-live": "polite" });
  const body = form([h("p", { class: "quiet" }, "Goes the way of the device step by step, with its settings, beside the running connection.")],
    "Test the connection", async () => {
      fill(result);
      await proposed;
      const report = await post("/api/tls/check", { host: host.value.trim() });
      fill(result, report.error ? notice("bad", report.error, report.hint) : stepsList(report));
      return null;
    });
  return h("section", { class: "card" }, h("h2", {}, "Test connection"), body, result);
}

function authorityTable(list) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Authorities" }, h("table", { class: "stacked" },
    h("thead", {}, h("tr", {}, ["Subject", "SHA-256", "Ends"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, list.map((one) => h("tr", {}, h("td", {}, one.subject), h("td", {}, fingerprint(one.sha256)), h("td", {}, one.expires))))));
}

/** Authorities that came by this page: shown before they are kept, tried before they count. */
function authoritiesCard() {
  const now = h("div", {});
  const outcome = h("div", { "aria-live": "polite" });
  const file = h("input", { type: "file", accept: ".pem,.crt,.cer" });
  const kMost = 64 * 1024;
  const remove = h("button", { type: "button", onclick: async () => {
    if (!await ask("Remove the uploaded authorities", [h("p", {}, "The authorities of this system count again.")], "Remove them")) return;
    await post("/api/ca/remove").then(show, (error) => fill(outcome, notice("bad", error.message, error.hint)));
  } }, "Remove them");
  const upload = form([field("Certificates of authorities", file, "PEM, at most 64 KiB. Shown before anything is kept.")], "Look at the file", async () => {
    fill(outcome);
    const chosen = file.files[0];
    if (!chosen) return notice("bad", "Which file?");
    if (chosen.size > kMost) return notice("bad", "The file is larger than 64 KiB.");
    const pem = await chosen.arrayBuffer();
    const { list } = await postFile("/api/ca/read", pem);
    fill(outcome, h("p", {}, "The file holds:"), authorityTable(list), h("p", { class: "quiet" }, "Compare the SHA-256 with the one that the authority has published."),
      h("div", { class: "row" }, keepButton("Trust these authorities", "/api/ca/keep", pem)));
    return null;
  });
  function keepButton(label, path, pem) {
    const button = h("button", { type: "button", class: "first", onclick: async () => {
      button.disabled = true;
      try {
        const answer = await postFile(path, pem);
        if (answer.list) {
          fill(outcome, notice("good", "Kept: these authorities count from now on."));
          file.value = "";
          show(answer);
        } else if (answer.steps) {
          fill(outcome, notice("bad", "Nothing was kept: with these authorities the device would not reach its broker.", "This is how far it came beside the running connection:"),
            stepsList(answer), h("div", { class: "row" }, keepButton("Keep anyway", "/api/ca/keep?keep=anyway", pem)));
        } else {
          fill(outcome, notice("bad", answer.error, answer.hint));
        }
      } catch (error) {
        fill(outcome, notice("bad", error.message, error.hint));
      }
    } }, label);
    return button;
  }
  function show({ place, where, list }) {
    upload.hidden = place === "declared";
    fill(now, place === "uploaded" ? [h("p", {}, "These, which were uploaded here, and no others:"), authorityTable(list), h("div", { class: "row" }, remove)]
      : h("p", {}, place === "declared" ? `The configuration file names them: ${where}` : `Those of this system: ${where}`));
  }
  get("/api/ca").then(show, (error) => fill(now, notice("bad", error.message, error.hint)));
  return h("section", { class: "card" }, h("h2", {}, "Authorities"), now, upload, outcome);
}

export function tlsView() {
  const seal = sealCard({ withRenewal: true });
  const fetching = fetchCard();
  return { title: "Configure TLS", element: h("div", {}, seal.element,
    h("section", { class: "card" }, h("h2", {}, "How the broker is known"), later(settingsForm("tls"))), authoritiesCard(), fetching.element, checkCard(fetching)),
  live: (values) => seal.show(values.seal, values.waiting) };
}

const valuesList = (report) => report.answers ? [notice("good", "It answers:"), h("ul", {}, report.values.map((one) => h("li", {}, `${one.name}: ${one.value}`)))]
  : notice("bad", report.error, report.hint);

/** Reads one meter now, beside the normal polls. */
function testButton(label, fields, place) {
  const button = h("button", { type: "button", onclick: async () => {
    button.disabled = true;
    fill(place, h("p", { class: "quiet" }, "Reading…"));
    try {
      fill(place, valuesList(await post("/api/meter/test", fields)));
    } catch (error) {
      fill(place, notice("bad", error.message, error.hint));
    }
    button.disabled = false;
  } }, label);
  return button;
}

const kRates = ["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"];
const choice = (values, value) => {
  const element = h("select", {}, values.map(([name, label]) => h("option", { value: name }, label)));
  if (value !== undefined) element.value = value;
  return element;
};
const plainText = (more = {}) => h("input", { type: "text", autocapitalize: "off", autocomplete: "off", spellcheck: "false", ...more });

/** Port, rate and parity of a bus. */
function lineFields(bus = {}) {
  const port = plainText({ value: bus.port ?? "", placeholder: "/dev/serial/by-id/... or tcp:192.0.2.7:502" });
  const baud = choice(kRates.map((rate) => [rate, rate]), String(bus.baud ?? 9600));
  const parity = choice(["none", "even", "odd"].map((one) => [one, one]), bus.parity ?? "none");
  return { fields: [field("Port", port, "A serial port, or tcp:HOST:PORT, or rtu:HOST:PORT for a transparent serial server."), field("Baud rate", baud), field("Parity", parity)],
    values: () => ({ port: port.value.trim(), baud: baud.value, parity: parity.value }) };
}

/** Meters and buses of a device that was set up on its page; what a person's file declares is not changed here. */
function changeCards(state, again) {
  const change = async (fields) => {
    try {
      await post("/api/meter/change", fields);
    } catch (error) {
      if (error.code !== "meter_port_missing") throw error;
      return unlessAnyway(notice("bad", `Nothing was kept: ${error.message}`, error.hint), () => change({ ...fields, keep: "anyway" }));
    }
    again();
    return notice("good", "Kept. The device restarts with it in a few seconds.");
  };
  /** A meter of a bus that is in use is read once before. */
  const put = async (fields) => {
    const there = state.buses.flatMap((one) => one.meters).find((meter) => meter.name === fields.name);
    if (there && !await ask(`Replace ${there.name}?`, h("p", {}, `There is a meter ${there.name} at address ${there.address}, a ${there.profile}. The new one takes its place, and its energy goes on counting.`), "Replace it")) return null;
    if (Number(fields.bus) === newBus) return change(fields);
    const report = await post("/api/meter/test", { bus: fields.bus, address: fields.address, profile: fields.profile });
    if (report.answers) return change(fields);
    return unlessAnyway(notice("bad", `Nothing was kept: ${report.error}`, report.hint), () => change(fields));
  };
  const newBus = state.buses.length;
  const bus = choice([...state.buses.map((one, i) => [String(i), `${one.name}: ${one.line}`]), [String(newBus), "a new bus"]]);
  const line = lineFields();
  const extra = h("div", { hidden: true }, line.fields);
  bus.addEventListener("change", () => { extra.hidden = Number(bus.value) !== newBus; });
  const name = plainText();
  const address = plainText({ inputmode: "numeric" });
  const profile = choice(state.profiles.slice().sort().map((one) => [one, one]));
  const add = h("section", { class: "card" }, h("h2", {}, "Add or replace a meter"),
    form([field("Bus", bus), extra, field("Address", address, "As set on the meter, 1 to 247."), field("Profile", profile),
      field("Name", name, "New, or that of the meter whose place it takes: then its energy goes on counting.")], "Save the meter",
    () => {
      if (!name.value.trim()) return notice("bad", "Which name?", "As it is to stand in the messages, such as garage.");
      return put({ what: "put", bus: bus.value, name: name.value.trim(), address: address.value.trim(), profile: profile.value, ...(Number(bus.value) === newBus ? line.values() : {}) });
    }));
  const outcome = h("div", { "aria-live": "polite" });
  const removable = state.buses.flatMap((one, i) => one.meters.filter((meter) => !meter.primary).map((meter) => h("button", { type: "button", onclick: async () => {
    if (!await ask(`Remove ${meter.name}`, h("p", {}, "It is not read any more. What it has counted is kept under its name."), "Remove it")) return;
    await change({ what: "remove", bus: i, name: meter.name }).then((said) => fill(outcome, said), (error) => fill(outcome, notice("bad", error.message, error.hint)));
  } }, `Remove ${meter.name}`)));
  const lines = state.buses.map((one, i) => {
    const fields = lineFields(one);
    return h("details", { class: "card" }, h("summary", {}, `Line of ${one.name}: ${one.line}`),
      form(fields.fields, `Save the line of ${one.name}`, async () => {
        const sure = await ask(`Change the line of ${one.name}?`, h("p", {}, `All meters of this bus are read over the new line: ${one.meters.map((meter) => meter.name).join(", ")}. Where it is wrong, none of them is read until it is changed back here.`), "Change it");
        return sure ? change({ what: "line", bus: i, ...fields.values() }) : null;
      }));
  });
  return { element: h("div", {}, add, removable.length > 0 && h("section", { class: "card" }, h("h2", {}, "Remove a meter"), h("div", { class: "row" }, removable), outcome), lines),
    propose(onBus, at, fits) {
      bus.value = String(onBus);
      extra.hidden = true;
      address.value = String(at);
      profile.value = fits;
      name.focus();
    } };
}

/** Looks for meters on a bus that is in use. */
function scanCards(state, propose) {
  const bus = h("select", {}, state.buses.map((one, i) => h("option", { value: String(i) }, `${one.name}: ${one.line}`)));
  const first = h("input", { type: "text", inputmode: "numeric", value: "1", autocomplete: "off" });
  const last = h("input", { type: "text", inputmode: "numeric", value: "32", autocomplete: "off" });
  const progress = h("div", { "aria-live": "polite" });
  const result = h("div", {});
  const tested = h("div", { "aria-live": "polite" });
  let timer = null;
  let shown = "";
  const cancel = h("button", { type: "button", onclick: async () => { show(await post("/api/scan/cancel")); } }, "Cancel the scan");
  function show(now) {
    cancel.hidden = !now.running;
    fill(progress, now.of > 0 && h("p", {}, now.running ? `Asked ${now.asked} of ${now.of} addresses; the meters of this bus are read between.` : `${now.asked} of ${now.of} addresses were asked, ${now.found.length} answered.`));
    const key = JSON.stringify(now.found);
    if (key !== shown) {
      shown = key;
      fill(result, now.found.map((one) => h("div", {}, h("p", {}, h("strong", {}, `Address ${one.address}: `), one.fits.length > 0 ? one.fits.join(", ") : "answers, and no known profile fits"),
        one.fits.length > 0 && h("div", { class: "row" }, testButton(`Read address ${one.address} now`, { bus: now.bus, address: one.address, profile: one.fits[0] }, tested),
          propose && h("button", { type: "button", onclick: () => propose(now.bus, one.address, one.fits[0]) }, `Add address ${one.address}`)))));
    }
    clearTimeout(timer);
    if (now.running) timer = setTimeout(() => get("/api/scan").then(show, () => {}), 1000);
  }
  show(state);
  const own = h("div", { "aria-live": "polite" });
  return { element: h("div", {},
    h("section", { class: "card" }, h("h2", {}, "Read one now"), h("div", { class: "row" }, state.buses.flatMap((one, i) => one.meters.map((meter) => testButton(`Read ${meter.name}`, { bus: i, address: meter.address }, own)))), own),
    h("section", { class: "card" }, h("h2", {}, "Look for meters"), form([field("Bus", bus), field("First address", first), field("Last address", last, "1 to 247. Each address that does not answer takes half a second.")],
      "Scan the bus", async () => {
        show(await post("/api/scan/start", { bus: bus.value, first: first.value.trim(), last: last.value.trim() }));
        return null;
      }), progress, h("div", { class: "row" }, cancel), result, tested)), end: () => clearTimeout(timer) };
}

export function metersView() {
  const list = h("div", {});
  let shown = "";
  let cards = null;
  const scan = h("div", {});
  const note = h("p", { class: "small quiet" });
  let timer = null;
  const load = () => get("/api/scan").then((state) => {
    cards?.end();
    const changes = state.own ? changeCards(state, () => { timer = setTimeout(load, 6000); }) : null;
    cards = scanCards(state, changes?.propose);
    fill(note, state.own ? "" : "Buses and meters are declared in the configuration file under [[bus]] and [[bus.meter]]; a change needs a restart.");
    fill(scan, cards.element, changes?.element);
  }, (error) => fill(scan, notice("bad", error.message, error.hint)));
  if (isAdmin()) load();
  return { title: "Configure Meters", end: () => { clearTimeout(timer); cards?.end(); }, element: h("div", {},
    h("section", { class: "card" }, h("h2", {}, "Meters on the buses"), list, note), scan),
  live(values) {
    const key = values.meters.map((meter) => [meter.name, meter.model, meter.trouble].join()).join();
    if (key === shown) return;
    shown = key;
    fill(list, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Meters" }, h("table", {},
      h("thead", {}, h("tr", {}, ["Name", "Model", "State"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, values.meters.map((meter) => h("tr", {}, h("th", { scope: "row" }, meter.name), h("td", {}, meter.model),
        h("td", { class: meter.trouble ? "trouble" : "state-good" }, meter.trouble || "answers")))))));
  } };
}
