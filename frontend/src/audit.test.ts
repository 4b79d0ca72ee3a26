import { expect, it } from "vitest";
import { type Entry, how, rows, what, who, whom } from "./audit";
import { csvOf } from "./export";

const ENTRY: Entry = {
  id: 7,
  at: "2026-01-31T09:30:00.000000Z",
  actor: "school",
  actor_kind: "client",
  action: "erase_student",
  target: "student:42",
  outcome: "done",
  times: 1,
  address: "192.0.2.7",
  request_id: "6f0f5c1e-3a55-4f7c-9d57-2f4c1b0aed7e",
  detail: null,
};

it("tells what was done and what was tried, also of a newer server", () => {
  expect(what(ENTRY)).toBe("Erased a learner");
  expect(what({ action: "sign_in", outcome: "invalid_credentials" })).toBe("Tried to sign in");
  expect(what({ action: "denied", outcome: "insufficient_scope" })).toBe("Was refused");
  expect(what({ action: "merge_students", outcome: "done" })).toBe("merge students");
  expect(what({ action: "merge_students", outcome: "denied" })).toBe("merge students: tried");
});

it("tells who it was", () => {
  expect(who({ actor: "ada", actor_kind: "user" })).toBe("ada");
  expect(who(ENTRY)).toBe("school (client)");
  expect(who({ actor: "cli", actor_kind: "cli" })).toBe("The command line");
  expect(who({ actor: "platform", actor_kind: "platform" })).toBe("The platform");
  expect(who({ actor: "unknown", actor_kind: "anonymous" })).toBe("A name that nobody has");
  expect(who({ actor: "many", actor_kind: "anonymous" })).toBe("Many addresses");
  expect(who({ actor: "anonymous", actor_kind: "anonymous" })).toBe("Nobody who had signed in");
});

it.each([
  [null, ""],
  ["student:42", "Learner 42"],
  ["user:ada@school.example", "User ada@school.example"],
  ["students", "Learners"],
  ["students?classroom=IA_2025&silent_for_days=7", "Learners, classroom IA_2025, silent for days 7"],
  ["streaming-logs?lesson_id=3", "Logs, lesson id 3"],
  ["GET /users/{name}", "GET /users/{name}"],
  ["streaming_logs", "streaming_logs"],
])("tells of %j as %j", (target, told) => {
  expect(whom({ target })).toBe(told);
});

it("tells how it went, and how often", () => {
  expect(how(ENTRY)).toBe("Done");
  expect(how({ outcome: "invalid_credentials", times: 12 })).toBe(
    "Another password, or no such name, 12 times more",
  );
  expect(how({ outcome: "brand_new", times: 1 })).toBe("brand new");
});

it("makes rows of which no spreadsheet runs anything", () => {
  const actor = '=HYPERLINK("http://x")';
  const [head, row] = csvOf(rows([{ ...ENTRY, actor, detail: "+1" }])).split("\r\n");
  expect(head).toBe("at,actor,actor_kind,action,target,outcome,times,address,request_id,detail");
  expect(row).toContain(`,"'=HYPERLINK(""http://x"")",client,`);
  expect(row).toMatch(/,'\+1$/);
});
