/** Titles of lessons, which logs name by number. */

import { SvelteMap } from "svelte/reactivity";
import { lesson } from "../api/client";

/** After a question that failed: a number does as well meanwhile, and the server may have other worries. */
const AGAIN_AFTER_MS = 10_000;

/** Each is asked for when it turns up, and once: lessons of other days arrive too, and lessons that are new. */
export class Titles {
  readonly known = new SvelteMap<number, string>();
  private readonly asked = new Set<number>();

  learn(ids: Iterable<number>): void {
    for (const id of ids) {
      if (this.asked.has(id)) continue;
      this.asked.add(id);
      void this.ask(id);
    }
  }

  private async ask(id: number): Promise<void> {
    try {
      this.known.set(id, (await lesson(id)).title);
    } catch {
      setTimeout(() => this.asked.delete(id), AGAIN_AFTER_MS);
    }
  }
}
