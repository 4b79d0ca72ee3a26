/** A run in words: where it is, how it ended, how long it took. */

import { duration, eventType, NONE } from "../format";
import type { Tone } from "../table";
import { expected } from "./kinds";
import type { Benchmark, Progress } from "./types";

const STATES: Record<string, string> = {
  running: "Running",
  finished: "Finished",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function stateName({ status }: Benchmark): string {
  return STATES[status] ?? eventType(status);
}

/** Passed or failed, with a sign for those who see no colours. */
export function verdict(verdict: string | null): string {
  if (verdict === null) return NONE;
  return `${sign(verdict)} ${verdict === "passed" ? "Passed" : "Failed"}`;
}

/** The sign alone. */
export function sign(verdict: string): string {
  return verdict === "passed" ? "✓" : "✗";
}

export function verdictTone(verdict: string | null): Tone {
  if (verdict === null) return null;
  return verdict === "passed" ? "good" : "bad";
}

/** How many seconds a run has taken, so far where it goes on; null where nobody knows. */
export function seconds({ created_at, finished_at, progress }: Benchmark): number | null {
  if (finished_at === null) return progress?.seconds ?? null;
  return (Date.parse(finished_at) - Date.parse(created_at)) / 1000;
}

export function took(run: Benchmark): string {
  return duration(seconds(run));
}

/** How much of a step that goes on may be told as done. */
const ALMOST = 0.95;

/** How far a run is, 0 to 100; null where it has not said. Within a step, what time tells. */
export function done({ kind, parameters, progress }: Benchmark, seconds: number): number | null {
  if (progress === null || progress.total <= 0) return null;
  const { done, total } = progress;
  const byTime = seconds / expected(kind, parameters);
  return 100 * Math.min(1, Math.max(done / total, Math.min(byTime, (done + ALMOST) / total)));
}

/** How long a run has gone on, and when that was known, in milliseconds of any clock. */
export interface Elapsed {
  seconds: number;
  at: number;
}

/** The same now: a run may say it at each of its steps only. */
export function elapsed(known: Elapsed | null, { seconds }: Progress, now: number): Elapsed {
  const counted = known === null ? 0 : known.seconds + (now - known.at) / 1000;
  return { seconds: Math.max(seconds, counted), at: now };
}

/** What it does now, and how much of it is done. */
export function step(progress: Progress | null): string {
  if (progress === null) return "Starting a server and a database of its own …";
  return progress.total > 0 ? `${progress.step} (${progress.done} of ${progress.total} done)` : progress.step;
}
