import { expect, it } from "vitest";
import { open, type Person, showPassword, signIn, violations } from "./platform";
import { chromium, platform, serve } from "./served";

let head: Person;

serve(async (platform) => {
  await platform.enrol();
  await platform.post("/students", { external_id: "web-0", name: "Zoe", classroom: "Web_2025" });
});

it("teaches the first who comes to make a user", async () => {
  const { page, faults } = await open(chromium, `${platform.url}/#/users`, { signedIn: true });
  await page.getByRole("heading", { name: "There is no user yet" }).waitFor();
  expect(await page.locator("pre").textContent()).toBe("edtech-api user put --name head --role operator");
  await page.getByLabel("Name", { exact: true }).fill("head");
  await page.getByLabel("Role").selectOption("Operator");
  expect(await page.getByRole("group", { name: "Classrooms" }).count()).toBe(0);
  await page.getByRole("button", { name: "Make", exact: true }).press("Enter");
  const password = await page.locator("[data-drawn=head] pre").textContent();
  head = { name: "head", password: password! };
  await page.locator("tr[data-name=head]", { hasText: "Operator" }).waitFor();
  await page.reload();
  await page.locator("tr[data-name=head]").waitFor();
  expect(await page.getByText(head.password).count()).toBe(0);

  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, head);
  await page.locator("tr[data-name=head]").waitFor();
  expect(faults).toEqual([]);
});

it("makes an educator of some classrooms, whose password is shown this once and copied", async () => {
  const options = { signedIn: head, permissions: ["clipboard-read", "clipboard-write"] };
  const { page, faults } = await open(chromium, `${platform.url}/#/users`, options);
  await page.getByLabel("Name", { exact: true }).fill("ada@school.example");
  const rooms = page.getByRole("group", { name: "Classrooms" });
  await rooms.getByLabel("Web_2025").check();
  const { items } = await platform.get("/classrooms");
  expect(await rooms.getByRole("checkbox").count()).toBe(items.length);
  await page.getByRole("button", { name: "Make", exact: true }).click();
  const drawn = page.locator("[data-drawn]");
  await drawn.getByRole("heading", { name: "The password of ada@school.example" }).waitFor();
  expect(await violations(page)).toEqual([]);
  await drawn.getByRole("button", { name: "Copy" }).click();
  await drawn.getByRole("button", { name: "Copied" }).waitFor();
  const password = await page.evaluate(() => navigator.clipboard.readText());
  expect(await drawn.locator("pre").textContent()).toBe(password);
  await drawn.getByRole("button", { name: "I have it" }).click();
  expect(await drawn.count()).toBe(0);

  const user = await platform.get("/users/ada%40school.example", "admin");
  expect(user).toMatchObject({ role: "educator", classrooms: ["Web_2025"] });
  const { page: hers } = await open(chromium, platform.elsewhere, {
    signedIn: { name: user.name, password },
  });
  await hers.locator("[data-classroom=Web_2025]").waitFor();
  expect(faults).toEqual([]);
});

it("says at the field what is wrong with a name", async () => {
  const { page } = await open(chromium, `${platform.url}/#/users`, { signedIn: head });
  const name = page.getByLabel("Name", { exact: true });
  const make = page.getByRole("button", { name: "Make", exact: true });
  for (const [typed, fault] of [
    ["", "A name is wanted here."],
    ["head", "A user or a client has this name."],
    ["browser-tests", "A user or a client has this name."],
    ["a da", "space"],
  ] as const) {
    await name.fill(typed);
    await make.click();
    await page.locator(".bad", { hasText: fault }).waitFor();
    expect(await name.getAttribute("aria-invalid")).toBe("true");
    expect(await name.evaluate((it) => it === document.activeElement)).toBe(true);
  }
  expect(await violations(page)).toEqual([]);
});

it("gives a user another role and other classrooms, which hold at once", async () => {
  const ben = await platform.makeUser("ben", "analyst");
  const { page: his } = await open(chromium, `${platform.elsewhere}/#/learners`, { signedIn: ben });
  await his.getByRole("heading", { name: "The scope learners is missing" }).waitFor();
  const { page, faults } = await open(chromium, `${platform.url}/#/users`, { signedIn: head });
  await page.getByRole("link", { name: "ben", exact: true }).click();
  await page.getByRole("heading", { name: "ben", level: 1 }).waitFor();
  await page.getByLabel("Role").selectOption("Educator");
  await page.getByLabel("DevOps_2025").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("[data-said]", { hasText: "It holds at once" }).waitFor();
  await his.reload();
  await his.locator("tr", { hasText: "Cem" }).waitFor();
  await page.getByLabel("DevOps_2025").uncheck();
  await page.getByLabel("Web_2025").check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(async () => (await platform.get("/users/ben", "admin")).classrooms).toEqual(["Web_2025"]);
  await his.reload();
  await his.locator("tr", { hasText: "Zoe" }).waitFor();
  expect(await his.locator("tr", { hasText: "Cem" }).count()).toBe(0);
  expect(faults).toEqual([]);
});

it("signs a user out everywhere, draws another password, and removes the user once one is sure", async () => {
  const cleo = await platform.makeUser("cleo", "analyst");
  const { page: hers } = await open(chromium, `${platform.elsewhere}/#/lessons`, { signedIn: cleo });
  const { page, faults } = await open(chromium, `${platform.url}/#/users/cleo`, { signedIn: head });
  const dialog = page.locator("dialog[open]");
  const said = page.locator("[data-said]");
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await dialog.getByRole("button", { name: "Sign out everywhere" }).click();
  await said.filter({ hasText: "cleo is signed out everywhere" }).waitFor();
  await hers.locator("fieldset").getByText("7 days").click();
  await hers.getByRole("heading", { name: "Your session has ended" }).waitFor();

  await page.getByRole("button", { name: "Draw a new password" }).click();
  await dialog.getByRole("button", { name: "Draw a new password" }).click();
  const password = (await page.locator("[data-drawn=cleo] pre").textContent())!;
  await showPassword(hers, cleo);
  await hers.locator("#sign-in").getByRole("alert").filter({ hasText: "password" }).waitFor();
  await signIn(hers, { ...cleo, password });

  await page.getByRole("button", { name: "Remove" }).click();
  await dialog.getByRole("button", { name: "Keep it" }).click();
  expect((await platform.get("/users/cleo", "admin")).name).toBe("cleo");
  await page.getByRole("button", { name: "Remove" }).press("Enter");
  await dialog.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("heading", { name: "Users", level: 1 }).waitFor();
  await page.locator("tr[data-name=head]").waitFor();
  expect(await page.locator("tr[data-name=cleo]").count()).toBe(0);
  expect(faults).toEqual([]);
});

it("lets nobody lock oneself out", async () => {
  const { page } = await open(chromium, `${platform.url}/#/users/head`, { signedIn: head });
  await page.getByText("This is you.").waitFor();
  for (const name of ["Remove", "Draw a new password", "Save"])
    expect(await page.getByRole("button", { name }).count(), name).toBe(0);
  await page.getByRole("link", { name: "yourself" }).click();
  await page.getByRole("heading", { name: "Your account", level: 1 }).waitFor();
});
