/** The one place that opens the socket. It comes back by itself, always with a new snapshot. */

import { pause } from "./backoff";
import { type LiveState, reduce } from "./reducer";

/** How the connection is. */
export type Connection = "connecting" | "open" | "lost" | "signed-out";

export interface Listener {
  state(state: LiveState): void;
  connection(connection: Connection): void;
}

/** The server sends a sign of life each ten seconds: after so long without one nobody is there. */
const SILENCE_MS = 25_000;

/** The server's word for a session that has ended. */
const SIGNED_OUT = 4401;

export class LiveSocket {
  private socket: WebSocket | null = null;
  private known: LiveState | null = null;
  private failures = 0;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: Listener) {}

  /** Connects, now and again after each loss, until `close`. */
  open(): void {
    addEventListener("online", this.hurry);
    this.connect();
  }

  /** Ends it for good. */
  close(): void {
    removeEventListener("online", this.hurry);
    clearTimeout(this.waiting);
    this.leave();
  }

  private connect(): void {
    this.known = null;
    this.listener.connection("connecting");
    const socket = new WebSocket(new URL("/live", location.href.replace(/^http/, "ws")));
    this.socket = socket;
    this.listen();
    socket.onmessage = ({ data }) => this.take(data as string);
    socket.onclose = ({ code }) => this.lose(code);
  }

  private take(text: string): void {
    this.listen();
    const next = reduce(this.known, JSON.parse(text));
    if (next === null) {
      // Something was missed. Only a new connection begins with a snapshot.
      this.lose();
      return;
    }
    if (this.known === null) {
      this.failures = 0;
      this.listener.connection("open");
    }
    this.known = next;
    this.listener.state(next);
  }

  /** From here on the server has a while to say something. */
  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.lose(), SILENCE_MS);
  }

  private lose(code?: number): void {
    this.leave();
    this.failures += 1;
    // Whoever listens finds out who reads now, and closes this where nobody may.
    this.listener.connection(code === SIGNED_OUT ? "signed-out" : "lost");
    this.waiting = setTimeout(() => this.connect(), pause(this.failures, Math.random()));
  }

  /** The network is back: there is no reason to wait. */
  private readonly hurry = (): void => {
    if (this.socket === null) {
      clearTimeout(this.waiting);
      this.connect();
    }
  };

  private leave(): void {
    clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = null;
    if (socket !== null) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }
}
