import { expect, it } from "vitest";
import { beginning, span } from "./days";

it.each([
  ["2026-01-31", "UTC", "2026-01-31T00:00:00.000Z"],
  ["2026-01-31", "Europe/Paris", "2026-01-30T23:00:00.000Z"],
  ["2026-07-31", "Europe/Paris", "2026-07-30T22:00:00.000Z"],
  // The days on which the clock is changed, and those after them.
  ["2026-03-29", "Europe/Paris", "2026-03-28T23:00:00.000Z"],
  ["2026-03-30", "Europe/Paris", "2026-03-29T22:00:00.000Z"],
  ["2026-10-25", "Europe/Paris", "2026-10-24T22:00:00.000Z"],
  ["2026-10-26", "Europe/Paris", "2026-10-25T23:00:00.000Z"],
  ["2026-01-31", "America/New_York", "2026-01-31T05:00:00.000Z"],
  ["2026-01-31", "Asia/Kolkata", "2026-01-30T18:30:00.000Z"],
  // A day without a midnight, and one that follows an hour which came twice.
  ["2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"],
  ["2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00.000Z"],
])("knows when %s begins in %s", (date, zone, moment) => {
  expect(beginning(date, zone)).toBe(moment);
});

it.each(["0002-01-31", "0202-01-31", "12026-01-31", "9999-12-31"])(
  "leaves %s open, which is still being typed",
  (day) => {
    expect(span(day, "", "Europe/Paris")).toEqual({});
    expect(span("", day, "Europe/Paris").to ?? "").not.toMatch(/Invalid/);
  },
);

it("lasts to the end of the last day, and is open where none is named", () => {
  expect(span("2026-03-29", "2026-03-29", "Europe/Paris")).toEqual({
    from: "2026-03-28T23:00:00.000Z",
    to: "2026-03-29T22:00:00.000Z",
  });
  expect(span("", "2025-12-31", "UTC")).toEqual({ to: "2026-01-01T00:00:00.000Z" });
  expect(span("", "", "UTC")).toEqual({});
});
