import { expect, it } from "vitest";
import { link, parse } from "./route";

it("begins with today as it happens", () => {
  for (const fragment of ["", "#", "#/"]) expect(parse(fragment)).toEqual({ page: "live", argument: null });
});

it("finds the page that a link names, whatever its argument is called", () => {
  for (const argument of ["2026-01-31", "Data 2025", "a/b", "100 %", "Été#1"]) {
    expect(parse(link("classrooms", argument))).toEqual({ page: "classrooms", argument });
  }
  expect(parse(link("lessons", 12))).toEqual({ page: "lessons", argument: "12" });
  expect(parse(link("lessons"))).toEqual({ page: "lessons", argument: null });
});

it("takes what somebody typed as it stands", () => {
  expect(parse("#/classrooms/100%")).toEqual({ page: "classrooms", argument: "100%" });
  expect(parse("#/lessons/")).toEqual({ page: "lessons", argument: null });
});
