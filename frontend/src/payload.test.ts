import { expect, it } from "vitest";
import { readable } from "./payload";

it("puts JSON on lines", () => {
  expect(readable('{"student":"demo-1", "lesson": 1}')).toBe('{\n  "student": "demo-1",\n  "lesson": 1\n}');
});

it("shows what it would change, or cannot read, as it was sent", () => {
  for (const payload of ['{"student_id":9007199254740993}', '{"a":1,"a":2}', '{"student":', "", "1e999"]) {
    expect(readable(payload)).toBe(payload);
  }
});
