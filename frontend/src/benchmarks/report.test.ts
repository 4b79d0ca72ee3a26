import { expect, it } from "vitest";
import { fileName, json, repeats, summary, threshold } from "./report";
import { done, seconds, step, took, verdict } from "./run";
import type { Benchmark, Measure, Report, Verdict } from "./types";

function measure(label: string, verdict: Verdict | null, changes: Partial<Measure> = {}): Measure {
  const name = label.toLowerCase();
  return {
    name,
    label,
    value: 24,
    unit: "/min",
    text: "24 /min",
    threshold: null,
    original: null,
    verdict,
    better: "higher",
    repeats: [24],
    ...changes,
  };
}

function report(...rows: Measure[]): Report {
  return {
    sections: [{ name: "ingestion", title: "Ingestion", notes: [], rows, plots: [] }],
  } as unknown as Report;
}

const RUN = {
  created_at: "2026-11-26T02:10:00Z",
  finished_at: null,
  progress: { step: "2 replicas", done: 3, total: 12, seconds: 12.3 },
} as Benchmark;

it("says in a sentence which thresholds were missed", () => {
  const [held, missed, other] = [
    measure("Rate", "passed"),
    measure("p99", "failed"),
    measure("Loss", "failed"),
  ];
  expect(summary(report(held, measure("Mean", null)))).toBe("The one threshold was held.");
  expect(summary(report(held, held))).toBe("All 2 thresholds were held.");
  expect(summary(report(held, missed))).toBe("1 of 2 thresholds was missed: p99.");
  expect(summary(report(held, missed, other))).toBe("2 of 3 thresholds were missed: p99; Loss.");
  expect(summary(report(measure("Mean", null)))).toBe("Nothing in this report has a threshold.");
});

it("tells a measure", () => {
  expect(repeats(measure("Rate", null))).toBeNull();
  expect(repeats(measure("Rate", null, { repeats: [24, 23.91] }))).toBe("each time: 24, 23.91");
  expect(threshold(measure("Rate", null))).toBe("–");
  const known = { at_least: 24, at_most: null, text: "≥ 24 /min" };
  expect(threshold(measure("Rate", null, { threshold: known }))).toBe("≥ 24 /min");
  expect([verdict("passed"), verdict("failed"), verdict(null)]).toEqual(["✓ Passed", "✗ Failed", "–"]);
});

it("tells a run, while it goes on and afterwards", () => {
  expect(took(RUN)).toBe("12 s");
  expect(seconds({ ...RUN, finished_at: "2026-11-26T02:12:05Z" })).toBe(125);
  expect(took({ ...RUN, progress: null })).toBe("–");
  expect(done(RUN.progress)).toBe(25);
  expect(step(RUN.progress)).toBe("2 replicas (3 of 12 done)");
});

it("promises nothing before a run has said how much there is to do", () => {
  const progress = { step: "migrating", done: 0, total: 0, seconds: 0 };
  expect([done(null), done(progress)]).toEqual([null, null]);
  expect(step(null)).toMatch(/^Starting/);
  expect(step(progress)).toBe("migrating");
  expect(done({ ...progress, done: 5, total: 4 })).toBe(100);
});

it("names files by what they hold", () => {
  expect(fileName("daily_report", "2026-11-26T02:10:00.5Z", "md")).toBe(
    "benchmark-daily_report-2026-11-26-02-10.md",
  );
  expect(json({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}\n');
});
