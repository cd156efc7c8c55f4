// Backup and Restore by an administrator, and a set-up from a backup.

import { readFileSync } from "node:fs";
import { accessible, ADMIN, check, go, logIn, noSidewaysScrolling, picture, run } from "./harness.mjs";

await run([], async ({ open }) => {
  const page = await open(390, 844);
  await logIn(page);
  await go(page, "Backup/Restore");
  await accessible(page, "backup");
  await noSidewaysScrolling(page, "backup");

  const makes = page.getByRole("button", { name: "Make a backup" });
  const own = page.getByLabel("Your own password");
  await page.getByLabel("Passphrase", { exact: true }).fill("five green glass marbles");
  await page.getByLabel("Passphrase again").fill("five green glass");
  await makes.click();
  await page.getByText("The two passphrases differ.").waitFor();
  await page.getByLabel("Passphrase again").fill("five green glass marbles");
  await own.first().fill(ADMIN[1]);
  const download = page.waitForEvent("download");
  await makes.click();
  check(/^emon_1-\d{4}-\d\d-\d\d\.backup$/.test((await download).suggestedFilename()), "the file is named after the device");
  const file = await (await download).path();
  await page.getByText("The backup is made.").waitFor();
  const bytes = readFileSync(file);
  check(bytes.at(-1) === 0xff, "the file comes as the device made it, byte for byte");
  check((await page.getByLabel("Passphrase", { exact: true }).inputValue()) === "", "the passphrase does not stay");

  const looks = page.getByRole("button", { name: "Look at it" });
  await looks.click();
  await page.getByText("Which file?").waitFor();
  await page.getByLabel("File of a backup").setInputFiles({ name: "a.backup", mimeType: "application/octet-stream", buffer: bytes });
  await page.getByLabel("Its passphrase").fill("not this one");
  await own.last().fill(ADMIN[1]);
  await looks.click();
  await page.getByText("does not open this file").waitFor();
  await page.getByLabel("Its passphrase").fill("five green glass marbles");
  await looks.click();
  await page.getByText("What is in it").waitFor();
  await page.getByText("broker.example.com:8883").waitFor();
  await accessible(page, "a backup that is looked at");
  await noSidewaysScrolling(page, "a backup that is looked at");
  await picture(page, "backup-looked-at-phone");
  await page.getByRole("button", { name: "Restore this backup" }).click();
  await page.getByText("The device restarts.").waitFor();
  check(page.faults.length === 0, `faults of the page: ${page.faults.join("; ")}`);
});

await run(["--setup"], async ({ open, code }) => {
  const page = await open(390, 844);
  await page.getByLabel("Set-up code").fill(code);
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByText("Restore a backup of this or another device instead").click();
  await accessible(page, "a set-up from a backup");
  await page.getByLabel("File of a backup").setInputFiles({ name: "a.backup", mimeType: "application/octet-stream", buffer: Buffer.from("sealed with p\n") });
  await page.getByLabel("Its passphrase").fill("p");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByRole("button", { name: "Restore this backup" }).click();
  await page.getByText("Done. The device starts with its new settings").waitFor();
  check(page.faults.length === 0, `faults of the page: ${page.faults.join("; ")}`);
});
