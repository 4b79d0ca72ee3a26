import { expect, it } from "vitest";
import { amount, days, daysAfter, duration, NONE, sentence, silence } from "./format";

it("says a length of time by its two largest units", () => {
  expect([0, 59, 60, 3_661, 90_000, null].map(duration)).toEqual([
    "0 s",
    "59 s",
    "1 min",
    "1 h 1 min",
    "1 d 1 h",
    NONE,
  ]);
});

it("knows the calendar", () => {
  expect(daysAfter("2024-02-28", 1)).toBe("2024-02-29");
  expect(daysAfter("2026-03-29", -1)).toBe("2026-03-28");
  expect(daysAfter("2026-01-01", -1)).toBe("2025-12-31");
});

it("says over which days, and how long nobody has heard of somebody", () => {
  expect(days(null, null)).toBe("All time");
  expect(days("2026-11-12", "2026-11-12")).toMatch(/^\D*12\D*2026$/);
  expect(days("2026-11-12", "2026-11-18")).toMatch(/12.* to .*18.*/);
  expect(silence(null)).toBe("never streamed");
  expect(silence("2026-11-12")).toMatch(/^no log since .*12.*2026$/);
});

it("gives a measure as many digits as mean something", () => {
  expect(amount(24, "/min")).toBe("24 /min");
  expect(amount(0.0123456)).toMatch(/^0[.,]01235$/);
  expect(amount(163_123.4).replace(/\D/g, "")).toBe("163123");
  expect(amount(null, "ms")).toBe(NONE);
});

it("makes a sentence of what a program says in passing", () => {
  expect(sentence("it is empty")).toBe("It is empty.");
  expect(sentence("Wait!")).toBe("Wait!");
});
