// A wrong pin is shown with reason and remedy, and mended with one button; a learned fingerprint is confirmed.

import { accessible, check, go, logIn, noSidewaysScrolling, picture, run } from "./harness.mjs";

async function command(page, line) {
  await go(page, "Console");
  await page.getByLabel("Command").fill(line);
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText(`> ${line}`).waitFor();
  await go(page, "Main");
}

await run([], async ({ open }) => {
  const page = await open();
  await logIn(page);
  await page.getByRole("heading", { name: "Sealed" }).waitFor();

  // A renewal with a new key would be refused, and the page says what follows it.
  await page.getByRole("heading", { level: 3, name: "The next renewal" }).waitFor();
  await page.getByRole("button", { name: "Follow renewals by the same authority" }).click();

  await go(page, "Configure TLS");
  await page.getByText("renewals by the same CA are followed, with any key").waitFor();
  check((await page.getByRole("button", { name: "Follow renewals" }).count()) === 0, "what is done is not proposed");
  await go(page, "Main");

  await command(page, "Seal refused");
  await page.getByRole("heading", { name: "Broken: the broker was refused" }).waitFor();
  await page.getByText("trust_pin_mismatch").waitFor();
  await accessible(page, "a broken seal");
  await picture(page, "seal-broken-desktop");
  const phone = await open(390, 844);
  await logIn(phone);
  await phone.getByRole("heading", { name: "Broken: the broker was refused" }).waitFor();
  await noSidewaysScrolling(phone, "a broken seal on a phone");
  await picture(phone, "seal-broken-phone");
  await phone.getByRole("button", { name: "Compare and mend" }).click();
  await noSidewaysScrolling(phone, "the question on a phone");
  await phone.getByRole("button", { name: "Cancel" }).click();
  await go(phone, "Configure TLS");
  await phone.getByLabel("Broker", { exact: true }).fill("broker.example.com:8883");
  await phone.getByRole("button", { name: "Test the connection" }).click();
  await phone.getByText("only if it is MqttFingerprint1").waitFor();
  await noSidewaysScrolling(phone, "the doctor's list on a phone");
  await picture(phone, "tls-test-phone");
  await phone.context().close();
  await page.getByRole("button", { name: "Compare and mend" }).click();
  await page.getByRole("dialog").getByText("3B:1C:9F").waitFor();
  await accessible(page, "the question");
  await page.getByRole("button", { name: "Cancel" }).click();
  check((await page.getByRole("heading", { name: "Broken" }).count()) === 1, "who cancels changes nothing");
  await page.getByRole("button", { name: "Compare and mend" }).click();
  await page.getByRole("button", { name: "It is the same, set it" }).click();
  await page.getByRole("heading", { name: "Sealed" }).waitFor();

  await command(page, "Seal learned");
  await page.getByRole("button", { name: "Compare and confirm" }).click();
  await page.getByRole("button", { name: "It is the same, confirm" }).click();
  await page.getByRole("heading", { name: "Sealed" }).waitFor();

  await go(page, "Configure TLS");
  await page.getByText("Those of this system").waitFor();
  const pem = (text) => ({ name: "ca.pem", mimeType: "application/x-pem-file", buffer: Buffer.from(text) });
  await page.getByLabel("Certificates of authorities").setInputFiles(pem("a letter"));
  await page.getByRole("button", { name: "Look at the file" }).click();
  await page.getByText("holds no certificate in PEM").waitFor();
  await page.getByLabel("Certificates of authorities").setInputFiles(pem("-----BEGIN CERTIFICATE-----\nstranger"));
  await page.getByRole("button", { name: "Look at the file" }).click();
  await page.getByText("CN = Site <CA>").waitFor();
  await page.getByRole("button", { name: "Trust these authorities" }).click();
  await page.getByText("Nothing was kept").waitFor();
  await accessible(page, "authorities that fail");
  await page.getByRole("button", { name: "Keep anyway" }).click();
  await page.getByText("which were uploaded here").waitFor();
  await accessible(page, "authorities");
  await page.getByRole("button", { name: "Remove them" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove them" }).click();
  await page.getByText("Those of this system").waitFor();
  await page.getByRole("button", { name: "Fetch and compare" }).click();
  await page.getByText("It is the one of slot 1.").waitFor();
  await picture(page, "configure-tls-fetched-desktop");
  await page.getByRole("button", { name: "Test the connection" }).click();
  await page.getByText("refused").waitFor();
  check(page.faults.length === 0, `faults of the page: ${page.faults.join("; ")}`);
});
