import { expect, it } from "vitest";
import { open } from "./platform";
import { chromium, platform, serve } from "./served";

serve();

it("teaches while nothing is refused", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/rejected`, { signedIn: true });
  await page.getByRole("heading", { name: "Nothing has been refused" }).waitFor();
  expect(await page.locator("pre").textContent()).toContain(`curl ${platform.url}/streaming-logs`);
  expect(faults).toEqual([]);
});

it("shows why, replays one once its cause is mended, and says what became of it", async () => {
  for (const student of ["late-1", "late-1", "late-2", "never"]) await platform.beRefused(student);
  const { page, faults } = await open(chromium, `${platform.url}/#/rejected`, { signedIn: true });
  const log = (student: string) => page.locator("article", { hasText: `"${student}"` });
  const said = page.locator("[data-replayed]");
  await log("late-1").getByText("unknown_student").waitFor();
  await log("late-1").getByText("Sent 2 times").waitFor();
  await log("late-1").getByRole("button", { name: "Replay" }).click();
  await said.filter({ hasText: "0 stored and counted" }).waitFor();
  expect(await said.textContent()).toContain("1 refused again");

  const enrolled = ["late-1", "late-2"].map((external_id) => ({ external_id, classroom: "DevOps_2025" }));
  await platform.post("/students", enrolled);
  await log("late-1").getByRole("button", { name: "Replay" }).press("Enter");
  await said.filter({ hasText: "1 stored and counted" }).waitFor();
  await expect.poll(() => log("late-1").count()).toBe(0);
  expect(await log("late-2").count()).toBe(1);

  await page.getByRole("button", { name: "Replay all" }).click();
  await said.filter({ hasText: "1 stored and counted, 0 had been stored before, 1 refused again" }).waitFor();
  await expect.poll(() => page.locator("article").count()).toBe(1);
  expect((await platform.get("/analytics/daily")).totals.streaming_logs).toBe(2);
  expect(faults).toEqual([]);
});
