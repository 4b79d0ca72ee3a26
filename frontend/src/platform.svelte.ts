/** What every page needs to know of the platform: its time zone. */

import { daily } from "./api/client";

class Platform {
  /** Until the server has said otherwise. */
  timeZone = $state("UTC");

  async load(): Promise<void> {
    try {
      this.timeZone = (await daily()).time_zone;
    } catch {
      // Whichever page asks next shows what is wrong.
    }
  }
}

export const platform = new Platform();
