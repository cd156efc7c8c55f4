// The walk of the first boot: code, meter, broker, trust, administrator. Nothing is kept before the last step.

import { field, fill, form, h, notice } from "./dom.js";
import { get, post, session } from "./api.js";
import { restoreForm } from "./backup_view.js";
import { servedReport, stepsList, unlessAnyway } from "./config_views.js";

const kSteps = ["Code", "Meter", "Broker", "Trust", "Administrator"];

/** What is wrong with the answers of a step, in plain words; empty: nothing. */
function meterFault({ port, profile, address }) {
  if (!port) return ["Which port?", "A serial port such as /dev/ttyAMA0, or tcp:HOST:PORT for a serial server."];
  if (!/^(\/|tcp:.|rtu:.)/.test(port)) return ["This is no port.", "A serial port begins with /dev/, a serial server with tcp: or rtu:, such as tcp:192.0.2.7:502."];
  if (!profile) return ["Which meter?", "Choose its model from the list."];
  if (!/^\d{1,3}$/.test(address) || Number(address) < 1 || Number(address) > 247) return ["The address is a number from 1 to 247.", "It is set on the meter; most come with 1."];
  return null;
}

function brokerFault({ topic, broker }) {
  if (!topic) return ["Which topic?", "Letters and digits, such as house."];
  if (/[\s+#%]/.test(topic) || /^[/$]|\/\/|\/$/.test(topic)) return ["This is no topic.", "Without blanks and without + # %, such as my_house; a / stands between two parts only."];
  if (new TextEncoder().encode(topic).length > 100) return ["The topic is too long.", "100 letters at most."];
  if (!broker) return ["Which broker?", "HOST or HOST:PORT"];
  if (/[\s/]/.test(broker)) return ["This is no broker.", "HOST or HOST:PORT, such as broker.example.com:8883, without mqtt:// in front."];
  return null;
}

export function setupView(done) {
  const place = h("div", {});
  const answers = { baud: "9600", parity: "none", address: "1", mode: "fingerprint", fingerprint: "" };
  let choices = null;
  let fetched = null;
  const site = () => ({ ...Object.fromEntries(["topic", "baud", "parity", "address", "profile", "broker", "user", "password", "mode", "fingerprint", "renewal"].map((name) => [name, answers[name] ?? ""])),
    port: answers.port || answers.tcp || "" });

  function show(step, content) {
    fill(place, h("ol", { class: "walk", "aria-label": "Steps" }, kSteps.map((name, i) => h("li", { "aria-current": i === step ? "step" : undefined }, `${i + 1} ${name}`))),
      h("section", { class: "card" }, h("h2", { tabindex: "-1" }, kSteps[step]), content));
    place.querySelector("h2").focus();
  }
  const text = (name, more = {}) => h("input", { type: "text", value: answers[name] ?? "", autocapitalize: "off", autocomplete: "off", spellcheck: "false", ...more, oninput: (event) => { answers[name] = event.target.value.trim(); } });
  const select = (name, options) => {
    answers[name] = answers[name] ?? options[0]?.[0] ?? "";
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
    const typed = text("tcp", { placeholder: "/dev/ttyAMA0" });
    const port = ports.length > 0
      ? [field("Port", select("port", [...ports, ["", "another one, which is typed"]])), field("Other port", typed, "Only when none of the list is used: /dev/ttyAMA0, or tcp:HOST:PORT for a serial server in the network, rtu:HOST:PORT for a transparent one.")]
      : field("Port", typed, "No serial adapter was found. A port can be typed: /dev/ttyAMA0, or tcp:HOST:PORT for a serial server in the network, rtu:HOST:PORT for a transparent one.");
    const result = h("div", { "aria-live": "polite" });
    const fields = () => ({ port: answers.port || answers.tcp || "", baud: answers.baud, parity: answers.parity, address: answers.address, profile: answers.profile });
    const tryIt = h("button", { type: "button", onclick: async () => {
      const fault = meterFault(fields());
      if (fault) return fill(result, notice("bad", ...fault));
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
      return null;
    } }, "Read it now");
    show(1, form([port,
      field("Meter", select("profile", [["", "choose …"], ...choices.profiles.map((one) => [one.name, one.title])])),
      field("Address", text("address", { inputmode: "numeric" }), "As set on the meter, 1 to 247."),
      field("Baud rate", select("baud", ["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"].map((one) => [one, one]))),
      field("Parity", select("parity", [["none", "none"], ["even", "even"], ["odd", "odd"]])),
      h("div", { class: "row" }, tryIt), result], "Next", async () => {
      const fault = meterFault(fields());
      return fault ? notice("bad", ...fault) : brokerStep();
    }));
    place.append(h("details", { class: "card" }, h("summary", {}, "Restore a backup of this or another device instead"), restoreForm("/api/setup/restore", null, finished)));
  }

  function brokerStep() {
    const shown = text("password", { class: "mono-field" });
    show(2, form([field("Topic", text("topic"), "Name of this device in all its messages."),
      field("Broker", text("broker", { placeholder: "broker.example.com:8883" }), "The name that stands in its certificate."),
      field("User", text("user"), "An account of this device alone."),
      field("Password", shown, "Proposed at random: give it to the broker, or type the one that it has."), h("div", { class: "row" }, back(meterStep))],
    "Next", async () => {
      const fault = brokerFault(answers);
      return fault ? notice("bad", ...fault) : trustStep();
    }));
  }

  function trustStep() {
    const result = h("div", { "aria-live": "polite" });
    const same = h("input", { type: "checkbox", id: "same", onchange: () => { answers.compared = same.checked; } });
    const agree = h("div", { hidden: true }, h("label", { class: "check", for: "same" }, same, "I have compared this fingerprint with the broker's own certificate. It is the same."));
    const follow = h("input", { type: "checkbox", id: "follow", onchange: () => { answers.renewal = follow.checked ? "same-ca" : ""; } });
    const renewal = h("div", { hidden: true }, h("label", { class: "check", for: "follow" }, follow, "Follow renewals by the same authority (proposed, because chain and name verify to one that this device knows)."),
      h("p", { class: "small quiet" }, "Without it a renewal with a new key is refused until a person has compared it, and certbot makes a new key each time."));
    function showFetched() {
      fill(result, servedReport(fetched.report), h("p", { class: "small mono" }, "on the broker: openssl x509 -noout -fingerprint -sha256 -in broker.crt"));
      agree.hidden = !answers.fingerprint;
      renewal.hidden = fetched.report.verifies !== "ca";
      same.checked = answers.compared;
      follow.checked = answers.renewal === "same-ca";
    }
    // Who goes back and comes again has compared it already, unless it was another broker.
    if (fetched?.from === answers.broker) showFetched();
    else Object.assign(answers, { fingerprint: "", compared: false, renewal: "" });
    const mode = select("mode", [["fingerprint", "its fingerprint, which I compare now"], ["ca", "a certificate authority that this system knows"]]);
    const look = h("button", { type: "button", onclick: async () => {
      look.disabled = true;
      same.checked = answers.compared = false;
      try {
        const report = await post("/api/setup/fetch", { host: answers.broker });
        answers.fingerprint = report.fingerprint ?? "";
        answers.renewal = report.verifies === "ca" ? "same-ca" : "";
        fetched = { from: answers.broker, report };
        showFetched();
      } catch (error) {
        fill(result, notice("bad", error.message, error.hint));
      }
      look.disabled = false;
    } }, "Fetch the fingerprint");
    const trying = h("div", { "aria-live": "polite" });
    show(3, form([field("The broker is known by", mode), h("div", { class: "row" }, look), result, agree, renewal, h("div", { class: "row" }, back(brokerStep)), trying], "Next", async () => {
      if (answers.mode === "fingerprint" && !(answers.fingerprint && same.checked))
        return notice("bad", "Fetch the fingerprint and compare it first.", "Nothing is sent to a broker that nobody has compared.");
      fill(trying, h("p", { class: "quiet" }, "Logging in to the broker…"));
      const report = await post("/api/setup/login", site()).finally(() => fill(trying));
      if (report.answers) return adminStep();
      return unlessAnyway(report.steps ? [notice("bad", "With these answers the device would not reach its broker.", "This is how far it came:"), stepsList(report)]
        : notice("bad", report.error, report.hint), async () => adminStep(), "Go on anyway");
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
      await post("/api/setup/finish", { ...site(), admin: answers.admin ?? "", adminPassword: first.value });
      finished();
      return null;
    }));
  }

  if (session.mode === "walk") meterStep();
  else if (session.mode === "code") codeStep();
  else fill(place, notice("bad", "Set-up is closed: out of tries or out of time.", "Start the program again; it then shows a new code."));
  return place;
}
