import { expect, it } from "vitest";
import { dropOff, share, steps } from "./progress";

function reached(students: Record<number, number>) {
  return Object.entries(students).map(([percentage, students]) => ({
    percentage: Number(percentage),
    students,
  }));
}

it("says where most people leave", () => {
  expect(dropOff(reached({ 0: 40, 25: 26, 50: 20, 75: 19, 90: 12 }))).toBe(
    "Most people leave before 25 %: 14 of 40 who started got no further.",
  );
  expect(dropOff(reached({ 0: 40, 25: 39, 50: 27, 75: 26, 90: 20 }))).toBe(
    "Most people leave between 25 % and 50 %: 12 of 39 who got to 25 % got no further.",
  );
  expect(dropOff(reached({ 0: 9, 25: 9, 50: 9, 75: 9, 90: 0 }))).toBe(
    "Most people leave between 75 % and 90 %: 9 of 9 who got to 75 % got no further.",
  );
});

it("names the first of two steps that lose as many", () => {
  expect(dropOff(reached({ 0: 3, 25: 2, 50: 1, 75: 1, 90: 1 }))).toContain("before 25 %");
});

it("has a sentence where nobody left, and where nobody came", () => {
  expect(dropOff(reached({ 0: 5, 25: 5, 50: 5, 75: 5, 90: 5 }))).toBe(
    "Nobody has left: everybody who started got to 90 %.",
  );
  for (const none of [reached({ 0: 0, 25: 0, 50: 0, 75: 0, 90: 0 }), []]) {
    expect(dropOff(none)).toBe("Nobody has started this lesson in these days.");
  }
});

it("tells the loss of each step of those who got to the one before", () => {
  const [start, quarter, half, , end] = steps(reached({ 0: 40, 25: 20, 50: 20, 75: 10, 95: 5 }));
  expect(start).toMatchObject({ name: "Started", share: 100, lost: 0, lostShare: 0 });
  expect(quarter).toMatchObject({ name: "25 %", share: 50, lost: 20, lostShare: 50 });
  expect(half).toMatchObject({ lost: 0, lostShare: 0 });
  expect(end).toMatchObject({ name: "Completed (95 %)", share: 12.5, lost: 5, lostShare: 50 });
});

it("divides nothing by nothing", () => {
  expect(share(0, 0)).toBe(0);
  expect(steps(reached({ 0: 0, 25: 0 })).map(({ lostShare }) => lostShare)).toEqual([0, 0]);
});
