// A real browser on the page. Each test file is one program: it starts what it needs, and ends with 0 when all holds.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(`${process.env.BROWSER_MODULES}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const ADMIN = ["admin", "three old copper pots"];
export const GUEST = ["guest", "seven small iron nails"];
const kArguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export function check(holds, what) {
  if (!holds) throw new Error(what);
}

/** Starts the page over a device that does not exist, and a browser with an empty profile. */
export async function run(args, test) {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  const server = spawn(process.env.PAGE_SERVER, [join(folder, "state"), ...args]);
  let output = "";
  server.stdout.on("data", (data) => { output += data; });
  try {
    for (const end = Date.now() + 60000; !/listening \d+/.test(output);) {
      check(Date.now() < end && server.exitCode === null, `the server did not start: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const url = `https://127.0.0.1:${/listening (\d+)/.exec(output)[1]}/`;
    await browse(url, (parts) => test({ ...parts, code: /code (\S+)/.exec(output)?.[1] }));
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A browser with an empty profile on a page that is served already. */
export async function browse(url, test) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: kArguments });
  try {
    await test({
      url,
      open: async (width = 1280, height = 900, colorScheme = "light") => {
        const context = await browser.newContext({ viewport: { width, height }, colorScheme, ignoreHTTPSErrors: true });
        context.setDefaultTimeout(30000);
        const page = await context.newPage();
        page.faults = [];
        page.on("pageerror", (error) => page.faults.push(error.message));
        page.on("console", (message) => {
          // A refused login is an answer that the browser, too, calls an error.
          if (message.type() === "error" && !message.text().includes("status of 4")) page.faults.push(message.text());
        });
        await page.goto(url);
        return page;
      },
    });
  } finally {
    await browser.close();
  }
}

export async function logIn(page, [user, password] = ADMIN) {
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { level: 1, name: "Main" }).waitFor();
}

/** Goes to a page of the menu as a person does. */
export async function go(page, label) {
  const menu = page.getByRole("button", { name: "Menu" });
  if (await menu.isVisible()) await menu.click();
  await page.getByRole("link", { name: label, exact: true }).click();
  await page.getByRole("heading", { level: 1, name: label }).waitFor();
}

/** What a screen reader or a person with bad eyes would stumble over. @source WCAG 2.1 A and AA, by axe-core */
export async function accessible(page, where) {
  // Not as a script of the page: its Content-Security-Policy lets in no foreign one.
  await page.evaluate(axe);
  const report = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
  const faults = report.violations.map((fault) => `${fault.id}: ${fault.nodes.map((node) => node.target.join(" ")).join(", ")}`);
  check(faults.length === 0, `${where}: ${faults.join("; ")}`);
}

export async function noSidewaysScrolling(page, where) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(over <= 0, `${where} is ${over} px wider than the screen`);
}

/** Pictures for the documents, when somebody asks for them. */
export async function picture(page, name) {
  if (!process.env.SCREENSHOTS) return;
  mkdirSync(process.env.SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
}
