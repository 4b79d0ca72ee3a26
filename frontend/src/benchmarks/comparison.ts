/** A run against an earlier one, in words. */

import { count, NONE, percentage } from "../format";
import type { Tone } from "../table";
import { QUANTITIES } from "./form";
import type { Quantity } from "./kinds";
import type { Benchmark, BenchmarkParameters, Compared, Comparison } from "./types";

const WORDS: Record<Compared["verdict"], string> = {
  better: "▲ Better",
  same: "= Same",
  worse: "▼ Worse",
};

export function change({ verdict }: Compared): string {
  return WORDS[verdict];
}

export function changeTone({ verdict }: Compared): Tone {
  return verdict === "same" ? null : verdict === "better" ? "good" : "bad";
}

/** Whether anything got worse, in one sentence. */
export function summary({ rows, regressions }: Comparison): string {
  if (rows.length === 0) return "The two runs have no measure in common.";
  const better = rows.filter(({ verdict }) => verdict === "better").length;
  const same = rows.filter(({ verdict }) => verdict === "same").length;
  if (regressions === 0 && better === 0) return "No measure differs by more than the noise between runs.";
  const worse =
    regressions === 0 ? "Nothing is worse" : `${count(regressions)} of ${count(rows.length)} worse`;
  return `${worse}; ${count(better)} better, ${count(same)} the same within the noise.`;
}

/** What the API says where something came of nothing. */
const OF_NOTHING = 1e9;

/** So many times the baseline. */
export function ratio(value: number | null): string {
  if (value === null || Math.abs(value) >= OF_NOTHING) return NONE;
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 3, minimumFractionDigits: 2 }).format(value)} ×`;
}

/** By how much a measure may differ and mean nothing. */
export function noise(value: number | null): string {
  return value === null ? NONE : `± ${percentage(100 * value)}`;
}

/** The runs that another one can be compared with. */
export function comparable(runs: readonly Benchmark[], { id, kind }: Benchmark): Benchmark[] {
  return runs.filter((run) => run.id !== id && run.kind === kind && run.status === "finished");
}

/** In which parameters two runs differ: then so do their figures, and for no other reason. */
export function differences(before: BenchmarkParameters, after: BenchmarkParameters): string[] {
  const keys = Object.keys(after) as (keyof BenchmarkParameters)[];
  return keys
    .filter((key) => before[key] !== after[key])
    .map((key) => `${parameterName(key)} ${shown(before[key])} → ${shown(after[key])}`);
}

function parameterName(key: string): string {
  return QUANTITIES[key as Quantity]?.name ?? "As fast as it goes";
}

function shown(value: number | boolean | null): string {
  if (value === null) return NONE;
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}
