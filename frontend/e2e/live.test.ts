import { expect, it } from "vitest";
import { open, showsWithinASecond } from "./platform";
import { chromium, platform, serve } from "./served";

serve();

it("teaches while there is nothing to see, and moves within a second of the first log", async () => {
  const { page, faults } = await open(chromium, platform.url);
  await page.getByRole("heading", { name: "Nobody is enrolled yet" }).waitFor();
  await platform.enrol();
  await page.locator("[data-classroom=DevOps_2025]").waitFor();

  const posted = await showsWithinASecond(page, () => platform.watch(1));
  const logs = page.locator("[data-classroom=DevOps_2025] [data-figure=streaming_logs]");
  expect(await logs.textContent()).toBe(String(1 + posted));
  const classroom = page.locator("[data-classroom=DevOps_2025] [data-figure=watching_students]");
  await expect.poll(() => classroom.textContent()).toBe("2");
  const lesson = page.locator("[data-lesson]", { hasText: "Introduction à Docker" });
  await expect.poll(() => lesson.locator("strong").textContent()).toMatch(/2$/);
  expect(faults).toEqual([]);
});

it("counts what was refused, and leads there whoever may read it", async () => {
  const { page: anybodys } = await open(chromium, platform.url);
  await anybodys.locator(".tile", { hasText: "Rejected logs" }).waitFor();
  expect(await anybodys.locator(".tile", { hasText: "Rejected logs" }).getByRole("link").count()).toBe(0);
  const { page } = await open(chromium, platform.url, { signedIn: true });
  const refused = page.locator(".tile", { hasText: "Rejected logs" }).getByRole("link");
  expect(await refused.textContent()).toBe("0");
  await platform.beRefused("nobody-yet");
  await expect.poll(() => refused.textContent()).toBe("1");
  await refused.click();
  await page.getByRole("heading", { name: "Rejected logs", level: 1 }).waitFor();
});

it("names lessons of other days as well, as soon as a log of theirs arrives", async () => {
  const { page, faults } = await open(chromium, platform.url);
  await page.locator("[data-connection=open]").waitFor();
  const titles = ["Kubernetes, dernière partie", "Le réseau", "La sécurité"];
  const lessons = titles.map((title, index) => ({ external_id: `last-week-${index}`, title }));
  await platform.post("/lessons", lessons);
  const event_timestamp = new Date(Date.now() - 7 * 24 * 3_600_000).toISOString();
  for (const { external_id: lesson, title } of lessons) {
    const log = { student: "demo-2", lesson, event_type: "lesson_started", event_timestamp };
    await platform.post("/streaming-logs", log);
    await page.getByRole("region", { name: "Last events" }).getByText(title).waitFor();
  }
  expect(faults).toEqual([]);
});

it("says that the server is gone, and comes back right to the last log", async () => {
  const { page, faults } = await open(chromium, platform.url);
  const connection = page.locator("[data-connection]");
  await page.locator("[data-connection=open]").waitFor();
  await platform.kill();
  await page.getByText("Connection lost, trying again").waitFor();
  expect(await connection.getAttribute("class")).toContain("stale");

  await platform.restart();
  await platform.watch(2);
  await page.locator("[data-connection=open]").waitFor();
  const { totals } = await platform.get("/analytics/daily");
  const tile = page.locator(".tile", { hasText: "Logs today" }).locator(".value");
  await expect.poll(() => tile.textContent()).toBe(String(totals.streaming_logs));
  expect(faults).toEqual([]);
});

it("can be held still, and goes on where the others are", async () => {
  const { page } = await open(chromium, platform.url);
  const logs = page.locator("[data-classroom=DevOps_2025] [data-figure=streaming_logs]");
  await page.getByRole("button", { name: "Pause" }).click();
  const before = Number(await logs.textContent());
  const posted = await platform.watch(1);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(Number(await logs.textContent())).toBe(before);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.locator(`[data-log="${posted}"]`).waitFor();
  expect(Number(await logs.textContent())).toBe(before + 1);
});
