/** What every page needs to know of the platform: its time zone and its day; and over which days the reader looks. */

import { daily } from "./api/client";
import { type Bounds, bounds, type Range } from "./range";

class Platform {
  /** Whether it could not be asked the last time. */
  hasFailed = $state(false);
  /** Until the server has said otherwise. */
  timeZone = $state("UTC");
  /** The platform's day, once it is known. */
  today = $state<string | null>(null);
  /** Chosen once for all pages: who compares goes from one to the next. */
  range = $state<Range>("all");

  /** The days that were chosen; null until it is known which these are. */
  readonly bounds = $derived.by<Bounds | null>(() => {
    if (this.range === "all") return {};
    return this.today === null ? null : bounds(this.range, this.today);
  });

  async load(): Promise<void> {
    try {
      const { time_zone, date } = await daily();
      [this.timeZone, this.today, this.hasFailed] = [time_zone, date, false];
    } catch {
      // Whichever page asks next shows what is wrong.
      this.hasFailed = true;
    }
  }
}

export const platform = new Platform();
