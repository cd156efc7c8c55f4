// Every page, on a desktop and on a phone, light and dark: shown, drawn, accessible, no wider than the screen.

import { accessible, check, go, GUEST, logIn, noSidewaysScrolling, picture, run } from "./harness.mjs";

const kPages = ["Configure MQTT", "Configure TLS", "Configure Meters", "Configure Web Admin", "Backup/Restore", "Information", "Console", "Log and events", "Help"];
const name = (label) => label.toLowerCase().replaceAll(/[ /]/g, "-");

await run([], async ({ open }) => {
  for (const [kind, width, height, scheme] of [["desktop", 1280, 900, "light"], ["phone", 390, 844, "dark"]]) {
    const page = await open(width, height, scheme);
    await page.getByLabel("User").waitFor();
    await accessible(page, `login on ${kind}`);
    await picture(page, `login-${kind}`);
    await logIn(page);
    await page.locator(".uplot canvas").waitFor();
    check((await page.locator(".meters .card").count()) === 2, "two meters");
    check((await page.locator(".power").first().innerText()).includes("2,078"), "the power of the first meter");
    check((await page.getByText("check wires, address and baud rate").count()) === 1, "the meter that does not answer says why");
    check((await page.getByText("House <1>").count()) > 0, "a name with markup is text");
    for (const [button, slots] of [["Day", 100], ["30 days", 300], ["Hour", 300]]) {
      const answered = page.waitForResponse((response) => response.url().includes("/api/history"));
      await page.getByRole("button", { name: button, exact: true }).click();
      const points = (await (await answered).json()).time.length;
      check(points >= slots, `${button} has ${points} points`);
    }
    await page.locator(".uplot canvas").waitFor();
    await accessible(page, `Main on ${kind}`);
    await noSidewaysScrolling(page, `Main on ${kind}`);
    await picture(page, `main-${kind}`);
    for (const label of kPages) {
      await go(page, label);
      await page.locator("main .card").first().waitFor();
      await page.getByText("Loading…").waitFor({ state: "detached" });
      await accessible(page, `${label} on ${kind}`);
      await noSidewaysScrolling(page, `${label} on ${kind}`);
      await picture(page, `${name(label)}-${kind}`);
    }
    check(page.faults.length === 0, `faults of the page: ${page.faults.join("; ")}`);
    await page.context().close();
  }

  const phone = await open(390, 844);
  await logIn(phone);
  await go(phone, "Configure MQTT");
  await phone.getByLabel("Port").fill("1883");
  await phone.getByRole("button", { name: "Save" }).click();
  await phone.getByText("Nothing was kept").waitFor();
  await noSidewaysScrolling(phone, "what speaks against a change, on a phone");
  await picture(phone, "change-failed-phone");
  await phone.getByRole("button", { name: "Menu" }).click();
  await phone.getByRole("link", { name: "Configure MQTT" }).click();
  check(!await phone.getByRole("link", { name: "Configure MQTT" }).isVisible(), "the menu closes on the page that is shown");
  await phone.context().close();

  const page = await open();
  await logIn(page);
  await go(page, "Configure MQTT");
  await page.getByText("keep the one that is set. One is set.").waitFor();
  await page.getByLabel("Telemetry period").fill("5");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved, and Telemetry period is 10").waitFor();
  check(await page.getByLabel("Telemetry period").inputValue() === "10", "the form shows the value that holds");
  await page.getByLabel("Port").fill("8884");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.getByLabel("Port").fill("1883");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Nothing was kept").waitFor();
  await page.getByText("nobody listens on 1883").waitFor();
  await accessible(page, "a change that failed");
  await picture(page, "change-failed-desktop");
  await page.reload();
  await page.getByLabel("Port").waitFor();
  check(await page.getByLabel("Port").inputValue() === "8884", "what failed was not kept");
  await page.getByLabel("Port").fill("1883");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Keep anyway" }).click();
  await page.getByText("Saved.").waitFor();
  check(await page.getByLabel("Topic", { exact: true }).getAttribute("readonly") !== null, "what the file declares cannot be typed");
  await page.getByLabel("Port").fill("port");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").waitFor();

  await go(page, "Configure Meters");
  await page.getByRole("button", { name: "Read main" }).click();
  await page.getByText("Voltage: 231.4 V").waitFor();
  await page.getByRole("button", { name: "Scan the bus" }).click();
  await page.getByText("Asked 2 of 32 addresses").waitFor();
  await accessible(page, "a scan");
  await picture(page, "configure-meters-scan-desktop");
  await page.getByRole("button", { name: "Cancel the scan" }).click();
  await page.getByText("2 of 32 addresses were asked").waitFor();
  await page.getByRole("button", { name: "Read address 7 now" }).click();
  await page.getByText("It answers:").last().waitFor();
  await page.getByRole("button", { name: "Add address 7" }).click();
  check((await page.getByLabel("Address", { exact: true }).inputValue()) === "7", "what was found is proposed");
  check((await page.getByLabel("Profile").inputValue()) === "SDM120", "with the profile that fits");
  await page.getByLabel("Address", { exact: true }).fill("1");
  await page.getByLabel("Name", { exact: true }).fill("garage");
  await page.getByRole("button", { name: "Save the meter" }).click();
  await page.getByText('address 1 is that of "main" on the same bus').waitFor();
  await page.getByLabel("Address", { exact: true }).fill("9");
  await page.getByRole("button", { name: "Save the meter" }).click();
  await page.getByText("Nothing was kept: the meter does not answer").waitFor();
  await page.getByRole("button", { name: "Keep anyway" }).waitFor();
  await accessible(page, "a meter that does not answer");
  await page.getByLabel("Name", { exact: true }).fill("heatpump");
  await page.getByRole("button", { name: "Save the meter" }).click();
  await page.getByRole("heading", { name: "Replace heatpump?" }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByLabel("Name", { exact: true }).fill("garage");
  await page.getByText("Line of bus1:").click();
  await page.getByLabel("Port").last().fill("/dev/ttyUSB7");
  await page.getByRole("button", { name: "Save the line of bus1" }).click();
  await page.getByText("over the new line: main, heatpump").waitFor();
  await page.getByRole("button", { name: "Change it" }).click();
  await page.getByText("Nothing was kept: the port /dev/ttyUSB7 is not there").waitFor();
  await page.getByRole("button", { name: "Keep anyway" }).click();
  await page.getByText("Kept. The device restarts with it").waitFor();
  await page.getByText("Kept. The device restarts with it").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Add address 7" }).click();
  await page.getByLabel("Name", { exact: true }).fill("garage");
  await page.getByRole("button", { name: "Save the meter" }).click();
  await page.getByText("Kept. The device restarts with it").waitFor();
  await page.getByRole("button", { name: "Remove heatpump" }).click();
  await page.getByRole("button", { name: "Remove it" }).click();
  await page.getByText("Kept. The device restarts with it").last().waitFor();
  check((await page.getByRole("button", { name: "Remove main" }).count()) === 0, "the primary meter stays");

  await go(page, "Console");
  await page.getByLabel("Command").fill("MqttPassword a-secret-of-mine");
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText("> MqttPassword ****").waitFor();
  check((await page.locator("body").innerText()).includes("a-secret-of-mine") === false, "a secret is not shown again");
  await page.getByLabel("Command").press("ArrowUp");
  check((await page.getByLabel("Command").inputValue()) === "", "nor kept in the history");

  await go(page, "Help");
  await page.getByLabel("Look for").fill("fingerprint");
  await page.getByText("MqttFingerprint<n>").waitFor();
  check((await page.getByText("TelePeriod").count()) === 0, "only what fits is shown");
  await page.getByLabel("Look for").fill("no such thing");
  await page.getByText("No command fits.").waitFor();

  await go(page, "Configure Web Admin");
  await page.getByLabel("Your own password").fill("three old copper pots");
  await page.getByLabel("Name of the program").fill("prometheus");
  await page.getByRole("button", { name: "Make a token" }).click();
  check((await page.locator("#token").innerText()).length === 43, "a token is shown once");

  await page.getByRole("button", { name: "Log out" }).click();
  await logIn(page, GUEST);
  check((await page.getByRole("link", { name: "Console" }).count()) === 0, "a viewer has no console");
  await go(page, "Configure Web Admin");
  check((await page.getByLabel("Name of the program").count()) === 0, "nor tokens");
  check(page.faults.length === 0, `faults of the page: ${page.faults.join("; ")}`);
});
