// A wrong password waits longer each time, a session that ends shows the login, and nothing is shown before it.

import { check, logIn, run } from "./harness.mjs";

await run([], async ({ open, url }) => {
  const page = await open();
  await page.getByLabel("User").fill("admin");
  for (let i = 0; i < 2; ++i) {
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").waitFor();
  }
  await page.getByText("too many failed logins").waitFor();
  check((await page.context().cookies()).length === 0, "no cookie for a failed login");
  const text = await page.locator("body").innerText();
  check(!text.includes("House") && !text.includes("0.1.0"), "a stranger sees neither the name nor the version");

  // The pause is one second; a person tries until it is over.
  for (const end = Date.now() + 20000; ;) {
    await page.getByLabel("Password").fill("three old copper pots");
    await page.getByRole("button", { name: "Log in" }).click();
    if (await page.getByRole("heading", { level: 1, name: "Main" }).waitFor({ timeout: 1500 }).then(() => true, () => false)) break;
    check(Date.now() < end, "the owner gets in when the pause is over");
  }
  const [cookie] = await page.context().cookies();
  check(cookie.name === "__Host-meterseal" && cookie.secure && cookie.httpOnly && cookie.sameSite === "Strict", "the cookie's bounds");

  await page.context().clearCookies();
  await page.reload();
  await page.getByRole("button", { name: "Log in" }).waitFor();
  await logIn(page);
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Main" }).waitFor();

  const frames = await page.evaluate(async (address) => {
    const frame = document.createElement("iframe");
    frame.src = address;
    document.body.append(frame);
    await new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 2000); });
    return frame.contentDocument?.body?.innerText ?? "";
  }, url).catch(() => "");
  check(!frames.includes("Main"), "the page lets itself not be framed");
});
