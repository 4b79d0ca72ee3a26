import AxeBuilder from "@axe-core/playwright";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browser, open, Platform } from "./platform";

const PAGES = ["live", "daily", "daily/2021-11-29", "system", "nowhere"];
const SIZES = { phone: [360, 740], laptop: [1280, 800], wall: [2560, 1440] } as const;
const SCHEMES = ["light", "dark"] as const;

/** Where screenshots go, if anybody wants to look at them. */
const SHOTS = process.env.SCREENSHOTS;

let chromium: Browser;
let platform: Platform;

beforeAll(async () => {
  [chromium, platform] = await Promise.all([browser(), Platform.start()]);
  await platform.enrol();
  platform.replayRealData();
});

afterAll(async () => {
  await chromium?.close();
  await platform?.stop();
});

describe.each(PAGES)("%s", (name) => {
  describe.each(SCHEMES)("%s", (colorScheme) => {
    it.each(Object.entries(SIZES))("fits on a %s and excludes nobody", async (size, [width, height]) => {
      const options = { viewport: { width, height }, colorScheme };
      const { page, faults } = await open(chromium, `${platform.url}/#/${name}`, options);
      await page.locator("h1").waitFor();
      const waiting = page.getByRole("status").filter({ hasText: "…" });
      await expect.poll(() => waiting.count(), { timeout: 10_000 }).toBe(0);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, "nothing hangs over the edge").toBeLessThanOrEqual(0);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual(
        [],
      );
      expect(faults).toEqual([]);
      if (SHOTS !== undefined) {
        mkdirSync(SHOTS, { recursive: true });
        await page.screenshot({
          path: join(SHOTS, `${name.replace("/", "-")}-${colorScheme}-${size}.png`),
          fullPage: true,
        });
      }
      await page.context().close();
    });
  });
});
