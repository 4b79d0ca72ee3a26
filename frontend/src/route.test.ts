import { expect, it } from "vitest";
import { link, parse } from "./route";

it("begins with today as it happens", () => {
  for (const fragment of ["", "#", "#/"])
    expect(parse(fragment)).toMatchObject({ page: "live", argument: null });
});

it("finds the page that a link names, whatever its argument is called", () => {
  for (const argument of ["2026-01-31", "Data 2025", "a/b", "100 %", "Été#1"]) {
    expect(parse(link("classrooms", argument))).toMatchObject({ page: "classrooms", argument });
  }
  expect(parse(link("lessons", 12))).toMatchObject({ page: "lessons", argument: "12" });
  expect(parse(link("lessons"))).toMatchObject({ page: "lessons", argument: null });
});

it("takes what somebody typed as it stands", () => {
  expect(parse("#/classrooms/100%")).toMatchObject({ page: "classrooms", argument: "100%" });
  expect(parse("#/lessons/")).toMatchObject({ page: "lessons", argument: null });
});

it("keeps what follows the argument", () => {
  const fragment = link("benchmarks", "a/b", "compare", "c");
  expect(fragment).toBe("#/benchmarks/a%2Fb/compare/c");
  expect(parse(fragment)).toEqual({ page: "benchmarks", argument: "a/b", rest: ["compare", "c"] });
  expect(parse("#/benchmarks/1//compare/").rest).toEqual(["compare"]);
  expect(link("benchmarks", "1", undefined, null)).toBe("#/benchmarks/1");
});
