import type { WebSocketRoute } from "playwright-core";
import { expect, it } from "vitest";
import { CLIENT, form, open, type Person, showPassword, signIn, violations } from "./platform";
import { chromium, platform, serve } from "./served";

/** Somebody who runs the platform. */
let head: Person;

serve(async (platform) => {
  await platform.enrol();
  head = await platform.makeUser("head", "operator");
});

it("asks who is there before it shows anything, and then shows the page that was wanted", async () => {
  const { page, faults } = await open(chromium, `${platform.elsewhere}/#/classrooms`);
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
  await showPassword(page, { name: CLIENT.id, password: "not the secret" });
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
  // The rows are those of before, and are not called silent by a box that was ticked since.
  expect(await ada.textContent()).not.toContain("no log since");
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
  await page.getByText("They move again once you have signed in.").waitFor();
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
  await page.getByRole("heading", { name: "The scope learners is missing" }).waitFor();
  await page.locator("main").getByRole("link", { name: "Sign in" }).click();
  await signIn(page);
  await page.locator("tr", { hasText: "Ada" }).waitFor();
  expect(page.url()).toBe(`${platform.url}/#/learners`);
});

it("says who is there and what for, and lets nobody see what somebody else saw", async () => {
  const { page, faults } = await open(chromium, `${platform.elsewhere}/#/learners`, { signedIn: head });
  const header = page.locator("header");
  expect(await header.locator("[data-role]").textContent()).toBe("operator");
  await page.locator("tr", { hasText: "Ada" }).waitFor();
  const analyst = await platform.makeUser("quinn", "analyst");
  await platform.endSessions(head);
  await page.getByLabel("Silent for 7 days").check();
  await page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  await signIn(page, analyst);
  await page.getByRole("heading", { name: "The scope learners is missing" }).waitFor();
  expect(await page.getByText("Ada").count()).toBe(0);
  expect(await header.locator("[data-role]").textContent()).toBe("analyst");
  const links = header.getByRole("navigation").getByRole("link");
  expect(await links.allTextContents()).toEqual(["Live", "Daily", "Lessons", "Classrooms", "System", "API"]);
  expect(faults).toEqual([]);
});

it("hears of another role where something is refused, and when the reader comes back", async () => {
  const rita = await platform.makeUser("rita", "operator");
  const { page, faults } = await open(chromium, `${platform.elsewhere}/#/classrooms`, { signedIn: rita });
  const header = page.locator("header");
  const learners = header.getByRole("link", { name: "Learners" });
  const users = header.getByRole("link", { name: "Users" });
  await users.waitFor();
  await platform.send("PATCH", "/users/rita", { role: "analyst" }, "admin");
  await users.click();
  await page.getByRole("heading", { name: "The scope admin is missing" }).waitFor();
  expect(await header.locator("[data-role]").textContent()).toBe("analyst");
  expect([await users.count(), await learners.count()]).toEqual([0, 0]);

  await platform.send("PATCH", "/users/rita", { role: "operator" }, "admin");
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.locator("tr[data-name=rita]").waitFor();
  await learners.waitFor();
  expect(faults).toEqual([]);
});

it("keeps what was typed where a session ends meanwhile", async () => {
  const { page, faults } = await open(chromium, `${platform.elsewhere}/#/users`, { signedIn: head });
  const making = page.getByRole("form", { name: "Make a user" });
  const name = making.getByLabel("Name");
  await name.fill("olga");
  await page.getByLabel("Role").selectOption("Operator");
  await platform.endSessions(head);
  await page.getByRole("button", { name: "Make", exact: true }).click();
  await page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  await page.locator("header").getByRole("link", { name: "Sign in" }).click();
  expect(await form(page).getByLabel("Name").inputValue()).toBe("head");
  expect(await violations(page)).toEqual([]);
  expect(
    await form(page)
      .getByLabel("Name")
      .evaluate((it) => it === document.activeElement),
  ).toBe(true);
  await signIn(page, head);
  expect(await name.inputValue()).toBe("olga");
  await making.getByRole("alert").filter({ hasText: "try it once more" }).waitFor();
  await page.getByRole("button", { name: "Make", exact: true }).click();
  await page.locator("[data-drawn=olga]").waitFor();
  expect((await platform.get("/users/olga", "admin")).role).toBe("operator");
  expect(faults).toEqual([]);
});

it("says how long to wait after too many tries, and to nobody else", async () => {
  const { page } = await open(chromium, platform.elsewhere);
  const forgetful = await platform.makeUser("forgetful", "analyst");
  const wrong = { ...forgetful, password: "not the password" };
  const button = form(page).getByRole("button");
  const wrongs = page.getByRole("alert").filter({ hasText: "password" });
  for (let tries = 0; tries < 5; tries += 1) {
    await showPassword(page, wrong);
    await wrongs.waitFor();
    await expect.poll(() => button.isEnabled()).toBe(true);
  }
  await showPassword(page, forgetful);
  await page
    .getByRole("alert")
    .filter({ hasText: /wait for \d+ s/ })
    .waitFor();
  expect(await button.isDisabled()).toBe(true);
  expect(await button.textContent()).toMatch(/in (\d+ s|1 min)$/);
  await signIn(page, head);
});

it("changes one's own password, and signs out elsewhere", async () => {
  const before = await platform.makeUser("olive", "educator", ["DevOps_2025"]);
  const after = { ...before, password: "some words of mine" };
  const [here, there] = await Promise.all([
    open(chromium, platform.elsewhere, { signedIn: before }),
    open(chromium, `${platform.elsewhere}/#/learners`, { signedIn: before }),
  ]);
  const { page } = here;
  await page.locator("header").getByRole("link", { name: "olive" }).click();
  await page.getByText("Your classrooms: DevOps_2025").waitFor();
  const change = async (password: string, chosen: string, again = chosen): Promise<void> => {
    await page.getByLabel("Password so far").fill(password);
    await page.getByLabel("New password", { exact: true }).fill(chosen);
    await page.getByLabel("New password, once more").fill(again);
    await page.getByRole("button", { name: "Change" }).click();
  };
  await change(before.password, "too short");
  await page.getByText("At least 12 characters are wanted here.").waitFor();
  await change(before.password, after.password, "some words of yours");
  await page.getByText("This is another one.").waitFor();
  await change("not the password", after.password);
  await page.getByText("This is not your password.").waitFor();
  await change(before.password, after.password);
  await page.locator("[data-changed=true]").waitFor();

  await there.page.getByLabel("Silent for 7 days").check();
  await there.page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  await signIn(there.page, after);
  expect([...here.faults, ...there.faults]).toEqual([]);
});

it("offers no password to a client, which has none", async () => {
  const { page } = await open(chromium, `${platform.elsewhere}/#/account`, { signedIn: true });
  await page.getByText("edtech-api client").waitFor();
  expect(await page.getByLabel("Password so far").count()).toBe(0);
});
