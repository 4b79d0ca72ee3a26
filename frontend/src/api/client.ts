/** The one place that fetches. Types and paths come from the specification. */

import createClient from "openapi-fetch";
import { daysAfter } from "../format";
import type { Bounds } from "../range";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** A refusal of the server, or the lack of an answer, in words for people. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    /** Where it is at fault, if the server named places. */
    readonly faults: readonly Schemas["Fault"][] = [],
    /** So many seconds to wait before it is tried again, if the server said so. */
    readonly wait: number | null = null,
  ) {
    super(detail);
  }
}

const client = createClient<paths, "application/json">({
  baseUrl: location.origin,
  credentials: "same-origin",
});

/** Called when the server takes the reader for somebody else, or for less, than the page does. */
let strange = (): void => {};

/** Who wants to hear of that. */
export function onUnknownReader(listener: () => void): void {
  strange = listener;
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was asked for, or a `Problem`. */
async function expect<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch {
    throw new Problem(
      0,
      "unreachable",
      "The server does not answer. Is it running, and is the network there?",
    );
  }
  const { data, error, response } = answer;
  if (response.ok) return data as T;
  const body = error as Partial<Schemas["ProblemBody"]> | undefined;
  const code = body?.code ?? "unknown";
  // A wrong password says nothing of who was signed in before.
  const isUnknown = response.status === 401 && code !== "invalid_credentials";
  if (isUnknown || code === "insufficient_scope") strange();
  const detail = body?.detail ?? `The server answered ${response.status}.`;
  throw new Problem(response.status, code, detail, body?.errors, waitOf(response));
}

function waitOf({ headers }: Response): number | null {
  const seconds = Number(headers.get("retry-after"));
  return seconds > 0 ? seconds : null;
}

/** Who is signed in, and whether that is needed. */
export function session(): Promise<Schemas["Session"]> {
  return expect(client.GET("/auth/session"));
}

/** Begins a session; its cookie is out of reach of every script. */
export function signIn(name: string, password: string): Promise<Schemas["Session"]> {
  return expect(client.POST("/auth/session", { body: { name, password } }));
}

/** Ends the session. */
export function signOut(): Promise<void> {
  return expect(client.DELETE("/auth/session"));
}

/** Changes one's own password, and ends all other sessions. */
export function changePassword(password: string, new_password: string): Promise<void> {
  return expect(client.POST("/auth/password", { body: { password, new_password } }));
}

/** A page of users, by name. */
export function users(query: { cursor?: string }): Promise<Schemas["Page_User"]> {
  return expect(client.GET("/users", { params: { query } }));
}

/** One user. */
export function user(name: string): Promise<Schemas["User"]> {
  return expect(client.GET("/users/{name}", { params: { path: { name } } }));
}

/** Makes a user; the password is drawn, and told this once. */
export function makeUser(made: Schemas["PostedUser"]): Promise<Schemas["UserWithPassword"]> {
  return expect(client.POST("/users", { body: made }));
}

/** Changes what a user may do. */
export function changeUser(
  name: string,
  change: Schemas["PatchedUser"],
): Promise<Schemas["UserWithPassword"]> {
  return expect(client.PATCH("/users/{name}", { params: { path: { name } }, body: change }));
}

/** Draws another password, which is told this once, and ends all sessions of the user. */
export function drawPassword(name: string): Promise<Schemas["UserWithPassword"]> {
  return changeUser(name, { password: null });
}

/** Ends all sessions of a user. */
export function signOutUser(name: string): Promise<void> {
  return expect(client.DELETE("/users/{name}/sessions", { params: { path: { name } } }));
}

/** Removes a user. */
export function removeUser(name: string): Promise<void> {
  return expect(client.DELETE("/users/{name}", { params: { path: { name } } }));
}

/** A page of the audit log, the latest first. */
export function auditLog(query: {
  actor?: string;
  action?: string;
  from?: string;
  to?: string;
  limit?: number;
  cursor?: string;
}): Promise<Schemas["Page_AuditEntry"]> {
  return expect(client.GET("/audit-log", { params: { query } }));
}

/** The figures of a day; today where none is named. */
export function daily(date?: string): Promise<Schemas["Daily"]> {
  return expect(client.GET("/analytics/daily", { params: { query: date === undefined ? {} : { date } } }));
}

/** The figures of each day of a span, both ends included. */
export function engagement(from: string, to: string): Promise<Schemas["Analysis_DayFigures"]> {
  return expect(client.GET("/analytics/engagement", { params: { query: { from, to } } }));
}

/** The figures of each lesson. */
export function lessons(bounds: Bounds): Promise<Schemas["Analysis_LessonFigures"]> {
  return expect(client.GET("/analytics/lessons", { params: { query: bounds } }));
}

/** One lesson. */
export function lesson(lesson_id: number): Promise<Schemas["Lesson"]> {
  return expect(client.GET("/lessons/{lesson_id}", { params: { path: { lesson_id } } }));
}

/** How far learners get in a lesson. */
export function lessonProgress(lesson_id: number, bounds: Bounds): Promise<Schemas["LessonProgress"]> {
  const params = { path: { lesson_id }, query: bounds };
  return expect(client.GET("/analytics/lessons/{lesson_id}/progress", { params }));
}

