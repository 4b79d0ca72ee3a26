/** How long to wait before another try: twice as long each time, and never in step with everybody else. */

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** Milliseconds before try number `failures` + 1; `random` is from 0 to 1. */
export function pause(failures: number, random: number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(whole * (0.5 + random / 2));
}
