// Configure Web Admin: passwords, users, tokens. Every change is confirmed with one's own password.

import { field, fill, form, h, notice } from "./dom.js";
import { get, isAdmin, post, session } from "./api.js";

const secret = (complete) => h("input", { type: "password", autocomplete: complete });
const role = () => h("select", {}, h("option", { value: "viewer" }, "viewer: sees everything, changes nothing"), h("option", { value: "admin" }, "admin"));

function passwordCard() {
  const own = secret("current-password");
  const first = secret("new-password");
  const again = secret("new-password");
  return h("section", { class: "card" }, h("h2", {}, "Your password"), form([
    h("input", { type: "text", value: session.user, autocomplete: "username", hidden: true, readOnly: true, "aria-hidden": "true" }),
    field("Present password", own), field("New password", first, "12 characters or more, nothing that can be guessed."), field("New password again", again)],
  "Change password", async () => {
    if (first.value !== again.value) return notice("bad", "The two new passwords differ.");
    await post("/api/password", { own: own.value, password: first.value });
    for (const input of [own, first, again]) input.value = "";
    return notice("good", "Changed. Your other sessions have ended.");
  }));
}

function table(title, items, remove) {
  if (items.length === 0) return h("p", { class: "quiet" }, "None.");
  return h("table", {}, h("caption", { class: "hidden-text" }, title),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Name"), h("th", { scope: "col" }, "Role"), h("th", { scope: "col" }, h("span", { class: "hidden-text" }, "Action")))),
    h("tbody", {}, items.map((item) => h("tr", {}, h("th", { scope: "row" }, item.name), h("td", {}, item.role),
      h("td", { class: "number" }, h("button", { type: "button", "aria-label": `Remove ${item.name}`, onclick: () => remove(item.name) }, "Remove"))))));
}

function adminCards(access) {
  const own = secret("current-password");
  const outcome = h("div", { "aria-live": "polite" });
  const users = h("div", {});
  const tokens = h("div", {});
  const change = async (path, fields, said) => {
    try {
      const answer = await post(path, { ...fields, own: own.value });
      if (answer.users) show(answer);
      fill(outcome, notice("good", said));
      return answer;
    } catch (error) {
      fill(outcome, notice("bad", error.message, error.hint));
      own.focus();
      throw error;
    }
  };
  const remove = (path) => (name) => change(path, { name }, `${name} is removed.`).catch(() => {});
  function show(now) {
    fill(users, table("Users", now.users, remove("/api/access/user/remove")));
    fill(tokens, table("Tokens", now.tokens, remove("/api/access/token/remove")));
  }
  show(access);

  const name = h("input", { type: "text", autocomplete: "off", autocapitalize: "off" });
  const password = secret("new-password");
  const userRole = role();
  const tokenName = h("input", { type: "text", autocomplete: "off", autocapitalize: "off" });
  const tokenRole = role();
  const fresh = h("div", { "aria-live": "polite" });
  return h("div", {},
    h("section", { class: "card" }, h("h2", {}, "Confirm changes"), field("Your own password", own, "Needed for every change below."), outcome),
    h("section", { class: "card" }, h("h2", {}, "Users"), users, h("h3", {}, "Add a user, or give one another password or role"),
      form([field("Name", name), field("Password", password), field("Role", userRole)], "Save user", async () => {
        await change("/api/access/user", { name: name.value, password: password.value, role: userRole.value }, `${name.value} is saved.`);
        name.value = password.value = "";
        return null;
      })),
    h("section", { class: "card" }, h("h2", {}, "Tokens for programs"),
      h("p", { class: "quiet" }, "For /cm and /metrics: Authorization: Bearer TOKEN. A token is shown once and can be taken back at any time."), tokens,
      form([field("Name of the program", tokenName), field("Role", tokenRole)], "Make a token", async () => {
        const made = await change("/api/access/token", { name: tokenName.value, role: tokenRole.value }, "The token is made.");
        fill(fresh, notice("warn", "Copy it now, it is not shown again:"), h("code", { class: "fingerprint", id: "token" }, made.token));
        tokenName.value = "";
        show(await get("/api/access"));
        return null;
      }), fresh));
}

export function accessView() {
  const rest = h("div", {});
  if (isAdmin()) get("/api/access").then((access) => fill(rest, adminCards(access)), (error) => fill(rest, notice("bad", error.message, error.hint)));
  return { title: "Configure Web Admin", element: h("div", {}, passwordCard(), rest) };
}
