import { describe, expect, it } from "vitest";
import {
  isIdeal,
  moved,
  nearest,
  places,
  placeScale,
  points,
  position,
  scale,
  told,
  toldAt,
  valueAt,
} from "./chart";
import type { Plot } from "./types";

const PLOT: Plot = {
  name: "scaling",
  title: "Records per minute by replicas",
  x: "replicas",
  y: "records per minute",
  lines: [
    {
      name: "measured",
      points: [
        [1, 12],
        [2, 23.5],
        [4, 47],
      ],
    },
    {
      name: "ideal",
      points: [
        [1, 12],
        [4, 48],
      ],
    },
  ],
};

describe("a scale", () => {
  it("ends at round numbers and holds all values", () => {
    expect(scale([12, 23.5, 47], 5, true)).toEqual({ from: 0, to: 60, ticks: [0, 20, 40, 60] });
    expect(scale([12, 96], 5, true).ticks).toEqual([0, 25, 50, 75, 100]);
    expect(scale([0.1, 0.37], 5)).toEqual({ from: 0.1, to: 0.4, ticks: [0.1, 0.2, 0.3, 0.4] });
    expect(scale([-3.5, 3], 5)).toEqual({ from: -4, to: 4, ticks: [-4, -2, 0, 2, 4] });
  });

  it("counts in whole numbers what is whole", () => {
    expect(scale([1, 2], 9).ticks).toEqual([1, 2]);
    expect(scale([1, 2, 4], 9).ticks).toEqual([1, 2, 3, 4]);
  });

  it.each([[[5]], [[0]], [[-2]], [[0.4]]])("has room where all values are the same: %j", (values) => {
    const { from, to, ticks } = scale(values, 5);
    expect(from).toBeLessThan(to);
    expect(values[0]).toBeGreaterThanOrEqual(from);
    expect(values[0]).toBeLessThanOrEqual(to);
    expect(ticks.length).toBeGreaterThan(1);
  });

  it("has a place for each value", () => {
    const known = scale([0, 60], 4);
    expect([0, 30, 60].map((value) => position(known, value, 200))).toEqual([0, 100, 200]);
  });
});

describe("what was varied", () => {
  it("is drawn by factors where it was varied by factors, and far", () => {
    const known = placeScale([1, 4, 16, 64, 256], 9);
    expect(known).toMatchObject({ isLogarithmic: true, ticks: [1, 4, 16, 64, 256] });
    expect(position(known, 16, 200)).toBeCloseTo(100);
    expect(placeScale([1, 4, 16, 64, 256], 3).ticks).toEqual([1, 16, 256]);
  });

  it("has a tick where something was measured, if there is room for it", () => {
    expect(placeScale([1, 2, 4, 8], 5)).toEqual({ from: 1, to: 8, ticks: [1, 2, 4, 8] });
    expect(placeScale([1, 2, 3, 59, 60], 5).ticks).toEqual([0, 20, 40, 60]);
  });

  it.each([[[1, 2, 4, 8]], [[1, 2, 3, 59, 60]], [[0, 10, 1000]], [[7]]])(
    "is even otherwise: %j",
    (places) => {
      expect(placeScale(places, 9).isLogarithmic).toBeUndefined();
    },
  );
});

describe("a chart", () => {
  it("leaves out what nobody can draw", () => {
    expect(points({ name: "measured", points: [[1, 2], [3], [NaN, 1], []] })).toEqual([[1, 2]]);
  });

  it("is asked at the places that any of its lines has", () => {
    expect(places(PLOT)).toEqual([1, 2, 4]);
    expect([-5, 1.4, 1.6, 3.1, 99].map((x) => nearest(places(PLOT), x))).toEqual([0, 0, 1, 2, 2]);
    expect(valueAt(PLOT.lines[1]!, 2)).toBeNull();
  });

  it("is walked through by keys", () => {
    expect(moved("ArrowRight", 0, 3)).toBe(1);
    expect(moved("ArrowRight", 2, 3)).toBe(2);
    expect(moved("ArrowLeft", 0, 3)).toBe(0);
    expect(moved("End", 0, 3)).toBe(2);
    expect(moved("Tab", 1, 3)).toBeUndefined();
  });

  it("is told to those who do not see it", () => {
    expect(toldAt(PLOT, 2)).toBe("2 replicas: measured 23.5");
    expect(toldAt(PLOT, 4)).toBe("4 replicas: measured 47, ideal 48");
    expect(told(PLOT)).toBe(
      "records per minute, by replicas. measured: from 12 at 1 to 47 at 4 replicas. " +
        "ideal: from 12 at 1 to 48 at 4 replicas.",
    );
    const one: Plot = { ...PLOT, lines: [{ name: "measured", points: [[1, 12]] }] };
    expect(told(one)).toContain("measured: 12 at 1 replicas.");
    expect(told({ ...PLOT, lines: [{ name: "measured", points: [] }] })).toBe("No point was measured.");
  });

  it("knows what was never measured", () => {
    expect(PLOT.lines.map(isIdeal)).toEqual([false, true]);
  });
});
