/** Calendar days of a time zone, as the moments that they last from and until. */

import { daysAfter } from "./format";

/** The moment at which a day begins there, RFC 3339. */
export function beginning(date: string, timeZone: string): string {
  const midnight = Date.parse(`${date}T00:00:00Z`);
  // By the clock before and the clock after, where it is changed on that day: the first of the two that is on the day.
  const guess = midnight - ahead(midnight, timeZone);
  const moments = [guess, midnight - ahead(guess, timeZone)].sort((one, other) => one - other);
  const found = moments.find((moment) => local(moment, timeZone).slice(0, 10) >= date) ?? guess;
  return new Date(found).toISOString();
}

/** From the beginning of the first day to the end of the last one; what is no day, or not yet, is open. */
export function span(first: string, last: string, timeZone: string): { from?: string; to?: string } {
  return {
    ...(isDay(first) && { from: beginning(first, timeZone) }),
    ...(isDay(last) && { to: beginning(daysAfter(last, 1), timeZone) }),
  };
}

/** Whether it is one that people mean: while somebody types a year it is 0002, 0020 and 0202 in between. */
export function isDay(date: string): boolean {
  return /^[12]\d{3}-\d\d-\d\d$/.test(date);
}

/** So many milliseconds the clocks there are ahead of UTC. */
function ahead(moment: number, timeZone: string): number {
  return Date.parse(`${local(moment, timeZone)}Z`) - moment;
}

/** What the clocks there show, to the second. */
function local(moment: number, timeZone: string): string {
  // Swedish is written as ISO 8601.
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  return format.format(moment).replace(" ", "T");
}
