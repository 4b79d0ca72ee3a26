/** A server and a browser for the tests of one file. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { browser, Platform } from "./platform";

export let chromium: Browser;
export let platform: Platform;

/** Has both, from before the first test until after the last, and the server as it was prepared. */
export function serve(
  prepare: (platform: Platform) => Promise<void> | void = () => {},
  start: () => Promise<Platform> = Platform.start,
): void {
  beforeAll(async () => {
    [chromium, platform] = await Promise.all([browser(), start()]);
    await prepare(platform);
  });

  afterAll(async () => {
    await chromium?.close();
    await platform?.stop();
  });
}
