import { expect, it } from "vitest";
import { change, changeTone, comparable, differences, noise, ratio, summary } from "./comparison";
import type { Benchmark, BenchmarkParameters, Compared, Comparison } from "./types";

function comparison(...verdicts: Compared["verdict"][]): Comparison {
  const rows = verdicts.map((verdict) => ({ verdict }) as Compared);
  return { rows, regressions: verdicts.filter((it) => it === "worse").length } as Comparison;
}

function run(id: string, changes: Partial<Benchmark> = {}): Benchmark {
  return { id, kind: "ingestion", status: "finished", ...changes } as Benchmark;
}

it("says whether anything got worse", () => {
  expect(summary(comparison("same", "same"))).toBe("No measure differs by more than the noise between runs.");
  expect(summary(comparison("same", "better"))).toBe(
    "Nothing is worse; 1 better, 1 the same within the noise.",
  );
  expect(summary(comparison("worse", "better", "worse"))).toBe(
    "2 of 3 worse; 1 better, 0 the same within the noise.",
  );
  expect(summary(comparison())).toBe("The two runs have no measure in common.");
});

it("tells a change by a sign and a word, and not by its colour alone", () => {
  const rows = comparison("better", "same", "worse").rows;
  expect(rows.map(change)).toEqual(["▲ Better", "= Same", "▼ Worse"]);
  expect(rows.map(changeTone)).toEqual(["good", null, "bad"]);
  expect(ratio(0.9963)).toMatch(/^0[.,]996 ×$/);
  expect(ratio(2)).toMatch(/^2[.,]00 ×$/);
  expect(noise(0.05)).toBe("± 5 %");
  expect([ratio(null), ratio(1e9), noise(null)]).toEqual(["–", "–", "–"]);
});

it("compares with other runs of the same kind that came to their end", () => {
  const runs = [
    run("a"),
    run("b"),
    run("c", { kind: "queries" }),
    run("d", { status: "running" }),
    run("e", { status: "cancelled" }),
  ];
  expect(comparable(runs, run("a")).map(({ id }) => id)).toEqual(["b"]);
});

it("says where two runs were not asked for the same", () => {
  const before = { replicas: 2, interval_seconds: 5, rate: null, max: false } as BenchmarkParameters;
  expect(differences(before, before)).toEqual([]);
  expect(differences(before, { ...before, replicas: 4, rate: 20, max: true })).toEqual([
    "Replicas 2 → 4",
    "Rate – → 20",
    "As fast as it goes no → yes",
  ]);
});
