/** What a report says, in one sentence and row by row. */

import { amount, count, NONE } from "../format";
import type { Machine, Measure, Report } from "./types";

interface Held {
  held: number;
  missed: Measure[];
}

/** Which thresholds were held. */
export function thresholds({ sections }: Report): Held {
  const judged = sections.flatMap(({ rows }) => rows).filter(({ verdict }) => verdict !== null);
  const missed = judged.filter(({ verdict }) => verdict === "failed");
  return { held: judged.length - missed.length, missed };
}

/** The verdict as a sentence that names what was missed. */
export function summary(report: Report): string {
  const { held, missed } = thresholds(report);
  const all = held + missed.length;
  if (all === 0) return "Nothing in this report has a threshold.";
  if (missed.length === 0) {
    return all === 1 ? "The one threshold was held." : `All ${count(all)} thresholds were held.`;
  }
  const names = missed.map(({ label }) => label).join("; ");
  return `${count(missed.length)} of ${count(all)} thresholds ${missed.length === 1 ? "was" : "were"} missed: ${names}.`;
}

/** What each repeat measured, where there was more than one. */
export function repeats({ repeats }: Measure): string | null {
  return repeats.length > 1 ? `each time: ${repeats.map((value) => amount(value)).join(", ")}` : null;
}

/** A threshold as it stands, or that there is none. */
export function threshold({ threshold }: Measure): string {
  return threshold?.text ?? NONE;
}

/** How large a machine is, as far as it is known. */
export function machineSize({ cores, memory_gib }: Machine): string {
  const processors = `${count(cores)} ${cores === 1 ? "core" : "cores"}`;
  return memory_gib === null ? processors : `${processors}, ${amount(memory_gib, "GiB")}`;
}

/** A name for the file of a report. */
export function fileName(kind: string, startedAt: string, extension: string): string {
  const moment = startedAt.slice(0, 16).replace(/[^0-9]+/g, "-");
  return `benchmark-${kind}-${moment}.${extension}`;
}

/** JSON as people read it. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
