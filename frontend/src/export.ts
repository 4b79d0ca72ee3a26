/** Files: a CSV for spreadsheets, and the daily report as Markdown for mails and minutes. */

import type { Schemas } from "./api/client";

type Daily = Schemas["Daily"];

const FIGURES = [
  "students",
  "active_students",
  "streaming_logs",
  "watch_time_seconds",
  "avg_watch_time_seconds",
  "avg_completion_percentage",
  "completed",
] as const;

export type Cell = string | number | null | undefined;

/** One row for the platform, each classroom and each lesson. */
export function csv(daily: Daily): string {
  const rows: Cell[][] = [["date", "part", "name", ...FIGURES]];
  const add = (
    part: string,
    name: string,
    figures: Partial<Record<(typeof FIGURES)[number], number | null>>,
  ) => rows.push([daily.date, part, name, ...FIGURES.map((figure) => figures[figure])]);
  add("totals", "", daily.totals);
  daily.classrooms.forEach((figures) => add("classroom", figures.classroom, figures));
  daily.lessons.forEach((figures) => add("lesson", figures.title, figures));
  return csvOf(rows);
}

/** Rows as a CSV, the head among them. */
export function csvOf(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => row.map(csvCell).join(",") + "\r\n").join("");
}

/** Quoted where it must be; what a spreadsheet would take for a formula is made text. */
function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return String(cell);
  const text = /^[=+\-@\t\r＝＋－＠]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The same as a page with tables. */
export function markdown(daily: Daily): string {
  const { date, time_zone, generated_at, totals, classrooms, lessons } = daily;
  const shown = (figure: number | null): Cell => (figure === null ? "–" : Math.round(figure * 10) / 10);
  const figures = (it: Schemas["Figures"]): Cell[] => [
    it.active_students,
    it.streaming_logs,
    it.watch_time_seconds,
    shown(it.avg_watch_time_seconds),
    shown(it.avg_completion_percentage),
    it.completed,
  ];
  const names = [
    "Active learners",
    "Logs",
    "Watch time (s)",
    "Avg. watch time (s)",
    "Avg. completion (%)",
    "Completed",
  ];
  return (
    [
      `# Daily report, ${date}`,
      `A day in ${time_zone}; figures of ${generated_at}.`,
      table(["", "Learners", ...names], [["All", totals.students, ...figures(totals)]]),
      "## Classrooms",
      table(
        ["Classroom", "Learners", ...names],
        classrooms.map((it) => [it.classroom, it.students, ...figures(it)]),
      ),
      "## Lessons",
      table(
        ["Lesson", ...names],
        lessons.map((it) => [it.title, ...figures(it)]),
      ),
    ].join("\n\n") + "\n"
  );
}

function table(head: string[], rows: Cell[][]): string {
  const line = (cells: Cell[]): string => `| ${cells.map(markdownCell).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

function markdownCell(cell: Cell): string {
  return String(cell ?? "")
    .replace(/[\\`*_[\]<>|]/g, "\\$&")
    .replace(/\s+/g, " ");
}

/** Spreadsheets read a CSV in the alphabet that their country had, unless it begins so. */
const BYTE_ORDER_MARK = "\uFEFF";

/** Hands a text to the reader as a file. */
export function download(name: string, type: string, text: string): void {
  const whole = type === "text/csv" ? BYTE_ORDER_MARK + text : text;
  downloadFile(name, new Blob([whole], { type: `${type};charset=utf-8` }));
}

/** Hands a file to the reader. */
export function downloadFile(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(url);
}
