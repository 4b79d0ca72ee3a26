/** How far learners get in a lesson, in words and in steps. */

import type { components } from "./api/schema";
import { count, percentage } from "./format";

type Reached = components["schemas"]["Reached"];

/** One step of the way from the start to the end. */
export interface Step {
  percentage: number;
  name: string;
  students: number;
  /** Of all who started, 0 to 100. */
  share: number;
  /** Who got to the step before and not to this one. */
  lost: number;
  /** Of those who got to the step before, 0 to 100. */
  lostShare: number;
}

/** The marks that are the same for every lesson; the one besides is where the platform calls a lesson completed. */
const QUARTERS = [0, 25, 50, 75];

/** A part of a whole, 0 to 100; of nothing it is nothing. */
export function share(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

/** The steps in order, the first of which is the start. */
export function steps(reached: readonly Reached[]): Step[] {
  const started = reached[0]?.students ?? 0;
  return reached.map(({ percentage, students }, index) => {
    const before = reached[index - 1]?.students ?? students;
    const lost = before - students;
    return {
      percentage,
      name: name(percentage),
      students,
      share: share(students, started),
      lost,
      lostShare: share(lost, before),
    };
  });
}

function name(mark: number): string {
  if (mark === 0) return "Started";
  return QUARTERS.includes(mark) ? percentage(mark) : `Completed (${percentage(mark)})`;
}

/** Where most people leave, in one sentence. */
export function dropOff(reached: readonly Reached[]): string {
  const all = steps(reached);
  const started = all[0]?.students ?? 0;
  if (started === 0) return "Nobody has started this lesson in these days.";
  const worst = all.reduce((worst, step) => (step.lost > worst.lost ? step : worst), all[0]!);
  const end = all.at(-1)!;
  if (worst.lost === 0) return `Nobody has left: everybody who started got to ${percentage(end.percentage)}.`;
  const before = all[all.indexOf(worst) - 1]!;
  const gone = `${count(worst.lost)} of ${count(before.students)}`;
  if (before.percentage === 0) {
    return `Most people leave before ${percentage(worst.percentage)}: ${gone} who started got no further.`;
  }
  const [from, to] = [percentage(before.percentage), percentage(worst.percentage)];
  return `Most people leave between ${from} and ${to}: ${gone} who got to ${from} got no further.`;
}
