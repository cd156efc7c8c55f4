// The walk of the first boot, from the code in the journal to the login page, on a phone.

import { accessible, check, noSidewaysScrolling, picture, run } from "./harness.mjs";

await run(["--setup"], async ({ open, code }) => {
  const page = await open(390, 844);
  await page.getByLabel("Set-up code").waitFor();
  await accessible(page, "the code");
  await picture(page, "setup-1-code-phone");
  await page.getByLabel("Set-up code").fill("AAAAA-AAAAA-AAAAA-AAAAA");
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByRole("alert").waitFor();
  const heading = page.getByRole("heading", { level: 2, name: "Meter" });
  for (const end = Date.now() + 20000; ;) {
    await page.getByLabel("Set-up code").fill(code.toLowerCase().replaceAll("-", " "));
    await page.getByRole("button", { name: "Begin" }).click();
    if (await heading.waitFor({ timeout: 1500 }).then(() => true, () => false)) break;
    check(Date.now() < end, "the code lets in when the pause is over");
  }

  await page.getByLabel("Meter", { exact: true }).selectOption("sdm630");
  await page.getByRole("button", { name: "Read it now" }).click();
  await page.getByText("voltage_l1: 231.4 V").waitFor();
  await accessible(page, "the meter");
  await noSidewaysScrolling(page, "the meter");
  await picture(page, "setup-2-meter-phone");
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByRole("heading", { level: 2, name: "Broker" }).waitFor();
  check((await page.getByLabel("Password").inputValue()).length === 24, "a password is proposed");
  await page.getByLabel("Broker").fill("broker.example.com:8883");
  await page.getByLabel("User").fill("emon_1");
  await accessible(page, "the broker");
  await picture(page, "setup-3-broker-phone");
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByRole("heading", { level: 2, name: "Trust" }).waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("Fetch the fingerprint and compare it first.").waitFor();
  await page.getByRole("button", { name: "Fetch the fingerprint" }).click();
  await page.getByLabel("I have compared").check();
  check(await page.getByLabel("Follow renewals by the same authority").isChecked(), "what verifies is proposed");
  await accessible(page, "trust");
  await noSidewaysScrolling(page, "trust");
  await picture(page, "setup-4-trust-phone");
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByRole("heading", { level: 2, name: "Administrator" }).waitFor();
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByLabel("Password again").fill("short");
  await page.getByRole("button", { name: "Finish" }).click();
  await page.getByText("is shorter than 12 characters").waitFor();
  await page.getByLabel("Password", { exact: true }).fill("nine round river stones");
  await page.getByLabel("Password again").fill("nine round river stones");
  await picture(page, "setup-5-administrator-phone");
  await page.getByRole("button", { name: "Finish" }).click();
  await page.getByText("Done.").waitFor();
  check(page.faults.length === 0, `faults of the page: ${page.faults.join("; ")}`);
});
