// The frame: who is logged in, which page is shown, live values.

import { field, fill, form, h } from "./dom.js";
import { get, isAdmin, post, session, whenSessionEnds } from "./api.js";
import { mainView } from "./main_view.js";
import { deviceView, metersView, mqttView, tlsView } from "./config_views.js";
import { accessView } from "./access_view.js";
import { backupView } from "./backup_view.js";
import { consoleView, helpView, informationView, logView } from "./other_views.js";
import { setupView } from "./setup_view.js";

const frame = document.getElementById("frame");
const kPages = [
  { name: "main", label: "Main", view: mainView },
  { group: "Configuration" },
  { name: "mqtt", label: "Configure MQTT", view: mqttView, admin: true },
  { name: "tls", label: "Configure TLS", view: tlsView, admin: true },
  { name: "meters", label: "Configure Meters", view: metersView },
  { name: "device", label: "Configure Device", view: deviceView, admin: true },
  { name: "web", label: "Configure Web Admin", view: accessView },
  { name: "backup", label: "Backup/Restore", view: backupView, admin: true },
  { group: "Device" },
  { name: "information", label: "Information", view: informationView },
  { name: "console", label: "Console", view: consoleView, admin: true },
  { name: "log", label: "Log and events", view: logView },
  { name: "help", label: "Help", view: helpView },
];

let stream = null;
let view = null;
let latest = null;

function brand(name) {
  return h("div", { class: "brand" }, h("img", { src: "/icon.svg", alt: "" }), h("span", {}, name));
}

function stop() {
  if (stream) stream.close();
  if (view?.end) view.end();
  stream = view = latest = null;
  window.onhashchange = null;
}

function alone(title, content, roomy) {
  stop();
  document.title = `${title} – Meterseal`;
  fill(frame, h("main", { class: roomy ? "alone roomy" : "alone", id: "content" }, brand("Meterseal"), h("h1", {}, title), content));
}

function showLogin() {
  const user = h("input", { type: "text", name: "user", autocomplete: "username", autocapitalize: "off", spellcheck: "false" });
  const password = h("input", { type: "password", name: "password", autocomplete: "current-password" });
  alone("Log in", h("section", { class: "card" }, form([field("User", user), field("Password", password)], "Log in", async () => {
    Object.assign(session, await post("/api/login", { user: user.value, password: password.value }));
    showApp();
    return null;
  })));
  user.focus();
}

function showApp() {
  const pages = kPages.filter((page) => !page.admin || isAdmin());
  const title = h("h1", { tabindex: "-1" });
  const content = h("div", {});
  const name = h("span", {}, "Meterseal");
  const side = h("header", { class: "side" });
  const close = () => {
    side.classList.remove("open");
    menu.setAttribute("aria-expanded", "false");
  };
  const links = pages.map((page) => page.group ? h("li", { class: "group" }, page.group)
    : h("li", {}, h("a", { href: `#${page.name}`, id: `to-${page.name}`, onclick: close }, page.label)));
  const menu = h("button", { class: "menu-button", "aria-expanded": "false", "aria-controls": "menu", onclick: () => {
    const open = side.classList.toggle("open");
    menu.setAttribute("aria-expanded", String(open));
  } }, "Menu");
  fill(side, h("div", { class: "top" }, h("div", { class: "brand" }, h("img", { src: "/icon.svg", alt: "" }), name), menu),
    h("nav", { "aria-label": "Pages", id: "menu" }, h("ul", {}, links)),
    h("div", { class: "leave" }, h("span", { class: "small quiet" }, `Logged in as ${session.user} (${session.role})`), h("button", { onclick: leave }, "Log out")));
  stop();
  fill(frame, h("div", { class: "app" }, side, h("main", { id: "content" }, title, content)));

  function show() {
    const page = pages.find((one) => one.name === location.hash.slice(1)) ?? pages[0];
    if (view?.end) view.end();
    view = page.view();
    title.textContent = view.title;
    document.title = `${view.title} – Meterseal`;
    fill(content, view.element);
    for (const link of side.querySelectorAll("nav a")) {
      if (link.id === `to-${page.name}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    close();
    if (latest && view.live) view.live(latest);
    title.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  stream = new EventSource("/api/events");
  stream.onmessage = (event) => {
    latest = JSON.parse(event.data);
    name.textContent = latest.name;
    if (view?.live) view.live(latest);
  };
  // It may be the network, which comes back by itself, or the session, which does not.
  stream.onerror = () => { get("/api/session").then((now) => { if (now.mode !== "session") begin(); }, () => {}); };
  window.onhashchange = show;
  show();
}

async function leave() {
  await post("/api/logout").catch(() => {});
  // Who logs in next begins at the beginning.
  history.replaceState(null, "", "/");
  begin();
}

async function begin() {
  let now;
  try {
    now = await get("/api/session");
  } catch (error) {
    alone("No connection", h("section", { class: "card" }, h("p", {}, error.message), h("p", { class: "quiet" }, error.hint),
      h("button", { class: "first", onclick: begin }, "Try again")));
    return;
  }
  Object.assign(session, { user: "", role: "viewer", csrf: "" }, now);
  if (now.mode === "session") showApp();
  else if (now.mode === "login") showLogin();
  else alone("Set up this device", setupView(begin), true);
}

whenSessionEnds(() => { session.mode = "login"; begin(); });
begin();
