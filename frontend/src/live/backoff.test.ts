import { expect, it } from "vitest";
import { pause } from "./backoff";

it("waits twice as long each time, up to a quarter of a minute", () => {
  expect([1, 2, 3, 6, 60].map((failures) => pause(failures, 1))).toEqual([500, 1000, 2000, 15_000, 15_000]);
});

it("is never in step: half of the pause is left to chance", () => {
  expect([0, 0.5, 1].map((random) => pause(2, random))).toEqual([500, 750, 1000]);
});
