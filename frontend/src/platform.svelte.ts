/** What every page needs to know of the platform: its time zone and its day; and over which days the reader looks. */

import { daily } from "./api/client";
import { type Bounds, bounds, type Range } from "./range";

/** After the second try that failed, and each that follows. */
const AGAIN_AFTER_MS = 5000;

class Platform {
  /** How often in a row it could not be asked. */
  private failures = $state(0);
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
      [this.timeZone, this.today, this.failures] = [time_zone, date, 0];
    } catch {
      // Whichever page asks next shows what is wrong.
      this.failures += 1;
    }
  }

  /** Within an effect, while the server is there: asks again what it could not tell. Returns what ends it. */
  loadAgain(): (() => void) | undefined {
    if (this.failures === 0) return undefined;
    const again = setTimeout(() => void this.load(), this.failures === 1 ? 0 : AGAIN_AFTER_MS);
    return () => clearTimeout(again);
  }
}

export const platform = new Platform();
