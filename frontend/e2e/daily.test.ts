import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { open, shown } from "./platform";
import { chromium, platform, serve } from "./served";

/** A day of the real data. */
const DAY = "2021-11-29";

serve((platform) => platform.replayRealData());

it("shows what the API answers, for each classroom and each lesson", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/daily/${DAY}`);
  const { totals, classrooms, lessons } = await platform.get(`/analytics/daily?date=${DAY}`);
  expect(totals.streaming_logs).toBeGreaterThan(0);
  const tile = page.locator(".tile").filter({ has: page.getByText("Logs", { exact: true }) });
  await tile.waitFor();
  expect(await tile.locator(".value").textContent()).toBe(shown(totals.streaming_logs));
  for (const { classroom, streaming_logs } of classrooms) {
    const cell = page.locator(`[data-name="${classroom}"] [data-figure=streaming_logs]`);
    expect(await cell.textContent()).toBe(shown(streaming_logs));
  }
  for (const { title, streaming_logs } of lessons.filter((it: any) => it.streaming_logs > 0)) {
    const cells = page.locator("tr", { has: page.getByRole("rowheader", { name: title, exact: true }) });
    const logs = await cells.locator("[data-figure=streaming_logs]").allTextContents();
    expect(logs).toContain(shown(streaming_logs));
  }
  expect(faults).toEqual([]);
});

it("goes from day to day, by keyboard as well, and back", async () => {
  const { page } = await open(chromium, `${platform.url}/#/daily/${DAY}`);
  await page.getByRole("heading", { name: "29 November 2021" }).waitFor();
  await page.getByRole("button", { name: "The day before" }).press("Enter");
  await page.getByRole("heading", { name: "28 November 2021" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "29 November 2021" }).waitFor();
});

it("hands the report over as a file", async () => {
  const { page } = await open(chromium, `${platform.url}/#/daily/${DAY}`);
  const { classrooms, lessons } = await platform.get(`/analytics/daily?date=${DAY}`);
  for (const [button, name] of [
    ["CSV", `report-${DAY}.csv`],
    ["Markdown", `report-${DAY}.md`],
  ] as const) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: button }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(name);
    const text = readFileSync(await download.path(), "utf8");
    expect(text.startsWith("\uFEFF")).toBe(button === "CSV");
    expect(text.split("\n").length).toBeGreaterThan(classrooms.length + lessons.length);
  }
});
