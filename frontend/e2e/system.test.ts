import { expect, it } from "vitest";
import { open } from "./platform";
import { chromium, platform, serve } from "./served";

serve();

it("says how the server is, how long logs wait, and who watches", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/system`);
  const value = (name: string) => page.locator(".tile", { hasText: name }).locator(".value").textContent();
  await page.locator("[data-connection=open]").waitFor();
  const { version } = await platform.get("/healthz");
  await expect.poll(() => value("Version")).toBe(version);
  expect(await value("Ingestion, p50")).toBe("–");
  await platform.enrol();
  await expect.poll(() => value("Ingestion, p50"), { timeout: 10_000 }).toMatch(/ ms$/);
  await expect.poll(() => value("Dashboards"), { timeout: 10_000 }).toBe("1");
  await open(chromium, platform.url);
  await expect.poll(() => value("Dashboards"), { timeout: 10_000 }).toBe("2");
  expect(await value("Ready")).toBe("Yes");
  expect(faults).toEqual([]);
  // Nobody says that it is ready any more.
  await platform.kill();
  await page.getByRole("alert").waitFor();
  expect(await page.locator(".tile").count()).toBe(0);
  await platform.restart();
  await expect.poll(() => value("Ready"), { timeout: 10_000 }).toBe("Yes");
});
