/** Over which days figures are told. */

import { daysAfter } from "./format";

export const RANGES = [
  { range: "all", name: "All time" },
  { range: "today", name: "Today" },
  { range: "week", name: "7 days" },
  { range: "month", name: "31 days" },
] as const;

export type Range = (typeof RANGES)[number]["range"];

/** As the API takes them: nothing for all time. */
export interface Bounds {
  from?: string;
  to?: string;
}

const DAYS = { today: 1, week: 7, month: 31 } as const;

/** The days of a range that ends today; both ends are included. */
export function bounds(range: Range, today: string): Bounds {
  return range === "all" ? {} : { from: daysAfter(today, 1 - DAYS[range]), to: today };
}
