/** The real server and a real browser, each test's own. */

import AxeBuilder from "@axe-core/playwright";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";

/** Nothing else of the environment: it may name somebody's own database, and learners are erased here. */
const OURS = { PATH: process.env.PATH, HOME: process.env.HOME };

const BINARIES = resolve(import.meta.dirname, "../../target", process.env.PROFILE ?? "debug");
const FIXTURES = resolve(import.meta.dirname, "../../tests/fixtures");

/** The one client that the server knows; its secret is nobody's. */
export const CLIENT = { id: "browser-tests", secret: randomBytes(32).toString("hex") };

/** Somebody who can sign in. */
export interface Person {
  name: string;
  password: string;
}

/** The same as a person: it may do everything. */
const PROGRAM: Person = { name: CLIENT.id, password: CLIENT.secret };

/** This machine by another name: to whoever comes by it, nothing is open. */
const ELSEWHERE = "edtech.test";

/** As root there is no sandbox to be had, and nothing here shall reach out. */
const CHROMIUM = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-sync",
  `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`,
];

/** What the server and its commands are told by their environment. */
type Settings = Record<string, string> & { EDTECH_DATA_DIR: string };

export class Platform {
  private constructor(
    readonly url: string,
    private readonly settings: Settings,
    private server: ChildProcess,
  ) {}

  /** The server on SQLite in a directory of its own, once it is ready. */
  static start(): Promise<Platform> {
    return Platform.with({});
  }

  /** The server on a database of its own in PostgreSQL, where nothing is open. */
  static onPostgres(): Promise<Platform> {
    const database = new URL(process.env.TEST_DATABASE_URL ?? "");
    const name = `edtech_browser_${randomBytes(8).toString("hex")}`;
    execFileSync("psql", ["--quiet", "--command", `CREATE DATABASE ${name}`, database.href]);
    database.pathname = name;
    const key = randomBytes(32).toString("hex");
    return Platform.with({
      DATABASE_URL: database.href,
      EDTECH_JWT_SIGNING_KEY: key,
      EDTECH_ERASURE_KEY: key,
    });
  }

  private static async with(more: Partial<Settings>): Promise<Platform> {
    const settings = { ...more, EDTECH_DATA_DIR: mkdtempSync(join(tmpdir(), "edtech-browser-")) };
    const { url, server } = await serve(settings, 0);
    return new Platform(url, settings, server);
  }

  /** Its address for browsers elsewhere, who have to sign in. */
  get elsewhere(): string {
    return `http://${ELSEWHERE}:${new URL(this.url).port}`;
  }

  /** Ends the server as a power cut would. */
  async kill(): Promise<void> {
    await ended(this.server, "SIGKILL");
  }

  /** Serves the same data on the same address again. */
  async restart(): Promise<void> {
    this.server = (await serve(this.settings, Number(new URL(this.url).port))).server;
  }

  async stop(): Promise<void> {
    await ended(this.server, "SIGTERM");
    rmSync(this.settings.EDTECH_DATA_DIR, { recursive: true });
  }

  /** A token with these scopes. */
  token(scopes: string): string {
    const env = { ...OURS, ...this.settings };
    return execFileSync(join(BINARIES, "edtech-api"), ["token", "--scope", scopes], {
      env,
      encoding: "utf8",
    }).trim();
  }

  /** Posts something and returns the answer; whatever is no success fails the test. */
  post(path: string, body: unknown, scopes = "ingest,roster"): Promise<any> {
    return this.send("POST", path, body, scopes);
  }

