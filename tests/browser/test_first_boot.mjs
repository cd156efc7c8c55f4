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

  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("Which meter?").waitFor();
  await page.getByLabel("Meter", { exact: true }).selectOption("sdm630");
  await page.getByLabel("Address").fill("300");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("a number from 1 to 247").waitFor();
  await page.getByLabel("Address").fill("1");
  await page.getByLabel("Port", { exact: true }).selectOption("");
  await page.getByRole("button", { name: "Read it now" }).click();
  await page.getByText("Which port?").waitFor();
  await page.getByLabel("Port", { exact: true }).selectOption("/dev/serial/by-id/usb-A");
  await page.getByRole("button", { name: "Read it now" }).click();
  await page.getByText("voltage_l1: 231.4 V").waitFor();
  await accessible(page, "the meter");
  await noSidewaysScrolling(page, "the meter");
  await picture(page, "setup-2-meter-phone");
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByRole("heading", { level: 2, name: "Broker" }).waitFor();
  check((await page.getByLabel("Password").inputValue()).length === 24, "a password is proposed");
  const proposed = await page.getByLabel("Topic").inputValue();
  await page.getByLabel("Topic").fill("my house");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("This is no topic.").waitFor();
  await page.getByLabel("Topic").fill(proposed);
  await page.getByLabel("Broker").fill("mqtt://broker.example.com");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("This is no broker.").waitFor();
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
  await page.getByRole("button", { name: "Back" }).click();
  const password = await page.getByLabel("Password").inputValue();
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Next" }).click();
  check(await page.getByLabel("I have compared").isChecked(), "what was compared is not lost by going back");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("the broker does not take user or password").waitFor();
  await page.getByRole("button", { name: "Go on anyway" }).waitFor();
  await accessible(page, "a login that fails");
  await noSidewaysScrolling(page, "a login that fails");
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByLabel("Password").fill(password);
  await page.getByLabel("Broker").fill("other.example.com:8883");
  await page.getByRole("button", { name: "Next" }).click();
  check(!await page.getByLabel("I have compared").isVisible(), "another broker was not compared");
  await page.getByRole("button", { name: "Fetch the fingerprint" }).click();
  await page.getByLabel("I have compared").check();
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
