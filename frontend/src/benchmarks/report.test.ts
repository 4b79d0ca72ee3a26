import { expect, it } from "vitest";
import { fileName, json, machineSize, repeats, summary, threshold } from "./report";
import { done, elapsed, seconds, step, took, verdict } from "./run";
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
  kind: "ingestion",
  parameters: { replicas: 2, duration_seconds: 60, logs: 240, repeats: 1 },
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
  expect(step(RUN.progress)).toBe("2 replicas (3 of 12 done)");
});

it("promises nothing before a run has said how much there is to do", () => {
  const progress = { step: "migrating", done: 0, total: 0, seconds: 0 };
  expect(done({ ...RUN, progress: null }, 9)).toBeNull();
  expect(done({ ...RUN, progress }, 9)).toBeNull();
  expect(step(null)).toMatch(/^Starting/);
  expect(step(progress)).toBe("migrating");
});

it("tells by its steps how far a run is, and by the time within each of them", () => {
  const at = (done_: number, total: number, seconds: number) =>
    done({ ...RUN, progress: { step: "", done: done_, total, seconds } }, seconds);
  // It takes about 65 s.
  expect(at(0, 1, 13)).toBeCloseTo(20);
  expect(at(0, 1, 600)).toBe(95);
  expect(at(1, 2, 13)).toBe(50);
  expect(at(1, 4, 60)).toBeCloseTo(48.75);
  expect(at(5, 4, 60)).toBe(100);
});

it("counts the time that passes between two steps", () => {
  const progress = { step: "", done: 0, total: 2, seconds: 0.5 };
  const first = elapsed(null, progress, 1000);
  expect(first.seconds).toBe(0.5);
  expect(elapsed(first, progress, 4000).seconds).toBe(3.5);
  expect(elapsed(first, { ...progress, seconds: 5 }, 4000).seconds).toBe(5);
});

it("tells a machine as far as it is known", () => {
  const machine = { processor: "", database: "" };
  expect(machineSize({ ...machine, cores: 2, memory_gib: 24.1 })).toMatch(/^2 cores, 24[.,]1 GiB$/);
  expect(machineSize({ ...machine, cores: 1, memory_gib: null })).toBe("1 core");
});

it("names files by what they hold", () => {
  expect(fileName("daily_report", "2026-11-26T02:10:00.5Z", "md")).toBe(
    "benchmark-daily_report-2026-11-26-02-10.md",
  );
  expect(json({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}\n');
});
