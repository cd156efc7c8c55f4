// Run by tests/e2e/test_browser.py on the page of the real agent: mending.mjs URL confirm | mending.mjs URL mend PIN
//
// confirm: the learned fingerprint is compared and confirmed. mend: after a renewal with a new key and CA the console
// gets what the page of the device's makers says: MqttFingerprint1 with the new value, then Restart 1.

import { ADMIN, accessible, browse, check, go, logIn, picture } from "./harness.mjs";

const [url, step, pin] = process.argv.slice(2);

const arrives = (place) => place.waitFor({ timeout: 3000 }).then(() => true, () => false);

/** The password of the file is hashed beside the loop, and a restart takes a moment. Who was in is in afterwards. */
async function enter(page) {
  const user = page.getByLabel("User");
  const inside = page.getByRole("heading", { level: 1, name: "Main" });
  for (const end = Date.now() + 60000; ;) {
    await page.goto(url).catch(() => {});
    await arrives(user.or(inside));
    if (await inside.isVisible()) return;
    if (await user.isVisible()) {
      await user.fill(ADMIN[0]);
      await page.getByLabel("Password").fill(ADMIN[1]);
      await page.getByRole("button", { name: "Log in" }).click();
      if (await arrives(inside)) return;
    }
    check(Date.now() < end, "the owner gets in");
  }
}

async function command(page, line, answer) {
  await page.getByLabel("Command").fill(line);
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText(answer).waitFor();
}

await browse(url, async ({ open }) => {
  const page = await open();
  await enter(page);
  if (step === "confirm") {
    await page.getByRole("heading", { name: "Waiting for your confirmation" }).waitFor();
    await accessible(page, "a learned fingerprint");
    await picture(page, "seal-learned-desktop");
    await page.getByRole("button", { name: "Compare and confirm" }).click();
    await page.getByRole("button", { name: "It is the same, confirm" }).click();
    await page.getByRole("heading", { name: "Sealed" }).waitFor();
    return;
  }
  await page.getByRole("heading", { name: "Broken: the broker was refused" }).waitFor({ timeout: 60000 });
  await page.getByText("trust_pin_mismatch").waitFor();
  check((await page.locator(".seal").innerText()).includes(pin), "the served fingerprint is shown");
  await go(page, "Console");
  await command(page, `MqttFingerprint1 ${pin}`, `{"MqttFingerprint1":"${pin}"`);
  await command(page, "Restart 1", '{"Restart":"Restarting"}');
  // The page may have come from the program that was about to end.
  for (const end = Date.now() + 120000, sealed = page.getByRole("heading", { name: "Sealed" }); !await sealed.isVisible();) {
    check(Date.now() < end, "the way is sealed again");
    await enter(page);
    await arrives(sealed);
  }
  await picture(page, "seal-mended-desktop");
  check(page.faults.filter((fault) => !fault.includes("ERR_")).length === 0, `faults of the page: ${page.faults.join("; ")}`);
});
