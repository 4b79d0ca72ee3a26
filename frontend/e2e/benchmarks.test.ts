import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { open } from "./platform";
import { chromium, platform, serve } from "./served";

/** A run of some seconds, and one that somebody has to end. */
const SHORT = { kind: "ingestion", replicas: 1, interval_seconds: 0.1, duration_seconds: 2 };
const LONG = { kind: "ingestion", replicas: 1, interval_seconds: 1, duration_seconds: 600 };
/** A server of its own starts and stops: that takes its time on a small machine. */
const MEASURING_MS = 90_000;

serve();

function visit(path = "") {
  return open(chromium, `${platform.url}/#/benchmarks${path}`, { signedIn: true });
}

async function fill(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(fields))
    await page.getByLabel(name, { exact: true }).fill(value);
}

/** How often the page has asked for one benchmark. */
function looks(page: Page): () => number {
  let count = 0;
  page.on("request", (request) => {
    if (/\/benchmarks\/[^/]+$/.test(new URL(request.url()).pathname)) count += 1;
  });
  return () => count;
}

it("is for those who may operate", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/benchmarks`);
  await page.getByRole("heading", { name: "The scope operate is missing" }).waitFor();
  await page.locator("main").getByRole("link", { name: "Sign in" }).waitFor();
  expect(await page.locator("form").count()).toBe(0);
  expect(faults).toEqual([]);
});

it("teaches while nothing has been measured", async () => {
  const { page, faults } = await visit();
  await page.getByRole("heading", { name: "Nothing has been measured yet" }).waitFor();
  expect(await page.locator("pre").textContent()).toContain(`curl ${platform.url}/benchmarks`);
  expect(faults).toEqual([]);
});

it("says what a kind measures and about how long that takes, and asks for what it depends on", async () => {
  const { page } = await visit();
  const takes = page.locator("[data-takes]");
  await page.getByLabel("What is measured").selectOption("Scaling");
  await page.getByText("What twice as many replicas bring").waitFor();
  const before = await takes.textContent();
  await fill(page, { Duration: "600" });
  expect(await takes.textContent()).not.toBe(before);
  await page.getByLabel("What is measured").selectOption("Queries");
  expect(await page.getByLabel("Logs", { exact: true }).count()).toBe(1);
  expect(await page.getByLabel("Duration", { exact: true }).count()).toBe(0);
});

it("says at the field what is wrong with it, before and after the server was asked", async () => {
  const { page, faults } = await visit();
  const replicas = page.getByLabel("Replicas", { exact: true });
  await fill(page, { Replicas: "two" });
  await page.getByRole("button", { name: "Start", exact: true }).press("Enter");
  expect(await replicas.getAttribute("aria-invalid")).toBe("true");
  await page.getByText("A number is wanted here.").waitFor();
  expect(await replicas.evaluate((it) => it === document.activeElement)).toBe(true);

  await fill(page, { Replicas: "1000000" });
  expect(await replicas.getAttribute("aria-invalid")).toBe("false");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  const fault = page.locator("#replicas-fault");
  await fault.waitFor();
  expect(await replicas.getAttribute("aria-describedby")).toContain("replicas-fault");
  expect((await platform.get("/benchmarks", "operate")).items).toEqual([]);
  expect(faults).toEqual([]);
});

it(
  "starts a run by the form, follows it to its end, and shows what the API reports",
  async () => {
    const { page, faults } = await visit();
    await page.getByLabel("Pace").selectOption("at an interval");
    await fill(page, { Replicas: "1", Interval: "0.1", Duration: "2" });
    await page.getByRole("button", { name: "Start", exact: true }).press("Enter");
    await page.getByRole("heading", { name: "Measuring: Ingestion" }).waitFor();
    await page.getByRole("progressbar").waitFor();
    await page.locator("[data-verdict]").waitFor({ timeout: MEASURING_MS });

    const id = new URL(page.url()).hash.split("/").at(-1)!;
    const report = await platform.get(`/benchmarks/${id}/report`, "operate");
    expect(await page.locator("[data-verdict]").getAttribute("data-verdict")).toBe(report.verdict);
    await page.getByText(report.machine.processor).first().waitFor();
    for (const { name, rows, plots } of report.sections) {
      const section = page.locator(`[data-section="${name}"]`);
      for (const { name, text, threshold } of rows) {
        const cell = (figure: string) =>
          section.locator(`[data-name="${name}"] [data-figure=${figure}]`).textContent();
        expect(await cell("measured")).toBe(text);
        expect(await cell("threshold")).toBe(threshold?.text ?? "–");
      }
      expect(await section.locator("[data-plot]").count()).toBe(plots.length);
    }
    expect(faults).toEqual([]);
  },
  MEASURING_MS,
);

it("hands a report over as Markdown and as JSON", async () => {
  const [{ id }] = (await platform.get("/benchmarks", "operate")).items;
  const { page } = await visit(`/${id}`);
  const texts: string[] = [];
  for (const [button, name] of [
    ["Markdown", /^benchmark-ingestion-.*\.md$/],
    ["JSON", /^benchmark-ingestion-.*\.json$/],
  ] as const) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: button }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(name);
    texts.push(readFileSync(await download.path(), "utf8"));
  }
  expect(texts[0]).toMatch(/^# /);
  expect(JSON.parse(texts[1]!)).toEqual(await platform.get(`/benchmarks/${id}/report`, "operate"));
});

it(
  "shows a run to whoever comes by, and cancels it",
  async () => {
    const { id } = await platform.post("/benchmarks", LONG, "operate");
    const { page, faults } = await visit();
    const running = page.locator(`[data-running="${id}"]`);
    await running.waitFor();
    expect(await page.getByRole("button", { name: "Start", exact: true }).isDisabled()).toBe(true);
    await running.getByRole("link", { name: "Ingestion" }).click();
    await page.getByRole("heading", { name: "Ingestion", level: 1 }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).press("Enter");
    await page.locator("[data-ended=cancelled]").waitFor({ timeout: MEASURING_MS });
    expect((await platform.get(`/benchmarks/${id}`, "operate")).status).toBe("cancelled");
    expect(await page.getByRole("button", { name: "Markdown" }).count()).toBe(0);
    expect(faults).toEqual([]);
  },
  MEASURING_MS,
);

it(
  "looks each second, and no more once its reader has left",
  async () => {
    const { id } = await platform.post("/benchmarks", LONG, "operate");
    const { page } = await visit(`/${id}`);
    const count = looks(page);
    await expect.poll(count).toBeGreaterThanOrEqual(2);
    await page.goto(`${platform.url}/#/system`);
    await page.getByRole("heading", { name: "System", level: 1 }).waitFor();
    const left = count();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(count()).toBe(left);
    await page.goBack();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator("[data-ended=cancelled]").waitFor({ timeout: MEASURING_MS });
  },
  MEASURING_MS,
);

