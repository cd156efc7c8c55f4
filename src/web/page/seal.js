// The seal: is the way to the broker sealed, and if not, why and what mends it.

import { ask, fill, fingerprint, h, notice, pairs, svg } from "./dom.js";
import { isAdmin, post } from "./api.js";

const kStates = {
  sealed: { look: "good", title: "Sealed" },
  plaintext: { look: "bad", title: "Not sealed: plaintext" },
  learned: { look: "warn", title: "Waiting for your confirmation" },
  refused: { look: "bad", title: "Broken: the broker was refused" },
  offline: { look: "warn", title: "No connection to the broker" },
};
const kModes = { fingerprint: "its fingerprint", ca: "a certificate authority", "ca+fingerprint": "authority and fingerprint", off: "nothing" };

function picture(look) {
  const marks = { good: "m11.5 19.5 3 3 6-6.5", bad: "M18 9l-3.5 6.5 4 2.5-4.5 5 2 5", warn: "M16 13v7M16 23.4v.4" };
  const wire = look === "bad" ? "M11 1v8M21 1v4M21.5 7.5 23 9" : "M11 1v9M21 1v9";
  return svg("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" },
    svg("path", { class: "wire", d: wire }), svg("circle", { class: "body", cx: 16, cy: 19, r: 11 }),
    svg("circle", { class: "ring", cx: 16, cy: 19, r: 8 }), svg("path", { class: "mark", d: marks[look] }));
}

function expiry(seconds) {
  if (!seconds) return "";
  const days = Math.floor((seconds * 1000 - Date.now()) / 86400000);
  const date = new Date(seconds * 1000).toLocaleDateString(undefined, { dateStyle: "medium" });
  return days < 0 ? `${date}, ended ${-days} days ago` : `${date}, in ${days} days`;
}

/** What a console line answered: the reason when it was refused. */
export function refusalOf(replies) {
  const refused = replies.find((reply) => reply.Command === "Error" || reply.Command === "Unknown");
  if (!refused) return "";
  return refused.Reason || `The device does not know ${refused.Input}`;
}

/** What the next renewal will do: the fate, how to prepare, and the line that does so. */
function renewalPart(seal, outcome) {
  if (!seal.renewal) return null;
  const follow = async () => {
    try {
      const { replies } = await post("/api/console", { line: seal.renewalLine });
      const reason = refusalOf(replies);
      fill(outcome, reason ? notice("bad", reason) : notice("good", "Done. Renewals by the same authority are followed from now on."));
    } catch (error) {
      fill(outcome, notice("bad", error.message, error.hint));
    }
  };
  return h("div", { class: "renewal" }, h("h3", {}, "The next renewal"), h("p", {}, seal.renewal), seal.renewalHint && h("p", {}, h("strong", {}, seal.renewalLine ? "Proposed: " : "To prepare: "), seal.renewalHint),
    seal.renewalLine && isAdmin() && h("div", { class: "row" }, h("button", { onclick: follow }, "Follow renewals by the same authority")));
}

async function mend(seal, outcome) {
  const isLearned = seal.state === "learned";
  const agreed = await ask(isLearned ? "Confirm this fingerprint" : "Trust this fingerprint",
    [h("p", {}, "Compare it with the one of the broker's own certificate, on the broker itself:"), fingerprint(seal.served),
      h("p", { class: "small mono" }, "openssl x509 -noout -fingerprint -sha256 -in broker.crt"),
      h("p", {}, isLearned ? "Confirm only when every pair is the same." :
        "If it differs, somebody may stand between this device and the broker: then change nothing.")],
    isLearned ? "It is the same, confirm" : "It is the same, set it");
  if (!agreed) return;
  try {
    const { replies } = await post("/api/console", { line: seal.remedyLine });
    const reason = refusalOf(replies);
    fill(outcome, reason ? notice("bad", reason) : notice("good", "Done. The device connects again within seconds."));
  } catch (error) {
    fill(outcome, notice("bad", error.message, error.hint));
  }
}

/** A card that follows live values. */
export function sealCard({ withRenewal } = {}) {
  const card = h("section", { class: "card seal", "aria-live": "polite" });
  let shown = "";
  return { element: card, show(seal, waiting) {
    // Only what changed is drawn again: a button under the finger stays, a screen reader stays quiet.
    // A record or two on their way are no backlog.
    const backlog = waiting > 5;
    const key = JSON.stringify([seal, backlog]);
    if (key === shown) return;
    shown = key;
    const { look, title } = kStates[seal.state] ?? kStates.offline;
    const outcome = h("div", {});
    card.className = `card seal ${look}`;
    fill(card, picture(look), h("h2", {}, title),
      h("div", { class: "facts" },
        seal.reason && h("p", {}, seal.reason),
        seal.remedy && h("p", {}, h("strong", {}, "What to do: "), seal.remedy),
        pairs([["Broker", seal.broker], ["Known by", kModes[seal.mode] ?? seal.mode], ["Believed by", seal.by],
          ["Protocol", [seal.version, seal.suite].filter(Boolean).join(", ")], ["Certificate ends", expiry(seal.expires)],
          ["Served fingerprint", seal.state !== "sealed" && seal.served && h("span", { class: "mono" }, seal.served)],
          ["Waiting", backlog && "readings are kept on the disk until the broker takes them"],
          ["Reason code", seal.code]]),
        // Where all is prepared there is nothing to read on the first page.
        (withRenewal || seal.renewalLine || seal.state === "learned") && renewalPart(seal, outcome),
        seal.remedyLine && isAdmin() && h("div", { class: "row" },
          h("button", { class: "first", onclick: () => mend(seal, outcome) }, seal.state === "learned" ? "Compare and confirm" : "Compare and mend")),
        outcome));
  } };
}
