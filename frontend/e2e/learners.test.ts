import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { open, violations } from "./platform";
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

it("hands over everything on a learner, as JSON and as CSV", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/learners/DevOps_2025`, { signedIn: true });
  await page.getByRole("link", { name: "Ada" }).click();
  await page.getByRole("heading", { name: "Ada", level: 1 }).waitFor();
  const [learner] = (await platform.get("/students?external_id=demo-0", "roster")).items;
  const texts: string[] = [];
  for (const ending of ["JSON", "CSV"]) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: `Copy as ${ending}` }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`student-${learner.student_id}.${ending.toLowerCase()}`);
    texts.push(readFileSync(await download.path(), "utf8"));
  }
  const copy = JSON.parse(texts[0]!);
  expect(copy.student).toMatchObject({ external_id: "demo-0", name: "Ada" });
  expect(copy.streaming_logs.length).toBe(1);
  const lines = texts[1]!.trim().split("\r\n");
  expect(lines[0]).toMatch(/^record,student_id,external_id,name,/);
  expect(lines.filter((line) => line.startsWith("streaming_logs,")).length).toBe(1);
  expect(faults).toEqual([]);
});

it("erases a learner once it is typed who that is, and shows the receipt", async () => {
  const head = await platform.makeUser("head", "operator");
  await platform.watch(2);
  const [cem] = (await platform.get("/students?external_id=demo-2", "roster")).items;
  const options = { signedIn: head, permissions: ["clipboard-read", "clipboard-write"] };
  const { page, faults } = await open(chromium, `${platform.url}/#/learners/DevOps_2025`, options);
  await page.getByRole("link", { name: "Cem" }).click();
  await page.getByRole("button", { name: "Erase" }).click();
  const dialog = page.locator("dialog[open]");
  const sure = dialog.getByRole("button", { name: "Erase" });
  expect(await sure.isDisabled()).toBe(true);
  await dialog.getByRole("textbox").fill("demo-1");
  expect(await sure.isDisabled()).toBe(true);
  await dialog.getByRole("button", { name: "Keep the learner" }).click();
  await page.getByRole("button", { name: "Erase" }).press("Enter");
  expect(await dialog.getByRole("textbox").inputValue()).toBe("");
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("textbox").fill("demo-2");
  await sure.click();

  const receipt = page.locator("[data-receipt]");
  await receipt.waitFor();
  const id = (await receipt.getAttribute("data-receipt"))!;
  const { erased } = await platform.get(`/erasures/${id}`, "admin");
  expect(erased.streaming_logs).toBe(1);
  const said = (name: string) => receipt.locator("dl > div", { hasText: name }).locator("dd").first();
  expect(await said("Receipt").textContent()).toBe(id);
  expect(await said("Logs").textContent()).toBe("1");
  expect(await said("Learner").textContent()).toContain(String(cem.student_id));
  expect(await page.locator("main").getByText("Cem").count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  await receipt.getByText("As text").click();
  await receipt.getByRole("button", { name: "Copy" }).click();
  await receipt.getByRole("button", { name: "Copied" }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(`Receipt: ${id}\n`);

  await expect(platform.watch(2)).rejects.toThrow(/erased/);
  await page.getByRole("link", { name: "Learners: DevOps_2025" }).click();
  await page.locator("tr", { hasText: "Ada" }).waitFor();
  expect(await page.locator("tr", { hasText: "Cem" }).count()).toBe(0);
  await page.goto(`${platform.url}/#/audit/head`);
  const entry = page.locator("tr", { hasText: `Learner ${cem.student_id}` }).filter({ hasText: "Erased" });
  await entry.filter({ hasText: id }).waitFor();
  expect(faults).toEqual([]);
});
