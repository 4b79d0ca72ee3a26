import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { open, type Person, showPassword } from "./platform";
import { chromium, platform, serve } from "./served";

let head: Person;

serve(async (platform) => {
  await platform.enrol();
  head = await platform.makeUser("head", "operator");
});

/** Entries are there within a second, and each look loads the page. */
const SOON = { timeout: 30_000 };

it("tells in words who came in, who was refused, and who read whom", async () => {
  const erin = await platform.makeUser("erin", "educator", ["DevOps_2025"]);
  const { page: hers } = await open(chromium, platform.elsewhere);
  await showPassword(hers, { ...erin, password: "not the password" });
  await hers.getByRole("alert").waitFor();
  await showPassword(hers, erin);
  await hers.locator("header nav").getByRole("link", { name: "Learners" }).click();
  await hers.locator("tr", { hasText: "Ada" }).waitFor();
  await hers.evaluate(() => fetch("/users"));

  const { page, faults } = await open(chromium, `${platform.url}/#/audit/erin`, { signedIn: head });
  const row = (...texts: string[]) =>
    texts.reduce((rows, hasText) => rows.filter({ hasText }), page.locator("tr[data-name]"));
  await expect
    .poll(async () => {
      await page.reload();
      await page.locator("tr[data-name]").first().waitFor();
      return row("Was refused").count();
    }, SOON)
    .toBe(1);
  expect(await row("erin", "Tried to sign in", "Another password, or no such name").count()).toBe(1);
  expect(await row("erin", "Signed in", "Done", "127.0.0.1").count()).toBe(1);
  expect(await row("erin", "Listed learners", "Learners").count()).toBeGreaterThanOrEqual(1);
  expect(await row("erin", "Was refused", "GET /users", "Without the right to").count()).toBe(1);
  expect(await page.locator("main").getByText("Ada").count()).toBe(0);
  expect(faults).toEqual([]);
});

it("is narrowed by who, what and days", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/audit`, { signedIn: head });
  const rows = page.locator("tr[data-name]");
  await rows.first().waitFor();
  await page.getByLabel("What").selectOption("Made or changed a user");
  const entries = (query: string): Promise<any> => platform.get(`/audit-log?${query}`, "admin");
  const { items } = await entries("action=put_user");
  expect(items.length).toBeGreaterThanOrEqual(2);
  await expect.poll(() => rows.count()).toBe(items.length);
  expect(await rows.first().textContent()).toContain("User erin");
  await page.getByLabel("Who").fill("nobody-here");
  await page.getByLabel("Who").press("Enter");
  await page.getByText("Nothing was noted that is so.").waitFor();
  expect(page.url()).toContain("#/audit/nobody-here");
  await page.getByRole("button", { name: "Show all" }).click();
  await rows.first().waitFor();
  const { date } = await platform.get("/analytics/daily");
  await page.getByLabel("Last day").fill("2020-01-01");
  await page.getByText("Nothing was noted that is so.").waitFor();
  await page.getByLabel("Last day").fill(date);
  await page.getByLabel("First day").fill(date);
  await rows.first().waitFor();
  expect(faults).toEqual([]);
});

it("is read page by page, and handed over as one file of which no spreadsheet runs anything", async () => {
  const evil = await platform.makeUser("=1+1", "analyst");
  const authorization = `Bearer ${platform.token("roster")}`;
  for (let read = 0; read < 120; read += 1)
    await (await fetch(`${platform.url}/students/1`, { headers: { authorization } })).text();
  const { page, faults } = await open(chromium, `${platform.url}/#/audit`, { signedIn: head });
  const rows = page.locator("tr[data-name]");
  await expect.poll(() => rows.count()).toBe(100);
  await page.getByRole("button", { name: "More" }).click();
  await expect.poll(() => rows.count()).toBeGreaterThan(120);
  const ids = await rows.evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.name));
  expect(new Set(ids).size).toBe(ids.length);

  await open(chromium, platform.elsewhere, { signedIn: evil });
  await page.getByLabel("Who").fill("=1+1");
  await page.getByLabel("Who").press("Enter");
  await expect
    .poll(async () => {
      await page.reload();
      await page.locator("h1").waitFor();
      return rows.filter({ hasText: "Signed in" }).count();
    }, SOON)
    .toBe(1);
  await page.getByRole("button", { name: "Show all" }).click();
  await expect.poll(() => rows.count()).toBe(100);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "CSV" }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^audit-log-\d{4}-\d\d-\d\d\.csv$/);
  const lines = readFileSync(await download.path(), "utf8")
    .trim()
    .split("\r\n");
  expect(lines[0]).toBe("at,actor,actor_kind,action,target,outcome,times,address,request_id,detail");
  expect(lines.filter((line) => line.includes("read_student,student:1,")).length).toBe(120);
  expect(lines.some((line) => line.includes(",'=1+1,user,sign_in,"))).toBe(true);
  await page.locator("[data-said]", { hasText: "The file has" }).waitFor();
  expect(faults).toEqual([]);
});
