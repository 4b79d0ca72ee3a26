/** What can be measured, how long that takes, and what it depends on. */

import { eventType } from "../format";
import type { Kind } from "./types";

/** The parameters that are a number. */
export type Quantity =
  | "replicas"
  | "interval_seconds"
  | "rate"
  | "duration_seconds"
  | "logs"
  | "dashboards"
  | "target_p99_ms"
  | "repeats";

/** What a kind depends on; a pace is an interval, a rate, or none at all. */
export type Field = Exclude<Quantity, "rate"> | "pace";

/** What decides how long a run takes. */
export type Extent = Record<"replicas" | "duration_seconds" | "logs" | "repeats", number>;

interface KindOfBenchmark {
  kind: Kind;
  name: string;
  /** One sentence. */
  measures: string;
  fields: readonly Field[];
  /** About how many seconds once over. */
  seconds: (extent: Extent) => number;
}

/** A server and a database of its own, and their end. */
const AROUND_SECONDS = 5;
/** How many logs are stored and asked for within a second, all in all. */
const LOGS_A_SECOND = 15_000;

/** Replicas are doubled from one up to as many. */
function levels(replicas: number): number {
  return Math.ceil(Math.log2(Math.max(1, replicas))) + 1;
}

const SINGLE: readonly KindOfBenchmark[] = [
  {
    kind: "ingestion",
    name: "Ingestion",
    measures: "How many logs are stored, how long each takes, and whether one is lost.",
    fields: ["replicas", "pace", "duration_seconds", "target_p99_ms", "repeats"],
    seconds: ({ duration_seconds }) => duration_seconds,
  },
  {
    kind: "queries",
    name: "Queries",
    measures:
      "How long the original queries take on so many logs, and the same answers from what is counted.",
    fields: ["logs", "repeats"],
    seconds: ({ logs }) => 5 + logs / LOGS_A_SECOND,
  },
  {
    kind: "dashboard",
    name: "Dashboard",
    measures: "How soon dashboards are there, and how soon they see a log that was stored.",
    fields: ["dashboards", "logs", "repeats"],
    seconds: ({ logs }) => 10 + logs / LOGS_A_SECOND,
  },
  {
    kind: "daily_report",
    name: "Daily report",
    measures: "How long the analyses of a day and its report take, one after another and at once.",
    fields: ["logs", "repeats"],
    seconds: ({ logs }) => 5 + logs / LOGS_A_SECOND,
  },
  {
    kind: "scaling",
    name: "Scaling",
    measures: "What twice as many replicas bring, at an interval and then as fast as it goes.",
    fields: ["replicas", "interval_seconds", "duration_seconds", "repeats"],
    seconds: ({ replicas, duration_seconds }) => levels(replicas) * (5 + 1.25 * duration_seconds),
  },
  {
    kind: "connections",
    name: "Connections",
    measures: "How many connections to the database more and more clients need, and what too few of them do.",
    fields: ["repeats"],
    seconds: () => 35,
  },
  {
    kind: "capacity",
    name: "Capacity",
    measures:
      "The highest rate at which 99 of 100 logs are still stored in time; each try takes a sixth of the duration.",
    fields: ["target_p99_ms", "duration_seconds", "interval_seconds", "repeats"],
    seconds: ({ duration_seconds }) => 7 * (2 + duration_seconds / 6),
  },
];

const FULL: KindOfBenchmark = {
  kind: "full",
  name: "Everything",
  measures: "All of these, one after the other, in one report.",
  fields: ["replicas", "pace", "duration_seconds", "logs", "dashboards", "target_p99_ms", "repeats"],
  seconds: (extent) => SINGLE.reduce((sum, { seconds }) => sum + seconds(extent), 0),
};

export const KINDS: readonly KindOfBenchmark[] = [...SINGLE, FULL];

/** A kind; the first where a newer server knows one that this page does not. */
export function kindOf(kind: string): KindOfBenchmark {
  return KINDS.find((it) => it.kind === kind) ?? KINDS[0]!;
}

/** What people call a kind. */
export function kindName(kind: string): string {
  return KINDS.find((it) => it.kind === kind)?.name ?? eventType(kind);
}

/** About how many seconds a run takes. */
export function expected(kind: string, extent: Extent): number {
  return (AROUND_SECONDS + kindOf(kind).seconds(extent)) * extent.repeats;
}

/** The same, as one says it. */
export function about(kind: string, extent: Extent): number {
  const exact = expected(kind, extent);
  const precision = exact < 60 ? 5 : exact < 600 ? 30 : 60;
  return precision * Math.ceil(exact / precision);
}
