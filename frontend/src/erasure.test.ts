import { expect, it } from "vitest";
import { lines, type Receipt, text } from "./erasure";

const RECEIPT: Receipt = {
  receipt_id: "6f0f5c1e-3a55-4f7c-9d57-2f4c1b0aed7e",
  erased_at: "2026-01-31T23:30:00.000000Z",
  student_id: 42,
  erased: { streaming_logs: 812, viewing_days: 40, completions: 7, rejected_logs: 1 },
};

it("tells what went, how much and when, in the platform's zone", () => {
  const told = Object.fromEntries(lines(RECEIPT, "Europe/Paris"));
  expect(told).toMatchObject({ Receipt: RECEIPT.receipt_id, Logs: "812", "Refused logs": "1" });
  expect(told["Erased on"]).toMatch(/2026.*\(Europe\/Paris\)$/);
  expect(told["Erased on"]).toContain(
    new Intl.DateTimeFormat(undefined, { month: "short" }).format(new Date(2026, 1)),
  );
});

it("is the same as text, a line for each", () => {
  expect(text(RECEIPT, "UTC").split("\n")).toHaveLength(lines(RECEIPT, "UTC").length);
  expect(text(RECEIPT, "UTC")).toContain(`Receipt: ${RECEIPT.receipt_id}\n`);
});
