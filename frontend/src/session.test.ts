import { expect, it } from "vitest";
import { hear, leave, may, needsSignIn, reader, type Session, UNKNOWN } from "./session";

const NOBODY = { name: null, kind: null, role: null, classrooms: null, expires_at: null };
const OPEN: Session = { ...NOBODY, scopes: ["read"], sign_in: "optional" };
const SHUT: Session = { ...NOBODY, scopes: [], sign_in: "required" };
const SCHOOL: Session = {
  name: "school",
  kind: "client",
  role: null,
  classrooms: null,
  scopes: ["read", "roster"],
  expires_at: "2026-11-29T22:00:00Z",
  sign_in: "required",
};

it("asks nobody to sign in where reading is open, or before the server has said anything", () => {
  expect(needsSignIn(UNKNOWN)).toBe(false);
  expect(needsSignIn(hear(UNKNOWN, OPEN))).toBe(false);
  expect(needsSignIn(hear(UNKNOWN, SHUT))).toBe(true);
  expect(needsSignIn(hear(UNKNOWN, SCHOOL))).toBe(false);
});

it("knows what a reader may do", () => {
  expect(may(UNKNOWN, "roster")).toBe(true);
  expect(may(hear(UNKNOWN, OPEN), "roster")).toBe(false);
  expect(may(hear(UNKNOWN, SCHOOL), "roster")).toBe(true);
});

it("lets pages ask again once there is more to see, and only then", () => {
  const stranger = hear(UNKNOWN, SHUT);
  const signedIn = hear(stranger, SCHOOL);
  expect(signedIn.turn).toBe(stranger.turn + 1);
  expect(hear(signedIn, { ...SCHOOL, expires_at: "2026-11-29T23:00:00Z" }).turn).toBe(signedIn.turn);
  expect(hear(signedIn, { ...SCHOOL, scopes: ["read"] }).turn).toBe(signedIn.turn);
  expect(hear(signedIn, { ...SCHOOL, scopes: ["read", "roster", "ingest"] }).turn).toBe(signedIn.turn + 1);
});

it("lets pages ask again once an educator has other classrooms", () => {
  const ada: Session = { ...SCHOOL, name: "ada", kind: "user", role: "educator", classrooms: ["IA_2025"] };
  const before = hear(UNKNOWN, ada);
  expect(hear(before, { ...ada, classrooms: ["IA_2025"] }).turn).toBe(before.turn);
  expect(hear(before, { ...ada, classrooms: ["IA_2025", "Web_2025"] }).turn).toBe(before.turn + 1);
  expect(hear(before, { ...ada, classrooms: null }).turn).toBe(before.turn + 1);
});

it("says that a session has ended until somebody signs in, and leaves the page as it is", () => {
  const signedIn = hear(UNKNOWN, SCHOOL);
  const ended = hear(signedIn, SHUT);
  expect(ended).toMatchObject({ hasEnded: true, turn: signedIn.turn });
  expect(hear(ended, SHUT)).toMatchObject({ hasEnded: true, turn: signedIn.turn });
  expect(hear(ended, SCHOOL)).toMatchObject({ hasEnded: false, turn: signedIn.turn + 1 });
});

it("knows whom a page is of after the session has ended, until somebody else is there or nobody wants to be", () => {
  const ended = hear(hear(UNKNOWN, SCHOOL), OPEN);
  expect(reader(ended)).toEqual(SCHOOL);
  expect(may(ended, "roster")).toBe(true);
  expect(may(ended, "admin")).toBe(false);
  expect(reader(hear(ended, OPEN))).toEqual(SCHOOL);
  const ada: Session = { ...SCHOOL, name: "ada", kind: "user", role: "analyst", scopes: ["read"] };
  expect(reader(hear(ended, ada))).toEqual(ada);
  const left = hear(leave(ended), OPEN);
  expect(reader(left)).toEqual(OPEN);
  expect(may(left, "roster")).toBe(false);
});

it("does not call it an end when the reader signs out", () => {
  const left = leave(hear(UNKNOWN, SCHOOL));
  expect(left.hasEnded).toBe(false);
  expect(hear(left, SHUT).hasEnded).toBe(false);
  expect(may(left, "read")).toBe(false);
});