it(
  "draws what was varied, and tells it to those who walk there by keys",
  async () => {
    const scaling = { kind: "scaling", replicas: 2, interval_seconds: 0.1, duration_seconds: 2 };
    const run = await platform.measure(scaling);
    const { page, faults } = await visit(`/${run.id}`);
    const { sections } = await platform.get(`/benchmarks/${run.id}/report`, "operate");
    const [plot] = sections.flatMap(({ plots }: any) => plots);
    const figure = page.locator(`[data-plot="${plot.name}"]`);
    const last = Math.max(...plot.lines.flatMap(({ points }: any) => points.map(([x]: number[]) => x)));
    const slider = figure.getByRole("slider");
    await slider.press("End");
    expect(await slider.getAttribute("aria-valuetext")).toMatch(new RegExp(`^${last} ${plot.x}: `));
    expect(await figure.locator("[data-readout]").textContent()).toContain(plot.lines[0].name);
    await figure.getByText("As a table").click();
    await figure.getByRole("rowheader", { name: String(last), exact: true }).waitFor();
    expect(faults).toEqual([]);
  },
  MEASURING_MS,
);

it(
  "compares two runs, measure by measure as the API does",
  async () => {
    const baseline = await platform.measure(SHORT);
    const run = await platform.measure({ ...SHORT, interval_seconds: 0.2 });
    const { page, faults } = await visit(`/${run.id}`);
    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByLabel("Against the baseline").selectOption(baseline.id);
    await page.locator("[data-regressions]").waitFor();
    expect(page.url()).toContain(`#/benchmarks/${run.id}/compare/${baseline.id}`);
    const { rows, regressions } = await platform.get(
      `/benchmarks/${run.id}/compare/${baseline.id}`,
      "operate",
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(await page.locator("[data-regressions]").getAttribute("data-regressions")).toBe(
      String(regressions),
    );
    for (const { section, name, verdict } of rows) {
      const cell = page.locator(`[data-name="${section}/${name}"] [data-figure=verdict]`);
      expect((await cell.textContent())?.toLowerCase()).toContain(verdict);
    }
    await page.locator("[data-differ]", { hasText: "Interval 0.1 → 0.2" }).waitFor();
    expect(faults).toEqual([]);
  },
  2 * MEASURING_MS,
);

it("lists runs, the newest first, and removes one once its reader is sure", async () => {
  const { page, faults } = await visit();
  const { items } = await platform.get("/benchmarks", "operate");
  const rows = page.locator("tr[data-name]");
  await expect.poll(() => rows.count()).toBe(items.length);
  const names = await rows.evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.name));
  expect(names).toEqual(items.map(({ id }: any) => id));
  expect(await rows.first().textContent()).toContain(items[0].requested_by);

  await rows.first().getByRole("link").click();
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Remove" }).click();
  await dialog.getByRole("button", { name: "Keep it" }).press("Enter");
  expect((await platform.get("/benchmarks", "operate")).items.length).toBe(items.length);
  await page.getByRole("button", { name: "Remove" }).press("Enter");
  await dialog.getByRole("button", { name: "Remove" }).click();
  await expect.poll(() => rows.count()).toBe(items.length - 1);
  expect(faults).toEqual([]);
});

it("says so where there is no such run", async () => {
  const { page } = await visit("/00000000-0000-4000-8000-000000000000");
  await page.getByRole("alert").waitFor();
});
