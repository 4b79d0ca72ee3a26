import { expect, it } from "vitest";
import { open, shown } from "./platform";
import { chromium, platform, serve } from "./served";

serve((platform) => platform.replayRealData());

it("shows how far learners get in each lesson, in any order", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/lessons`);
  const { items } = await platform.get("/analytics/lessons");
  const figure = (id: number, name: string) => page.locator(`[data-name="${id}"] [data-figure=${name}]`);
  await figure(items[0].lesson_id, "active_students").waitFor();
  for (const { lesson_id, active_students, completed } of items) {
    expect(await figure(lesson_id, "active_students").textContent()).toBe(shown(active_students));
    expect(await figure(lesson_id, "completed").textContent()).toBe(shown(completed));
  }
  const completed = page.getByRole("button", { name: "Completed" });
  const column = async (): Promise<number[]> =>
    (await page.locator("[data-figure=completed]").allTextContents()).map((text) =>
      Number(text.replace(",", "")),
    );
  await completed.press("Enter");
  expect(await column()).toEqual(items.map((it: any) => it.completed).sort((a: number, b: number) => b - a));
  await completed.press("Enter");
  expect(await column()).toEqual(items.map((it: any) => it.completed).sort((a: number, b: number) => a - b));
  expect(faults).toEqual([]);
});

it("tells where a lesson loses people, as the API does", async () => {
  const { items } = await platform.get("/analytics/lessons");
  const [{ lesson_id, title }] = items.sort((a: any, b: any) => b.active_students - a.active_students);
  const progress = await platform.get(`/analytics/lessons/${lesson_id}/progress`);
  const { page, faults } = await open(chromium, `${platform.url}/#/lessons`);
  await page.locator(`[data-name="${lesson_id}"]`).getByRole("link").click();
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
  const students = (table: string, row: number) =>
    page.getByRole("region", { name: table }).locator(`[data-name="${row}"] [data-figure=students]`);
  for (const step of progress.reached) {
    const cell = students("How far learners get", step.percentage);
    expect(await cell.textContent()).toBe(shown(step.students));
  }
  for (const bar of progress.histogram) {
    const cell = students("Learners by the furthest percentage", bar.from);
    expect(await cell.textContent()).toBe(shown(bar.students));
  }
  expect(await page.locator("[data-sentence]").textContent()).toMatch(/^Most people leave .*\d+ of \d+/);
  await page.locator("fieldset").getByText("7 days").click();
  await page.getByText("Nobody has started this lesson in these days.").waitFor();
  expect(faults).toEqual([]);
});

it("says so where there is no such lesson", async () => {
  const { page } = await open(chromium, `${platform.url}/#/lessons/99999`);
  await page.getByRole("alert").waitFor();
});
