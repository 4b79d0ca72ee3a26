import { expect, it } from "vitest";
import type { Schemas } from "./api/client";
import { csv, markdown } from "./export";

const figures = {
  active_students: 1,
  streaming_logs: 2,
  watch_time_seconds: 90,
  avg_watch_time_seconds: 45,
  avg_completion_percentage: 66.66,
  completed: 0,
};

const none = {
  active_students: 0,
  streaming_logs: 0,
  watch_time_seconds: 0,
  avg_watch_time_seconds: null,
  avg_completion_percentage: null,
  completed: 0,
};

const daily: Schemas["Daily"] = {
  date: "2021-11-29",
  time_zone: "UTC",
  generated_at: "2021-11-30T00:00:00Z",
  totals: { students: 3, ...figures },
  classrooms: [{ classroom: '=1+1, "A"', students: 3, ...figures }],
  lessons: [{ lesson_id: 1, external_id: "x", title: "A | B", subject: null, ...none }],
};

it("writes a CSV that no spreadsheet runs", () => {
  expect(csv(daily)).toBe(
    "date,part,name,students,active_students,streaming_logs,watch_time_seconds,avg_watch_time_seconds," +
      "avg_completion_percentage,completed\r\n" +
      "2021-11-29,totals,,3,1,2,90,45,66.66,0\r\n" +
      '2021-11-29,classroom,"\'=1+1, ""A""",3,1,2,90,45,66.66,0\r\n' +
      "2021-11-29,lesson,A | B,,0,0,0,,,0\r\n",
  );
});

it.each(["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])(
  "makes text of what begins with %j",
  (sign) => {
    const named = { ...daily, classrooms: [{ ...daily.classrooms[0]!, classroom: `${sign}1` }] };
    const cell = `'${sign}1`;
    expect(csv(named)).toContain(`,classroom,${sign === "\r" ? `"${cell}"` : cell},`);
  },
);

it("writes Markdown whose tables hold", () => {
  const lines = markdown(daily).split("\n");
  expect(lines[0]).toBe("# Daily report, 2021-11-29");
  expect(lines).toContain("| A \\| B | 0 | 0 | 0 | – | – | 0 |");
});
