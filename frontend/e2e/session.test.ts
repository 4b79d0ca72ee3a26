import type { WebSocketRoute } from "playwright-core";
import { expect, it } from "vitest";
import { CLIENT, open, signIn } from "./platform";
import { chromium, platform, serve } from "./served";

serve((platform) => platform.enrol());

it("asks who is there before it shows anything, and then shows the page that was wanted", async () => {
  const { page, faults } = await open(chromium, `${platform.elsewhere}/#/classrooms`);
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
  await signIn(page, "not the secret");
  await page.getByRole("alert").waitFor();
  await signIn(page);
  await page.getByRole("heading", { name: "Classrooms", level: 1 }).waitFor();
  await page.locator("[data-name=DevOps_2025]").waitFor();
  await page.locator("[data-connection=open]").waitFor();
  expect(faults).toEqual([]);
});

it("keeps the session where no script finds it", async () => {
  const { page } = await open(chromium, platform.elsewhere, { signedIn: true });
  const found = await page.evaluate(() =>
    JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, location.href]),
  );
  expect(found).toBe(JSON.stringify(["", {}, {}, `${platform.elsewhere}/`]));
  const [cookie, ...others] = await page.context().cookies();
  expect(others).toEqual([]);
  expect(cookie).toMatchObject({ name: "edtech_session", httpOnly: true, sameSite: "Strict" });
});

it("says that the session has ended, asks again, and leaves the page as it was", async () => {
  const url = `${platform.elsewhere}/#/learners/DevOps_2025`;
  const { page, faults } = await open(chromium, url, { signedIn: true });
  const silent = page.getByLabel("Silent for 7 days");
  const ada = page.locator("tr", { hasText: "Ada" });
  await ada.waitFor();
  await page.context().clearCookies();
  await silent.check();
  await page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  expect(await ada.count()).toBe(1);
  await signIn(page);
  await expect.poll(() => ada.count()).toBe(0);
  expect(await silent.isChecked()).toBe(true);
  await page.locator("tr", { hasText: "Cem" }).waitFor();
  expect(faults).toEqual([]);
});

it("hears it of the socket, and is live again after the next sign-in", async () => {
  const { page } = await open(chromium, platform.elsewhere, { signedIn: true });
  const sockets: WebSocketRoute[] = [];
  await page.routeWebSocket(/\/live$/, (socket) => {
    sockets.push(socket);
    socket.connectToServer();
  });
  await page.reload();
  await page.locator("[data-connection=open]").waitFor();
  await page.context().clearCookies();
  await sockets.at(-1)!.close({ code: 4401 });
  await page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  await page.getByText("Signed out").waitFor();
  await page.locator("[data-classroom=DevOps_2025]").waitFor();
  await signIn(page);
  await page.locator("[data-connection=open]").waitFor();
});

it("lets everybody out again", async () => {
  const { page } = await open(chromium, platform.elsewhere, { signedIn: true });
  await page.locator("[data-connection=open]").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
  expect(await page.context().cookies()).toEqual([]);
  expect(await page.locator("header").getByText(CLIENT.id).count()).toBe(0);
  expect(await page.locator("[data-classroom]").count()).toBe(0);
});

it("goes back to the page that named the scope which was missing", async () => {
  const { page } = await open(chromium, `${platform.url}/#/learners`);
  await page.getByRole("heading", { name: "The scope roster is missing" }).waitFor();
  await page.locator("main").getByRole("link", { name: "Sign in" }).click();
  await signIn(page);
  await page.locator("tr", { hasText: "Ada" }).waitFor();
  expect(page.url()).toBe(`${platform.url}/#/learners`);
});
