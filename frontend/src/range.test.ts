import { expect, it } from "vitest";
import { bounds } from "./range";

it("counts today among the days of a range", () => {
  expect(bounds("all", "2026-03-03")).toEqual({});
  expect(bounds("today", "2026-03-03")).toEqual({ from: "2026-03-03", to: "2026-03-03" });
  expect(bounds("week", "2026-03-03")).toEqual({ from: "2026-02-25", to: "2026-03-03" });
  expect(bounds("month", "2024-03-01")).toEqual({ from: "2024-01-31", to: "2024-03-01" });
});
