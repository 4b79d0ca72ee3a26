import { expect, it } from "vitest";
import { choice, newPasswordFaults, order, placed, roleName, sees } from "./people";

it("asks classrooms of educators alone", () => {
  const classrooms = ["IA_2025"];
  expect(order({ role: "educator", classrooms })).toEqual({ role: "educator", classrooms });
  expect(order({ role: "educator", classrooms: [] })).toEqual({ role: "educator", classrooms: [] });
  expect(order({ role: "analyst", classrooms })).toEqual({ role: "analyst" });
});

it("says what somebody sees", () => {
  expect(roleName("operator")).toBe("Operator");
  expect(sees({ classrooms: null })).toBe("all");
  expect(sees({ classrooms: [] })).toBe("none yet");
  expect(sees({ classrooms: ["IA_2025", "Web_2025"] })).toBe("IA_2025, Web_2025");
});

it("offers what there is and what was chosen, each once", () => {
  expect(choice(["Web_2025", "IA_2025"], ["Gone_2024", "IA_2025"])).toEqual([
    "Gone_2024",
    "IA_2025",
    "Web_2025",
  ]);
});

it("puts what the server says to the field that it is about", () => {
  const found = [
    { pointer: "/classrooms/1", detail: "there is no classroom of this name" },
    { pointer: "/password", detail: "too short" },
  ];
  expect(placed(found)).toEqual({ classrooms: "There is no classroom of this name." });
  expect(placed([{ pointer: "/name", detail: "it is empty" }])).toEqual({ name: "It is empty." });
  expect(placed([])).toEqual({});
});

it("finds what is wrong with a new password before the server is asked", () => {
  const faults = (chosen: string, again = chosen, password = "x"): string[] =>
    Object.keys(newPasswordFaults({ password, chosen, again }, "ada@school.example"));
  expect(faults("twelve chars")).toEqual([]);
  expect(faults("eleven char")).toEqual(["chosen"]);
  expect(faults("🐘🐘🐘🐘🐘🐘")).toEqual(["chosen"]);
  expect(faults("Ada@School.example ")).toEqual(["chosen"]);
  expect(faults("twelve chars", "twelve chart")).toEqual(["again"]);
  expect(faults("twelve chars", "twelve chars", "")).toEqual(["password"]);
});
