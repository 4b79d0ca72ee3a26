import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { open, violations } from "./platform";
import { chromium, platform, serve } from "./served";

const PAGES = [
  "live",
  "daily",
  "daily/2021-11-29",
  "lessons",
  "lessons/3",
  "classrooms",
  "classrooms/FUN-MOOC-00001-session01",
  "learners",
  "learners/DevOps_2025/{learner}",
  "rejected",
  "benchmarks",
  "benchmarks/{run}",
  "benchmarks/{run}/compare/{baseline}",
  "users",
  "users/{user}",
  "audit",
  "system",
  "account",
  "sign-in",
  "nowhere",
];
const SIZES = { phone: [360, 740], laptop: [1280, 800], wall: [2560, 1440] } as const;
const SCHEMES = ["light", "dark"] as const;

/** Where screenshots go, if anybody wants to look at them: of each page two, down to some height. */
const SHOTS = process.env.SCREENSHOTS;
const LOOKS = ["light laptop", "dark phone"];
const HEIGHT = 1400;
const UNSHOWN = ["daily", "nowhere"];

function isShown(name: string, look: string): boolean {
  return SHOTS !== undefined && LOOKS.includes(look) && !UNSHOWN.includes(name);
}

async function shoot(page: Page, name: string, size: string): Promise<void> {
  mkdirSync(SHOTS!, { recursive: true });
  const [width, height] = await page.evaluate(() => [innerWidth, document.documentElement.scrollHeight]);
  await page.screenshot({
    path: join(SHOTS!, `${name.replaceAll("/", "-").replaceAll(/[{}]/g, "")}-${size}.png`),
    fullPage: true,
    clip: { x: 0, y: 0, width: width!, height: Math.min(height!, HEIGHT) },
  });
}

/** A page that keeps what it had been answered, by address, when its first figure was there. */
type Noting = Window & { answeredBefore?: string[] };

/** Within the page, from its start: titles of lessons are asked for after that, and are no figures. */
function noteAtFirstFigure(): void {
  const noting = new MutationObserver(() => {
    if (document.querySelector(".tile") === null) return;
    noting.disconnect();
    (window as Noting).answeredBefore = performance.getEntriesByType("resource").map(({ name }) => name);
  });
  noting.observe(document, { childList: true, subtree: true });
}

/** One sign-in for all: secrets are slow to check, on purpose. */
let session: NonNullable<BrowserContextOptions["storageState"]>;

serve(async (platform) => {
  await platform.enrol();
  await platform.beRefused("nobody-yet");
  platform.replayRealData();
  const head = await platform.makeUser("head", "operator");
  await platform.makeUser("ada@school.example", "educator", ["DevOps_2025", "FUN-MOOC-00001-session01"]);
  await platform.makeUser("quinn", "analyst");
  const { page } = await open(chromium, platform.url, { signedIn: head });
  session = await page.context().storageState();
  const [learner] = (await platform.get("/students?external_id=demo-0", "roster")).items;
  names.learner = String(learner.student_id);
});

/** What nobody knows before. */
const names: Record<string, string> = { user: "ada@school.example" };
const MEASURED = { kind: "scaling", replicas: 2, interval_seconds: 0.1, duration_seconds: 2 };
const MEASURING_MS = 180_000;

beforeAll(async () => {
  for (const name of ["baseline", "run"]) names[name] = (await platform.measure(MEASURED)).id;
}, MEASURING_MS);

function address(name: string): string {
  return `${platform.url}/#/${name.replaceAll(/\{(\w+)\}/g, (_, it: string) => encodeURIComponent(names[it]!))}`;
}

it("leads whoever has not signed in to every page that is open, by one button on a phone, by keyboard as well", async () => {
  const { page } = await open(chromium, platform.url, { viewport: { width: 360, height: 740 } });
  const opener = page.getByRole("button", { name: "Live" });
  await opener.press("Enter");
  const links = page.getByRole("navigation").getByRole("link");
  expect(await links.count()).toBe(6);
  await page.keyboard.press("Escape");
  expect(await links.count()).toBe(0);
  await opener.press("Enter");
  await links.filter({ hasText: "Classrooms" }).press("Enter");
  await page.getByRole("heading", { name: "Classrooms", level: 1 }).waitFor();
  expect(await links.count()).toBe(0);
});

it("asks for little before it shows figures", async () => {
  const page = await chromium.newPage();
  await page.addInitScript(noteAtFirstFigure);
  await page.goto(platform.url);
  const answered = await page.waitForFunction(() => (window as Noting).answeredBefore);
  const paths = (await answered.jsonValue())!.map((it) => new URL(it).pathname);
  // A script, a style, a sign, who is there and in which zone; all figures come by the socket.
  expect(paths.length, paths.join(" ")).toBeLessThanOrEqual(5);
});

describe.each(PAGES)("%s", (name) => {
  describe.each(SCHEMES)("%s", (colorScheme) => {
    it.each(Object.entries(SIZES))("fits on a %s and excludes nobody", async (size, [width, height]) => {
      const options = { viewport: { width, height }, colorScheme, storageState: session };
      const { page, faults } = await open(chromium, address(name), options);
      onTestFinished(() => page.context().close());
      await page.locator("h1").waitFor();
      const waiting = page.getByRole("status").filter({ hasText: "…" });
      await expect.poll(() => waiting.count(), { timeout: 10_000 }).toBe(0);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, "nothing hangs over the edge").toBeLessThanOrEqual(0);
      expect(await violations(page)).toEqual([]);
      expect(faults).toEqual([]);
      if (isShown(name, `${colorScheme} ${size}`)) await shoot(page, name, size);
    });
  });
});