  /** The same with another method; null where the answer is empty. */
  async send(method: string, path: string, body: unknown, scopes: string): Promise<any> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token(scopes)}`, "content-type": "application/json" },
      ...(body !== null && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }

  /** Makes somebody who can sign in; an educator has these classrooms. */
  async makeUser(name: string, role: string, classrooms?: string[]): Promise<Person> {
    const made = await this.post("/users", { name, role, ...(classrooms && { classrooms }) }, "admin");
    return { name, password: made.password };
  }

  /** Signs somebody out everywhere, as time or an operator does. */
  endSessions({ name }: Person): Promise<null> {
    return this.send("DELETE", `/users/${encodeURIComponent(name)}/sessions`, null, "admin");
  }

  /** What a client with these scopes reads; without any, what is open. */
  async get(path: string, scopes?: string): Promise<any> {
    const headers = scopes === undefined ? {} : { authorization: `Bearer ${this.token(scopes)}` };
    const answer = await fetch(this.url + path, { headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** A class of three, one of whom has begun a lesson. */
  async enrol(): Promise<void> {
    const learners = ["Ada", "Ben", "Cem"].map((name, index) => ({
      external_id: `demo-${index}`,
      name,
      classroom: "DevOps_2025",
    }));
    await this.post("/students", learners);
    await this.watch(0);
  }

  /** One more log of a learner; returns its id. */
  async watch(learner: number | string): Promise<string> {
    const { log_id } = await this.post("/streaming-logs", {
      student: typeof learner === "number" ? `demo-${learner}` : learner,
      lesson: "introduction-a-docker",
      event_type: "progress",
      watch_time_seconds: 30,
      completion_percentage: 40,
    });
    return log_id;
  }

  /** A log of somebody whom nobody knows: it is refused and kept. */
  async beRefused(student: string): Promise<void> {
    await this.post("/streaming-logs", [
      { student, lesson: "introduction-a-docker", event_type: "played", watch_time_seconds: 30 },
    ]);
  }

  /** Starts a benchmark and waits until it has ended; returns it. */
  async measure(order: { kind: string } & Record<string, unknown>): Promise<any> {
    const { id } = await this.post("/benchmarks", order, "operate");
    for (;;) {
      const run = await this.get(`/benchmarks/${id}`, "operate");
      if (run.status !== "running") return run;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** Stores the real data, of which every figure is known. */
  replayRealData(): void {
    const file = (name: string): string => join(FIXTURES, "funmooc", name);
    const inputs = [
      "--students",
      file("students.csv"),
      "--lessons",
      file("lessons.csv"),
      file("streaming_logs.ndjson.gz"),
    ];
    const credentials = { EDTECH_CLIENT_ID: CLIENT.id, EDTECH_CLIENT_SECRET: CLIENT.secret };
    const env = { ...OURS, EDTECH_URL: this.url, ...credentials };
    execFileSync(join(BINARIES, "edtech-simulator"), ["replay", ...inputs], { env, stdio: "pipe" });
  }
}

async function serve(settings: Settings, port: number): Promise<{ url: string; server: ChildProcess }> {
  const env = {
    ...OURS,
    ...settings,
    EDTECH_BOOTSTRAP_CLIENT_ID: CLIENT.id,
    EDTECH_BOOTSTRAP_CLIENT_SECRET: CLIENT.secret,
    HOST: "127.0.0.1",
    PORT: String(port),
    RUST_LOG: "warn",
  };
  const server = spawn(join(BINARIES, "edtech-api"), ["serve"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: server.stdout! })) {
    const url = /listening on (\S+)/.exec(line)?.[1];
    if (url !== undefined) return { url, server };
  }
  throw new Error("the server ended before it listened");
}

async function ended(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const end = new Promise((resolve) => server.once("exit", resolve));
  server.kill(signal);
  await end;
}

/** Debian's Chromium, or the one that `CHROMIUM` names. */
export async function browser(): Promise<Browser> {
  const known = [
    process.env.CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const executablePath = known.find((path) => path !== undefined && existsSync(path));
  if (executablePath === undefined) throw new Error("no Chromium is installed; CHROMIUM may name one");
  return chromium.launch({ executablePath, args: CHROMIUM });
}

export interface VisitOptions extends BrowserContextOptions {
  /** With a session from the start: of somebody, or of whoever may do everything. */
  signedIn?: boolean | Person;
}

export interface Visit {
  page: Page;
  faults: string[];
}

/** A page whose faults fail the test: errors in its scripts, and whatever its policy forbids. */
export async function open(
  browser: Browser,
  url: string,
  { signedIn = false, ...options }: VisitOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Paris", ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/i.test(message.text())) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).host !== new URL(url).host) {
      faults.push(`asked elsewhere: ${request.url()}`);
    }
  });
  await page.goto(url);
  if (signedIn !== false) {
    await signIn(page, signedIn === true ? PROGRAM : signedIn);
    await page.goto("about:blank");
    await page.goto(url);
  }
  return { page, faults };
}

/** How often a page may be late: a machine that stands still delays a log, a slow page delays each of them. */
const TRIES = 5;

/** Posts logs until the page has shown one within a second; returns how many. */
export async function showsWithinASecond(page: Page, post: () => Promise<string>): Promise<number> {
  for (let posted = 1; posted <= TRIES; posted += 1) {
    const log = page.locator(`[data-log="${await post()}"]`);
    const seen = await log.waitFor({ timeout: 1000 }).then(
      () => true,
      () => false,
    );
    if (seen) return posted;
    await log.waitFor();
  }
  throw new Error(`of ${TRIES} logs none was shown within a second`);
}

/** A count as the pages show it to the reader of these tests. */
export function shown(value: number): string {
  return new Intl.NumberFormat("en-GB").format(value);
}

/** Whom a page excludes, and where. */
export async function violations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).analyze();
  // It has looked at them from a page of its own.
  await page.bringToFront();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** The form to sign in, wherever it is. */
export function form(page: Page): Locator {
  return page.locator("#sign-in form");
}

/** Fills in the form and sends it. */
export async function showPassword(page: Page, { name, password }: Person): Promise<void> {
  if ((await form(page).count()) === 0)
    await page.locator("header").getByRole("link", { name: "Sign in" }).click();
  await form(page).getByLabel("Name").fill(name);
  await form(page).getByLabel("Password").fill(password);
  await form(page).getByRole("button", { name: "Sign in" }).click();
}

/** The same, until the header says who is there. */
export async function signIn(page: Page, person = PROGRAM): Promise<void> {
  await showPassword(page, person);
  await page.locator("header").getByRole("link", { name: person.name, exact: true }).waitFor();
}
