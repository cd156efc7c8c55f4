// The walk of the first boot: code, meter, broker, trust, administrator. Nothing is kept before the last step.

import { field, fill, form, h, notice } from "./dom.js";
import { get, post, session } from "./api.js";
import { restoreForm } from "./backup_view.js";
import { servedReport } from "./config_views.js";

const kSteps = ["Code", "Meter", "Broker", "Trust", "Administrator"];

export function setupView(done) {
  const place = h("div", {});
  const answers = { baud: "9600", parity: "none", address: "1", mode: "fingerprint", fingerprint: "" };
  let choices = null;

  function show(step, content) {
    fill(place, h("ol", { class: "walk", "aria-label": "Steps" }, kSteps.map((name, i) => h("li", { "aria-current": i === step ? "step" : undefined }, `${i + 1} ${name}`))),
      h("section", { class: "card" }, h("h2", { tabindex: "-1" }, kSteps[step]), content));
    place.querySelector("h2").focus();
  }
  const text = (name, more = {}) => h("input", { type: "text", value: answers[name] ?? "", autocapitalize: "off", autocomplete: "off", spellcheck: "false", ...more, oninput: (event) => { answers[name] = event.target.value.trim(); } });
  const select = (name, options) => {
    answers[name] = answers[name] || options[0]?.[0] || "";
    const element = h("select", { onchange: (event) => { answers[name] = event.target.value; } }, options.map(([value, label]) => h("option", { value }, label)));
    element.value = answers[name];
    return element;
  };
  const back = (to) => h("button", { type: "button", onclick: to }, "Back");

  function codeStep() {
    const code = h("input", { type: "text", class: "mono-field", autocomplete: "off", autocapitalize: "characters", spellcheck: "false" });
    show(0, form([h("p", {}, "This device has not been set up. The code stands in its journal and on its console:"),
      h("p", { class: "mono" }, "journalctl -u meterseal | grep code"), field("Set-up code", code)], "Begin", async () => {
      const answer = await post("/api/setup/open", { code: code.value });
      session.csrf = answer.csrf;
      session.mode = "walk";
      await meterStep();
    }));
  }

  async function meterStep() {
    choices = choices ?? await get("/api/setup/choices");
    answers.topic = answers.topic ?? choices.topic;
    answers.password = answers.password ?? choices.password;
    const ports = choices.ports.map((port) => [port, port.replace("/dev/serial/by-id/", "")]);
    const port = ports.length > 0 ? select("port", [...ports, ["", "a serial server in the network"]]) : text("tcp", { placeholder: "tcp:192.0.2.7:502" });
    const tcp = ports.length > 0 ? field("Serial server", text("tcp", { placeholder: "tcp:192.0.2.7:502 or rtu:192.0.2.7:4001" }), "Only when no port of this device is used.") : null;
    const result = h("div", { "aria-live": "polite" });
    const fields = () => ({ port: answers.port || answers.tcp || "", baud: answers.baud, parity: answers.parity, address: answers.address, profile: answers.profile });
    const tryIt = h("button", { type: "button", onclick: async () => {
      tryIt.disabled = true;
      fill(result, h("p", { class: "quiet" }, "Reading…"));
      try {
        const report = await post("/api/setup/meter", fields());
        fill(result, report.answers ? [notice("good", "It answers:"), h("ul", {}, report.values.map((one) => h("li", {}, `${one.name}: ${one.value}`)))]
          : notice("bad", report.error, report.hint));
      } catch (error) {
        fill(result, notice("bad", error.message, error.hint));
      }
      tryIt.disabled = false;
    } }, "Read it now");
    show(1, form([field(ports.length > 0 ? "Port" : "Serial server", port), tcp,
      field("Meter", select("profile", choices.profiles.map((one) => [one.name, one.title]))),
      field("Address", text("address", { inputmode: "numeric" }), "As set on the meter, 1 to 247."),
      field("Baud rate", select("baud", ["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"].map((one) => [one, one]))),
      field("Parity", select("parity", [["none", "none"], ["even", "even"], ["odd", "odd"]])),
      h("div", { class: "row" }, tryIt), result], "Next", async () => brokerStep()));
    place.append(h("details", { class: "card" }, h("summary", {}, "Restore a backup of this or another device instead"), restoreForm("/api/setup/restore", null, finished)));
  }

  function brokerStep() {
    const shown = text("password", { class: "mono-field" });
    show(2, form([field("Topic", text("topic"), "Name of this device in all its messages."),
      field("Broker", text("broker", { placeholder: "broker.example.com:8883" }), "The name that stands in its certificate."),
      field("User", text("user"), "An account of this device alone."),
      field("Password", shown, "Proposed at random: give it to the broker, or type the one that it has."), h("div", { class: "row" }, back(meterStep))],
    "Next", async () => {
      if (!answers.broker) return notice("bad", "Which broker?", "HOST or HOST:PORT");
      return trustStep();
    }));
  }

  function trustStep() {
    const result = h("div", { "aria-live": "polite" });
    const same = h("input", { type: "checkbox", id: "same" });
    const agree = h("div", { hidden: true }, h("label", { class: "check", for: "same" }, same, "I have compared this fingerprint with the broker's own certificate. It is the same."));
    const follow = h("input", { type: "checkbox", id: "follow", onchange: () => { answers.renewal = follow.checked ? "same-ca" : ""; } });
    const renewal = h("div", { hidden: true }, h("label", { class: "check", for: "follow" }, follow, "Follow renewals by the same authority (proposed, because chain and name verify to one that this device knows)."),
      h("p", { class: "small quiet" }, "Without it a renewal with a new key is refused until a person has compared it, and certbot makes a new key each time."));
    const mode = select("mode", [["fingerprint", "its fingerprint, which I compare now"], ["ca", "a certificate authority that this system knows"]]);
    const look = h("button", { type: "button", onclick: async () => {
      look.disabled = true;
      same.checked = false;
      try {
        const report = await post("/api/setup/fetch", { host: answers.broker });
        answers.fingerprint = report.fingerprint ?? "";
        fill(result, servedReport(report), h("p", { class: "small mono" }, "on the broker: openssl x509 -noout -fingerprint -sha256 -in broker.crt"));
        agree.hidden = !answers.fingerprint;
        follow.checked = report.verifies === "ca";
        renewal.hidden = !follow.checked;
        answers.renewal = follow.checked ? "same-ca" : "";
      } catch (error) {
        fill(result, notice("bad", error.message, error.hint));
      }
      look.disabled = false;
    } }, "Fetch the fingerprint");
    show(3, form([field("The broker is known by", mode), h("div", { class: "row" }, look), result, agree, renewal, h("div", { class: "row" }, back(brokerStep))], "Next", async () => {
      if (answers.mode === "fingerprint" && !(answers.fingerprint && same.checked))
        return notice("bad", "Fetch the fingerprint and compare it first.", "Nothing is sent to a broker that nobody has compared.");
      return adminStep();
    }));
  }

  function finished() {
    fill(place, notice("good", "Done. The device starts with its new settings; then log in."));
    setTimeout(done, 2000);
  }

  function adminStep() {
    answers.admin = answers.admin ?? "admin";
    const first = h("input", { type: "password", autocomplete: "new-password" });
    const again = h("input", { type: "password", autocomplete: "new-password" });
    show(4, form([field("Name", text("admin", { autocomplete: "username" })), field("Password", first, "12 characters or more, nothing that can be guessed."),
      field("Password again", again), h("div", { class: "row" }, back(trustStep))], "Finish", async () => {
      if (first.value !== again.value) return notice("bad", "The two passwords differ.");
      const site = Object.fromEntries(["topic", "baud", "parity", "address", "profile", "broker", "user", "password", "mode", "fingerprint", "renewal", "admin"].map((name) => [name, answers[name] ?? ""]));
      await post("/api/setup/finish", { ...site, port: answers.port || answers.tcp || "", adminPassword: first.value });
      finished();
      return null;
    }));
  }

  if (session.mode === "walk") meterStep();
  else if (session.mode === "code") codeStep();
  else fill(place, notice("bad", "Set-up is closed: out of tries or out of time.", "Start the program again; it then shows a new code."));
  return place;
}
