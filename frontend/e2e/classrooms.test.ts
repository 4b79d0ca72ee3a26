import { expect, it } from "vitest";
import { open, shown } from "./platform";
import { chromium, platform, serve } from "./served";

serve(async (platform) => {
  await platform.enrol();
  platform.replayRealData();
});

it("shows each classroom as the API does, over the days that were chosen", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/classrooms`);
  const figure = (room: string, name: string) =>
    page.locator(`[data-name="${room}"] [data-figure=${name}]`).textContent();
  for (const [range, query] of [
    ["All time", ""],
    ["Today", `?date=${(await platform.get("/analytics/daily")).date}`],
  ] as const) {
    await page.locator("fieldset").getByText(range).click();
    const { items } = await platform.get(`/analytics/classrooms${query}`);
    for (const { classroom, students, streaming_logs } of items) {
      await expect.poll(() => figure(classroom, "streaming_logs")).toBe(shown(streaming_logs));
      expect(await figure(classroom, "students")).toBe(shown(students));
    }
  }
  expect(faults).toEqual([]);
});

it("shows a classroom day by day, and leads to its learners", async () => {
  const { page } = await open(chromium, platform.url, { signedIn: true });
  await page.locator("[data-classroom=DevOps_2025]").getByRole("link").click();
  await page.getByRole("heading", { name: "DevOps_2025", level: 1 }).waitFor();
  const today = page.locator("tr[data-name]").last().locator("[data-figure=active_students]");
  expect(await today.textContent()).toBe("1");
  expect(await page.locator("tr[data-name]").count()).toBe(14);
  await page.getByRole("link", { name: "Its learners" }).click();
  await expect.poll(() => page.locator("tr[data-name]").count()).toBe(3);
});

it("says so where there is no such classroom", async () => {
  const { page } = await open(chromium, `${platform.url}/#/classrooms/Nowhere`);
  await page.getByRole("alert").filter({ hasText: "There is no classroom Nowhere" }).waitFor();
});

it("says by its title and to whoever hears it that a link has led to another page", async () => {
  const { page } = await open(chromium, `${platform.url}/#/classrooms`);
  expect(await page.title()).toBe("Classrooms · EdTech Stream");
  await page.getByRole("link", { name: "DevOps_2025" }).click();
  await page.getByRole("heading", { name: "DevOps_2025" }).waitFor();
  expect(await page.title()).toBe("Classrooms, DevOps_2025 · EdTech Stream");
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("content");
});

it("reads its figures again each minute while somebody looks", async () => {
  const { page } = await open(chromium, `${platform.url}/#/classrooms`);
  await page.clock.install();
  await page.reload();
  const logs = page.locator('[data-name="DevOps_2025"] [data-figure=streaming_logs]');
  const before = Number(await logs.textContent());
  await platform.watch(1);
  expect(await logs.textContent()).toBe(shown(before));
  await page.clock.runFor(61_000);
  await expect.poll(() => logs.textContent()).toBe(shown(before + 1));
});
