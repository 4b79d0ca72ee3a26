import { expect, it } from "vitest";
import { again, asked, extent, type Form, faults, INITIAL, order, placed, told, withKind } from "./form";
import { about, KINDS, kindName } from "./kinds";
import type { BenchmarkParameters } from "./types";

function form(changes: Partial<Omit<Form, "texts">>, texts: Partial<Form["texts"]> = {}): Form {
  return { ...INITIAL, ...changes, texts: { ...INITIAL.texts, ...texts } };
}

const PARAMETERS: BenchmarkParameters = {
  replicas: 2,
  interval_seconds: 5,
  rate: null,
  max: false,
  duration_seconds: 60,
  logs: 240,
  dashboards: 1,
  target_p99_ms: 50,
  repeats: 1,
};

it("sends what a kind depends on, and no more", () => {
  expect(order(form({ kind: "queries" }))).toEqual({ kind: "queries", logs: 240, repeats: 1 });
  expect(order(form({ kind: "ingestion" }))).toEqual({
    kind: "ingestion",
    replicas: 2,
    interval_seconds: 5,
    duration_seconds: 60,
    target_p99_ms: 50,
    repeats: 1,
  });
  expect(order(form({ kind: "connections" }))).toEqual({ kind: "connections", repeats: 1 });
});

it("has one pace: an interval, a rate, or none", () => {
  expect(order(form({ pace: "interval" }, { interval_seconds: "0,5" }))).toMatchObject({
    interval_seconds: 0.5,
  });
  const rate = order(form({ pace: "rate" }, { rate: "20" }));
  expect(rate).toMatchObject({ rate: 20 });
  expect(rate).not.toHaveProperty("interval_seconds");
  const most = order(form({ pace: "max" }));
  expect(most).toMatchObject({ max: true });
  expect(asked(form({ pace: "max" }))).toEqual(["replicas", "duration_seconds", "target_p99_ms", "repeats"]);
  expect(order(form({ kind: "queries", pace: "max" }))).not.toHaveProperty("max");
});

it("asks for the same again, with one pace", () => {
  const { interval_seconds: _, rate: __, max: ___, ...others } = PARAMETERS;
  const paced = (changes: Partial<BenchmarkParameters>) =>
    again({ kind: "scaling", parameters: { ...PARAMETERS, ...changes } });
  expect(paced({})).toEqual({ kind: "scaling", ...others, interval_seconds: 5 });
  expect(paced({ rate: 20 })).toEqual({ kind: "scaling", ...others, rate: 20 });
  expect(paced({ max: true })).toEqual({ kind: "scaling", ...others, max: true });
});

it("says at each field what is wrong with it, and nothing of fields out of sight", () => {
  const typed = { replicas: "1.5", interval_seconds: "", duration_seconds: "0", repeats: "two", logs: "-1" };
  expect(faults(form({}, typed))).toEqual({
    replicas: "A whole number is wanted here.",
    interval_seconds: "A number is wanted here.",
    duration_seconds: "This must be more than nothing.",
    repeats: "A number is wanted here.",
  });
  expect(faults(INITIAL)).toEqual({});
});

it("puts what the server says to the field that it is about", () => {
  const found = [
    { pointer: "/replicas", detail: "at most 64" },
    { pointer: "/logs", detail: "at most a million" },
  ];
  expect(placed(INITIAL, found)).toEqual({ faults: { replicas: "at most 64" }, left: ["at most a million"] });
});

it("has more replicas where they are what is measured, unless somebody has typed how many", () => {
  const scaling = withKind(INITIAL, "scaling");
  expect(scaling).toMatchObject({ kind: "scaling", texts: { replicas: "4" } });
  expect(withKind(scaling, "ingestion").texts.replicas).toBe("2");
  expect(withKind(form({}, { replicas: "3" }), "full").texts.replicas).toBe("3");
});

it("tells about how long it takes, and longer for more", () => {
  const known = extent(form({}, { duration_seconds: "nonsense" }));
  expect(known.duration_seconds).toBe(60);
  for (const { kind } of KINDS) {
    expect(about(kind, known)).toBeGreaterThan(0);
    expect(about(kind, { ...known, repeats: 3 })).toBeGreaterThan(about(kind, known));
  }
  expect(about("ingestion", known)).toBe(90);
  const longest = Math.max(
    ...KINDS.filter(({ kind }) => kind !== "full").map(({ kind }) => about(kind, known)),
  );
  expect(about("full", known)).toBeGreaterThan(longest);
});

it("tells what was asked of a run", () => {
  const texts = (kind: string, changes: Partial<BenchmarkParameters> = {}): string[] =>
    told(kind, { ...PARAMETERS, ...changes }).map(({ name, text }) => `${name}: ${text}`);
  expect(texts("ingestion")).toEqual([
    "Replicas: 2",
    "Pace: one log each 5 s from each replica",
    "Duration: 60 s",
    "Target: p99 ≤ 50 ms",
    "Repeats: 1",
  ]);
  expect(texts("ingestion", { rate: 20 })[1]).toBe("Pace: 20 logs a second over all replicas");
  expect(texts("ingestion", { max: true })[1]).toBe("Pace: as fast as it goes");
  expect(texts("scaling")[1]).toBe("Interval: 5 s");
  expect(texts("capacity")[0]).toBe("Target: p99 ≤ 50 ms");
});

it("has a name for kinds that only a newer server knows", () => {
  expect(kindName("daily_report")).toBe("Daily report");
  expect(kindName("cold_start")).toBe("Cold start");
});
