import { expect, it } from "vitest";
import { open, Platform, shown, showsWithinASecond, signIn } from "./platform";
import { chromium, platform, serve } from "./served";

serve(async (platform) => {
  await platform.enrol();
  platform.replayRealData();
}, Platform.onPostgres);

it("wants a reader to sign in, and moves within a second of a log", async () => {
  const { page, faults } = await open(chromium, platform.url);
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
  await signIn(page);
  await page.locator("[data-classroom=DevOps_2025]").waitFor();
  await showsWithinASecond(page, () => platform.watch(1));
  expect(faults).toEqual([]);
});

it("shows what the API answers, after a restart as well", async () => {
  const day = "2021-11-29";
  const { page } = await open(chromium, `${platform.url}/#/daily/${day}`, { signedIn: true });
  await platform.kill();
  await platform.restart();
  await page.reload();
  const { totals } = await platform.get(`/analytics/daily?date=${day}`, "read");
  const logs = page.locator(".tile", { hasText: "Logs" }).locator(".value").first();
  await expect.poll(() => logs.textContent()).toBe(shown(totals.streaming_logs));
});

it("knows who has gone silent, and how far the others come", async () => {
  const { page } = await open(chromium, `${platform.url}/#/learners/DevOps_2025`, { signedIn: true });
  await page.locator("tr", { hasText: "Ada" }).waitFor();
  await page.getByLabel("Silent for 7 days").check();
  await expect
    .poll(() => page.locator("tbody tr").allTextContents())
    .toEqual([expect.stringContaining("Cem")]);
  await page.goto(`${platform.url}/#/lessons/1`);
  const funnel = await platform.get("/analytics/lessons/1/progress", "read");
  const started = page.locator(".tile", { hasText: "learners with a log" }).locator(".value");
  await expect.poll(() => started.textContent()).toBe(shown(funnel.reached[0].students));
});