/** The figures of each classroom. */
export function classrooms(bounds: Bounds): Promise<Schemas["Analysis_ClassroomFigures"]> {
  return expect(client.GET("/analytics/classrooms", { params: { query: bounds } }));
}

/** The figures of a classroom on each day of a span, both ends included. */
export async function classroomDays(
  classroom: string,
  from: string,
  to: string,
): Promise<Schemas["DayFigures"][]> {
  const dates: string[] = [];
  for (let date = from; date <= to; date = daysAfter(date, 1)) dates.push(date);
  const days = await Promise.all(dates.map((date) => classrooms({ from: date, to: date })));
  return days.flatMap(({ items }, index) =>
    items.filter((it) => it.classroom === classroom).map((figures) => ({ ...figures, date: dates[index]! })),
  );
}

/** The names of all classrooms that the reader sees. */
export async function classroomNames(): Promise<string[]> {
  const names: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const query = { limit: 1000, ...(cursor !== undefined && { cursor }) };
    const page: Schemas["Page_Classroom"] = await expect(client.GET("/classrooms", { params: { query } }));
    names.push(...page.items.map(({ classroom }) => classroom));
    cursor = page.next;
  }
  return names;
}

/** A page of learners. */
export function students(query: {
  classroom?: string;
  silent_for_days?: number;
  cursor?: string;
}): Promise<Schemas["Page_Student"]> {
  return expect(client.GET("/students", { params: { query } }));
}

/** One learner. */
export function student(student_id: number): Promise<Schemas["Student"]> {
  return expect(client.GET("/students/{student_id}", { params: { path: { student_id } } }));
}

/** The forms of a copy of everything on a learner. */
export type ExportForm = "application/json" | "text/csv";

/** Everything on a learner, as a file. */
export function exportStudent(student_id: number, accept: ExportForm): Promise<Blob> {
  const params = { path: { student_id } };
  const asFile = { headers: { accept }, parseAs: "blob" } as const;
  return expect(client.GET("/students/{student_id}/export", { params, ...asFile }));
}

/** Erases a learner, which cannot be undone. */
export function eraseStudent(student_id: number): Promise<Schemas["ErasureReceipt"]> {
  return expect(client.DELETE("/students/{student_id}", { params: { path: { student_id } } }));
}

/** A page of logs that were refused. */
export function rejectedLogs(query: {
  code?: string;
  cursor?: string;
}): Promise<Schemas["Page_RejectedLog"]> {
  return expect(client.GET("/rejected-logs", { params: { query } }));
}

/** Tries refused logs again: one, those of a code, or all. */
export function replay(query: { client?: string; code?: string; id?: string }): Promise<Schemas["Replayed"]> {
  return expect(client.POST("/rejected-logs/replay", { params: { query } }));
}

/** How this server is. */
export function health(): Promise<Schemas["Health"]> {
  return expect(client.GET("/healthz"));
}

/** A page of benchmarks, newest first. */
export function benchmarks(query: { limit?: number; cursor?: string }): Promise<Schemas["Page_Benchmark"]> {
  return expect(client.GET("/benchmarks", { params: { query } }));
}

/** Starts a benchmark; there is one at a time. */
export function startBenchmark(order: Schemas["NewBenchmark"]): Promise<Schemas["Benchmark"]> {
  return expect(client.POST("/benchmarks", { body: order }));
}

/** A benchmark, and how far it is. */
export function benchmark(id: string): Promise<Schemas["Benchmark"]> {
  return expect(client.GET("/benchmarks/{id}", { params: { path: { id } } }));
}

/** Cancels a benchmark that runs; whatever has ended stays as it is. */
export async function cancelBenchmark(id: string): Promise<void> {
  // The same request removes what has ended: what ends while somebody cancels it shall be kept.
  try {
    await expect(client.DELETE("/benchmarks/{id}", { params: { path: { id }, query: { running: true } } }));
  } catch (problem) {
    if (!(problem instanceof Problem && problem.code === "benchmark_ended")) throw problem;
  }
}

/** Removes a benchmark that has ended, and its report. */
export async function removeBenchmark(id: string): Promise<void> {
  await expect(client.DELETE("/benchmarks/{id}", { params: { path: { id } } }));
}

/** What a benchmark has measured. */
export function benchmarkReport(id: string): Promise<Schemas["BenchmarkReport"]> {
  return expect(client.GET("/benchmarks/{id}/report", { params: { path: { id } } }));
}

/** How a page of Markdown is asked for. */
const MARKDOWN = { headers: { accept: "text/markdown" }, parseAs: "text" } as const;

/** The same as a page of Markdown. */
export function benchmarkReportMarkdown(id: string): Promise<string> {
  return expect(client.GET("/benchmarks/{id}/report", { params: { path: { id } }, ...MARKDOWN }));
}

/** A benchmark against another one of its kind, which is the baseline. */
export function compareBenchmarks(id: string, other: string): Promise<Schemas["BenchmarkComparison"]> {
  return expect(client.GET("/benchmarks/{id}/compare/{other}", { params: { path: { id, other } } }));
}

/** The same as a page of Markdown. */
export function compareBenchmarksMarkdown(id: string, other: string): Promise<string> {
  const params = { path: { id, other } };
  return expect(client.GET("/benchmarks/{id}/compare/{other}", { params, ...MARKDOWN }));
}
