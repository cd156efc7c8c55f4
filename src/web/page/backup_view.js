// Backup/Restore. The file is sealed by the device before it comes here; the passphrase is asked for each time.

import { field, fill, form, h, notice, pairs } from "./dom.js";
import { download, get, postFormAndFile } from "./api.js";

const secret = (complete) => h("input", { type: "password", autocomplete: complete });

function backupCard() {
  const passphrase = secret("new-password");
  const again = secret("new-password");
  const own = secret("current-password");
  return h("section", { class: "card" }, h("h2", {}, "Backup"),
    h("p", {}, "One file with the settings, passwords, certificates, users and energy totals of this device. Only the passphrase opens it, and nobody can recover that: keep both, apart from each other."),
    form([field("Passphrase", passphrase, "12 characters or more, nothing that can be guessed."), field("Passphrase again", again), field("Your own password", own)],
      "Make a backup", async () => {
        if (passphrase.value !== again.value) return notice("bad", "The two passphrases differ.");
        const file = await download("/api/backup", { passphrase: passphrase.value, own: own.value });
        for (const input of [passphrase, again, own]) input.value = "";
        const { facts } = await get("/api/facts").catch(() => ({ facts: [] }));
        const topic = facts.find((fact) => fact.name === "Topic")?.value ?? "meterseal";
        const link = h("a", { href: URL.createObjectURL(file), download: `${topic.replaceAll(/[^\w.-]+/g, "_")}-${new Date().toISOString().slice(0, 10)}.backup` });
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60000);
        return notice("good", "The backup is made.", `${link.download}, ${file.size} bytes. What is not in it: readings that wait for the broker, plots, events, and files that a person has declared.`);
      }));
}

/** A form that looks into a backup first. Without `own` nobody is logged in yet. */
export function restoreForm(path, own, restored) {
  const file = h("input", { type: "file" });
  const passphrase = secret("off");
  const seen = h("div", { "aria-live": "polite" });
  const send = (step) => postFormAndFile(path, { step, passphrase: passphrase.value, own: own?.value ?? "" }, file.files[0]);
  const keep = h("button", { type: "button", class: "danger", onclick: async () => {
    keep.disabled = true;
    try {
      await send("keep");
      restored(seen);
    } catch (error) {
      fill(seen, notice("bad", error.message, error.hint));
    }
    keep.disabled = false;
  } }, "Restore this backup");
  const forget = () => fill(seen);
  file.addEventListener("change", forget);
  passphrase.addEventListener("input", forget);
  return h("div", {}, form([field("File of a backup", file), field("Its passphrase", passphrase), own && field("Your own password", own)], "Look at it", async () => {
    fill(seen);
    if (!file.files[0]) return notice("bad", "Which file?");
    if (file.files[0].size > 61440 + 128) return notice("bad", "This file is too large for a backup.", "Choose a file that Backup has made.");
    const found = await send("look");
    fill(seen, h("h3", {}, "What is in it"), pairs([["Device", found.device], ["Made", found.made ? new Date(found.made * 1000).toLocaleString() : "at a time that the device did not know"],
      ["Version", found.version], ["Brokers", found.brokers.join(", ") || "none"], ["Meters", found.meters.join(", ")], ["Users", found.users.join(", ")], ["Tokens", found.tokens.join(", ")]]),
    notice("warn", "Restoring replaces the settings, trust and users of this device, and restarts it.", "Readings that wait are kept, and so are energy totals of meters that this device has counted already. Never run two devices from one backup: they would take each other's place at the broker."),
    h("div", { class: "row" }, keep));
    return null;
  }), seen);
}

export function backupView() {
  const place = h("section", { class: "card" }, h("h2", {}, "Restore"),
    restoreForm("/api/restore", secret("current-password"), (seen) => {
      fill(seen, notice("good", "Restored. The device restarts.", "Log in with a user of the backup in a few seconds."));
      setTimeout(() => location.reload(), 5000);
    }));
  return { title: "Backup/Restore", element: h("div", {}, backupCard(), place) };
}
