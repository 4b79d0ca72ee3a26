/** How long one has to wait where the server has said so. */

import { Problem } from "./api/client";

export class Countdown {
  /** What is left. */
  seconds = $state(0);
  private ticking: ReturnType<typeof setInterval> | undefined;

  /** Begins where this is a refusal of too many tries. */
  takeFrom(refusal: unknown): void {
    this.stop();
    if (!(refusal instanceof Problem) || refusal.status !== 429 || refusal.wait === null) return;
    const until = Date.now() + 1000 * refusal.wait;
    const tick = (): void => {
      this.seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      if (this.seconds === 0) this.stop();
    };
    this.ticking = setInterval(tick, 1000);
    tick();
  }

  stop(): void {
    clearInterval(this.ticking);
    this.seconds = 0;
  }
}
