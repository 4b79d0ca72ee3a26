/** Figures as people read them: in the reader's language, at the platform's time. */

/** What stands for a figure that nobody has. */
export const NONE = "–";

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const digits = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 });
const signed = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1, signDisplay: "exceptZero" });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

/** A count. */
export function count(value: number): string {
  return whole.format(value);
}

/** A count where there is little room. */
export function compact(value: number): string {
  return value < 10_000 ? whole.format(value) : short.format(value);
}

/** A rate of a second. */
export function rate(value: number): string {
  return value >= 100 ? whole.format(value) : tenths.format(value);
}

/** A measure of any size, with as many digits as mean something. */
export function amount(value: number | null | undefined, unit = ""): string {
  if (value == null) return NONE;
  const text = Math.abs(value) >= 1000 ? whole.format(value) : digits.format(value);
  return unit === "" ? text : `${text} ${unit}`;
}

/** A mean of percentages, from 0 to 100. */
export function percentage(value: number | null | undefined): string {
  return value == null ? NONE : `${tenths.format(value)} %`;
}

/** A difference, with its sign. */
export function difference(value: number): string {
  return signed.format(value);
}

/** A length of time, by its two largest units. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return NONE;
  const total = Math.round(seconds);
  const parts = [
    [Math.floor(total / 86_400), "d"],
    [Math.floor(total / 3_600) % 24, "h"],
    [Math.floor(total / 60) % 60, "min"],
    [total % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${whole.format(value)} ${unit}`)
    .join(" ");
}

/** A time that is over before one notices. */
export function milliseconds(value: number | null): string {
  return value === null ? NONE : `${rate(value)} ms`;
}

const DAYS = {
  long: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  short: { weekday: "short", day: "numeric", month: "short" },
  plain: { day: "numeric", month: "short", year: "numeric" },
} as const;

/** A calendar day; no zone can move it. */
export function day(date: string, style: keyof typeof DAYS = "long"): string {
  return new Intl.DateTimeFormat(undefined, { ...DAYS[style], timeZone: "UTC" }).format(
    new Date(`${date}T00:00:00Z`),
  );
}

/** The days of a range, both ends included; all time where it has none. */
export function days(from: string | null, to: string | null): string {
  if (from === null || to === null) return "All time";
  return from === to ? day(from, "plain") : `${day(from, "plain")} to ${day(to, "plain")}`;
}

/** How long nobody has heard of a learner. */
export function silence(lastActiveOn: string | null): string {
  return lastActiveOn === null ? "never streamed" : `no log since ${day(lastActiveOn, "plain")}`;
}

/** The time of day of a moment, in the platform's zone. */
export function time(moment: string | Date, timeZone: string): string {
  return new Intl.DateTimeFormat(undefined, { timeStyle: "medium", timeZone }).format(new Date(moment));
}

/** A moment, in the platform's zone. */
export function moment(moment: string | Date, timeZone: string): string {
  const options = { dateStyle: "medium", timeStyle: "short", timeZone } as const;
  return new Intl.DateTimeFormat(undefined, options).format(new Date(moment));
}

/** The day so many days after another one. */
export function daysAfter(date: string, days: number): string {
  const moment = new Date(`${date}T00:00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + days);
  return moment.toISOString().slice(0, 10);
}

/** The names that event types go by. */
export function eventType(type: string): string {
  const words = type.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A fault as a sentence of its own. */
export function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
