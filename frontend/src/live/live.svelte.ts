/** Today as the pages see it: what the socket says, or, while it is paused, what it said last. */

import { type Moment, remember } from "./history";
import type { LiveState } from "./reducer";
import { type Connection, LiveSocket } from "./socket";

/** Without a frame for so long, figures may be old: the server speaks each ten seconds. */
const STALE_SECONDS = 15;

export class Live {
  connection = $state<Connection>("connecting");
  paused = $state(false);
  /** Ticks each second. */
  now = $state(new Date());
  /** When the last frame came. */
  heardAt = $state<Date | null>(null);

  /** When the page was held still, and whether it is. */
  private frozenAt = $state<Date | null>(null);
  private current = $state.raw<LiveState | null>(null);
  private frozen = $state.raw<LiveState | null>(null);
  private past = $state.raw<Moment[]>([]);
  private frozenPast = $state.raw<Moment[]>([]);

  readonly state = $derived(this.paused ? this.frozen : this.current);
  /** The moment that the page shows. */
  readonly shownAt = $derived(this.paused && this.frozenAt !== null ? this.frozenAt : this.now);
  /** The platform's day, also while the page is held still. */
  readonly date = $derived(this.current?.today.date ?? null);
  readonly history = $derived(this.paused ? this.frozenPast : this.past);
  readonly silentSeconds = $derived(
    this.heardAt === null
      ? null
      : Math.max(0, Math.floor((this.now.getTime() - this.heardAt.getTime()) / 1000)),
  );
  readonly isStale = $derived(
    this.connection !== "open" || (this.silentSeconds !== null && this.silentSeconds >= STALE_SECONDS),
  );

  private readonly socket = new LiveSocket({
    state: (state) => this.take(state),
    connection: (connection) => (this.connection = connection),
  });

  /** Lets time go by; returns what ends it. */
  start(): () => void {
    const ticking = setInterval(() => this.tick(), 1000);
    return () => clearInterval(ticking);
  }

  /** Begins to listen; returns what ends it. */
  listen(): () => void {
    this.socket.open();
    return () => {
      this.socket.close();
      this.connection = "signed-out";
    };
  }

  /** Knows nothing any more of what was heard: somebody else is there. */
  forget(): void {
    [this.current, this.frozen, this.heardAt, this.paused] = [null, null, null, false];
    [this.past, this.frozenPast] = [[], []];
  }

  /** Holds the page still, or lets it go on; frames are heard all the while. */
  togglePause(): void {
    this.frozen = this.current;
    this.frozenPast = this.past;
    this.frozenAt = this.now;
    this.paused = !this.paused;
  }

  private take(state: LiveState): void {
    this.current = state;
    this.heardAt = this.now = new Date();
    this.past = remember(this.past, this.now, state.today.rates);
  }

  private tick(): void {
    this.now = new Date();
    // Nothing new means that the rates are what they were; without a connection nobody knows.
    if (this.connection === "open" && this.current !== null) {
      this.past = remember(this.past, this.now, this.current.today.rates);
    }
  }
}
