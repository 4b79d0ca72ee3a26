import type { Page, WebSocketRoute } from "playwright-core";
import { expect, it } from "vitest";
import { open, type Person, showsWithinASecond, violations } from "./platform";
import { chromium, platform, serve } from "./served";

/** What belongs to the other class, wherever it might turn up. */
const FOREIGN = ["Web_2025", "web-0", "web-1", "Yan", "Zoe"];

let erin: Person;

serve(async (platform) => {
  await platform.enrol();
  const others = ["Yan", "Zoe"].map((name, index) => ({
    external_id: `web-${index}`,
    name,
    classroom: "Web_2025",
  }));
  await platform.post("/students", others);
  await platform.watch("web-0");
  erin = await platform.makeUser("erin", "educator", ["DevOps_2025"]);
});

/** All that a page is told: answers, and what comes by its socket. */
function heard(page: Page): () => Promise<string> {
  const texts: Promise<string>[] = [];
  page.on("response", (response) => {
    if (/json/.test(response.headers()["content-type"] ?? "")) texts.push(response.text().catch(() => ""));
  });
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => texts.push(Promise.resolve(String(payload)))),
  );
  return async () => (await Promise.all(texts)).join("\n");
}

function named(text: string): string[] {
  return FOREIGN.filter((it) => text.includes(it));
}

it("shows an educator her classroom and nothing of any other, on every page of hers", async () => {
  const { page, faults } = await open(chromium, platform.elsewhere, { signedIn: erin });
  const told = heard(page);
  const links = page.locator("header nav").getByRole("link");
  await expect
    .poll(() => links.allTextContents())
    .toEqual(["Live", "Daily", "Lessons", "Classrooms", "Learners", "System", "API"]);
  for (const name of [
    "live",
    "daily",
    "lessons",
    "lessons/1",
    "classrooms",
    "classrooms/DevOps_2025",
    "learners",
    "system",
    "account",
  ]) {
    await page.goto("about:blank");
    await page.goto(`${platform.elsewhere}/#/${name}`);
    await page.locator("h1").waitFor();
    await expect.poll(() => page.getByRole("status").filter({ hasText: "…" }).count()).toBe(0);
    expect(await page.getByRole("alert").count(), name).toBe(0);
    expect(named(await page.locator("body").innerText()), name).toEqual([]);
  }
  const everything = await told();
  expect(everything).toContain("DevOps_2025");
  expect(everything).toContain("Ben");
  expect(named(everything)).toEqual([]);
  expect(faults).toEqual([]);
});

it("tells figures of hers as totals, and says of which classrooms they are", async () => {
  const { page } = await open(chromium, `${platform.elsewhere}/#/daily`, { signedIn: erin });
  await page.locator("[data-bound]", { hasText: "DevOps_2025" }).waitFor();
  const tile = page.locator(".tile").filter({ has: page.getByText("Logs", { exact: true }) });
  expect(await tile.locator(".value").textContent()).toBe("1");
  expect((await platform.get("/analytics/daily")).totals.streaming_logs).toBe(2);
  await page.goto(`${platform.elsewhere}/#/classrooms`);
  await page.getByText("3 learners are enrolled today").waitFor();
});

it("moves within a second of a log of hers, and not at all with others", async () => {
  const { page } = await open(chromium, platform.elsewhere, { signedIn: erin });
  const told = heard(page);
  await page.reload();
  const logs = page.locator(".tile", { hasText: "Logs today" }).locator(".value");
  await page.locator("[data-connection=open]").waitFor();
  await expect.poll(() => logs.textContent()).toBe("1");
  const foreign = await platform.watch("web-0");
  const own = await showsWithinASecond(page, () => platform.watch(1));
  await expect.poll(() => logs.textContent()).toBe(String(1 + own));
  expect(await page.locator(`[data-log="${foreign}"]`).count()).toBe(0);
  expect(await page.locator("[data-classroom]").count()).toBe(1);
  expect(await page.locator(".tile", { hasText: "Rejected logs" }).count()).toBe(0);
  expect([await told()].flatMap(named)).toEqual([]);
});

it("finds nothing by the address of what is not hers", async () => {
  const { page } = await open(chromium, `${platform.elsewhere}/#/classrooms/Web_2025`, { signedIn: erin });
  await page.getByRole("alert").filter({ hasText: "There is no classroom Web_2025" }).waitFor();
  await page.goto(`${platform.elsewhere}/#/learners/Web_2025`);
  await page.getByRole("heading", { name: "Nobody is in Web_2025" }).waitFor();
  const [yan] = (await platform.get("/students?external_id=web-0", "roster")).items;
  await page.goto(`${platform.elsewhere}/#/learners/Web_2025/${yan.student_id}`);
  await page.getByRole("alert").waitFor();
  for (const [name, scope] of [
    ["users", "admin"],
    ["audit", "admin"],
    ["rejected", "roster"],
    ["benchmarks", "operate"],
  ]) {
    await page.goto(`${platform.elsewhere}/#/${name}`);
    await page.getByRole("heading", { name: `The scope ${scope} is missing` }).waitFor();
  }
});

it("offers neither copy nor erasure of a learner", async () => {
  const { page } = await open(chromium, `${platform.elsewhere}/#/learners`, { signedIn: erin });
  const ada = page.locator("tr", { hasText: "Ada" });
  await ada.waitFor();
  expect(await ada.getByRole("link").count()).toBe(0);
  await page.goto(`${platform.elsewhere}/#/learners/DevOps_2025/${await ada.getAttribute("data-name")}`);
  await page.getByRole("heading", { name: "Ada", level: 1 }).waitFor();
  expect(await page.getByRole("button", { name: /Copy|Erase/ }).count()).toBe(0);
});

it("says so where she has no classroom yet, and fills as soon as she has one", async () => {
  const nora = await platform.makeUser("nora", "educator", []);
  const { page, faults } = await open(chromium, `${platform.elsewhere}/#/learners`, { signedIn: nora });
  await page.getByRole("heading", { name: "You have no classroom yet" }).waitFor();
  expect(await violations(page)).toEqual([]);
  await platform.send("PATCH", "/users/nora", { classrooms: ["Web_2025"] }, "admin");
  await page.getByRole("button", { name: "Look again" }).click();
  await page.locator("tr", { hasText: "Zoe" }).waitFor();
  expect(await page.locator("tr", { hasText: "Ada" }).count()).toBe(0);
  expect(faults).toEqual([]);
});

it("turns into no view of the whole platform where her session ends and reading is open", async () => {
  const { page } = await open(chromium, `${platform.url}/#/live`, { signedIn: erin });
  const sockets: WebSocketRoute[] = [];
  await page.routeWebSocket(/\/live$/, (socket) => {
    sockets.push(socket);
    socket.connectToServer();
  });
  await page.reload();
  await page.locator("[data-classroom=DevOps_2025]").waitFor();
  const told = heard(page);
  await platform.endSessions(erin);
  await sockets.at(-1)!.close({ code: 4401 });
  await page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  for (const name of ["live", "classrooms", "learners"]) {
    await page.goto(`${platform.url}/#/${name}`);
    await page.getByText("then it is the whole platform").waitFor();
  }
  expect(named(await told())).toEqual([]);
});
