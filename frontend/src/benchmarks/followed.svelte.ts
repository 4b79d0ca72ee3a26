/** A benchmark, looked at each second for as long as it runs and anybody watches. */

import { benchmark, Problem } from "../api/client";
import { session } from "../session.svelte";
import { type Elapsed, elapsed } from "./run";
import type { Benchmark } from "./types";

const EACH_MS = 1000;

export class Followed {
  run = $state.raw<Benchmark | null>(null);
  problem = $state.raw<unknown>(null);
  private known = $state.raw<Elapsed | null>(null);

  /** How long it has gone on; null before it has said so. */
  readonly seconds = $derived(this.known?.seconds ?? null);

  /** To be called within an effect, which ends it by what this returns. */
  follow(id: string, whenEnded: () => void = () => {}): () => void {
    void session.turn;
    let isWatched = true;
    let next: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      const [run, problem] = await answer(id);
      if (!isWatched) return;
      this.take(id, run, problem);
      if (goesOn(run, problem)) next = setTimeout(look, EACH_MS);
      else if (run !== null) whenEnded();
    };
    void look();
    return () => {
      isWatched = false;
      clearTimeout(next);
    };
  }

  /** What is known of the same run stays in sight while the server does not answer. */
  private take(id: string, run: Benchmark | null, problem: unknown): void {
    // Whoever has been signed out is asked to sign in again, and finds the page as it was.
    const isSignedOut = problem instanceof Problem && problem.status === 401;
    this.problem = isSignedOut && this.run?.id === id ? null : problem;
    if (this.run?.id !== id) [this.run, this.known] = [null, null];
    if (run === null) return;
    this.run = run;
    if (run.progress !== null) this.known = elapsed(this.known, run.progress, performance.now());
  }
}

async function answer(id: string): Promise<[Benchmark | null, unknown]> {
  try {
    return [await benchmark(id), null];
  } catch (problem) {
    return [null, problem];
  }
}

/** A server that is gone may come back; one that refuses will refuse again. */
function goesOn(run: Benchmark | null, problem: unknown): boolean {
  if (run !== null) return run.status === "running";
  return problem instanceof Problem && (problem.status === 0 || problem.status >= 500);
}
