import { expect, it } from "vitest";
import { open } from "./platform";
import { chromium, platform, serve } from "./served";

serve(async (platform) => {
  await platform.enrol();
  platform.replayRealData();
});

it("lists learners page by page", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/learners`, { signedIn: true });
  const rows = page.locator("tr[data-name]");
  await expect.poll(() => rows.count()).toBe(100);
  await page.getByRole("button", { name: "More" }).press("Enter");
  await expect.poll(() => rows.count()).toBe(200);
  const names = await rows.evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.name));
  expect(new Set(names).size).toBe(200);
  expect(faults).toEqual([]);
});

it("finds those of a classroom who are silent, and says why each is listed", async () => {
  const { page } = await open(chromium, `${platform.url}/#/learners`, { signedIn: true });
  await page.getByLabel("Classroom").selectOption("DevOps_2025");
  await page.getByLabel("Silent for 7 days").check();
  const { items } = await platform.get("/students?classroom=DevOps_2025&silent_for_days=7", "roster");
  const rows = page.locator("tr[data-name]");
  const row = (name: string) => rows.filter({ has: page.getByRole("rowheader", { name, exact: true }) });
  await expect.poll(() => rows.count()).toBe(items.length);
  expect(items.length).toBeGreaterThanOrEqual(2);
  expect(await row("Ada").count()).toBe(0);
  const reason = row("Ben").locator("[data-figure=last_active_on]");
  expect(await reason.textContent()).toBe("never streamed");
  await platform.post("/streaming-logs", {
    student: "demo-1",
    lesson: "introduction-a-docker",
    event_type: "played",
    event_timestamp: "2026-01-12T12:00:00Z",
  });
  await page.reload();
  await page.getByLabel("Silent for 7 days").check();
  await expect.poll(() => reason.textContent()).toBe("no log since 12 Jan 2026");
});
