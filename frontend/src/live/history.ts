/** The last minutes of a rate, for charts over time. */

import type { components } from "../api/schema";

type Rates = components["schemas"]["Rates"];

/** A moment of the past: what the rates were. */
export interface Moment {
  /** Unix time, in seconds. */
  second: number;
  logsPerSecond: number;
  activeStudents: number;
}

/** How far back a chart looks, in seconds. */
export const HISTORY_SECONDS = 300;

/** Without a moment for longer than this, nobody knows what was: the server speaks each ten seconds. */
const UNKNOWN_AFTER_SECONDS = 15;

/** Seconds and values as a chart draws them: where nobody knows, no line joins what was before to what comes after. */
export function line(
  history: readonly Moment[],
  value: (moment: Moment) => number,
): [seconds: number[], values: (number | null)[]] {
  const [seconds, values]: [number[], (number | null)[]] = [[], []];
  for (const moment of history) {
    const before = seconds.at(-1);
    if (before !== undefined && moment.second - before > UNKNOWN_AFTER_SECONDS) {
      seconds.push(before + 1);
      values.push(null);
    }
    seconds.push(moment.second);
    values.push(value(moment));
  }
  return [seconds, values];
}

/** The history with one moment more; a second has one moment, the last that was noted. */
export function remember(history: readonly Moment[], now: Date, rates: Rates): Moment[] {
  const second = Math.floor(now.getTime() / 1000);
  const moment = {
    second,
    logsPerSecond: rates.streaming_logs_per_second,
    activeStudents: rates.active_students,
  };
  const kept = history.filter((it) => it.second > second - HISTORY_SECONDS && it.second < second);
  return [...kept, moment];
}
