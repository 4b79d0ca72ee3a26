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

/** What a kind depends on; its pace is an interval, a rate, or none at all. */
export type Field = Exclude<Quantity, "interval_seconds" | "rate"> | "pace";

export type Quantities = Record<Quantity, number>;

interface KindOfBenchmark {
  kind: Kind;
  name: string;
  /** One sentence. */
  measures: string;
  fields: readonly Field[];
  /** About how many seconds once over. */
  seconds: (quantities: Quantities) => number;
}

/** A server and a database of its own, and their end. */
const AROUND_SECONDS = 5;
/** How often a search for the capacity, and for the number of connections, tries. */
const TRIES = 8;

/** Replicas are doubled from one up to as many. */
function doublings(replicas: number): number {
  return Math.ceil(Math.log2(Math.max(1, replicas))) + 1;
}

const SINGLE: readonly KindOfBenchmark[] = [
  {
    kind: "ingestion",
    name: "Ingestion",
    measures: "How many logs are stored, how fast each is answered, and whether one is lost.",
    fields: ["replicas", "pace", "duration_seconds", "repeats"],
    seconds: ({ duration_seconds }) => duration_seconds,
  },
  {
    kind: "queries",
    name: "Queries",
    measures: "How long the analytics and the original SQL queries take over so many logs.",
    fields: ["logs", "repeats"],
    seconds: ({ logs }) => 5 + logs / 20_000,
  },
  {
    kind: "dashboard",
    name: "Dashboard",
    measures: "How soon the dashboard opens, and how soon a stored log is seen in it.",
    fields: ["dashboards", "logs", "repeats"],
    seconds: ({ logs }) => 10 + logs / 20_000,
  },
  {
    kind: "daily_report",
    name: "Daily report",
    measures: "How long the three analyses of a day and its report take.",
    fields: ["logs", "repeats"],
    seconds: ({ logs }) => 5 + logs / 20_000,
  },
  {
    kind: "scaling",
    name: "Scaling",
    measures: "Whether twice as many replicas get twice as many logs stored.",
    fields: ["replicas", "pace", "duration_seconds", "repeats"],
    seconds: ({ replicas, duration_seconds }) => doublings(replicas) * duration_seconds,
  },
  {
    kind: "connections",
    name: "Connections",
    measures: "How single posts fare while more and more connections send them.",
    fields: ["pace", "duration_seconds", "dashboards", "repeats"],
    seconds: ({ duration_seconds }) => TRIES * duration_seconds,
  },
  {
    kind: "capacity",
    name: "Capacity",
    measures: "The highest rate at which 99 of 100 logs are still stored in time.",
    fields: ["target_p99_ms", "replicas", "duration_seconds", "repeats"],
    seconds: ({ duration_seconds }) => TRIES * duration_seconds,
  },
];

const FULL: KindOfBenchmark = {
  kind: "full",
  name: "Everything",
  measures: "All of these, one after the other, in one report.",
  fields: ["replicas", "pace", "duration_seconds", "logs", "dashboards", "target_p99_ms", "repeats"],
  seconds: (quantities) => SINGLE.reduce((sum, { seconds }) => sum + AROUND_SECONDS + seconds(quantities), 0),
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
export function about(kind: Kind, quantities: Quantities): number {
  const once = AROUND_SECONDS + kindOf(kind).seconds(quantities);
  const exact = once * quantities.repeats;
  const precision = exact < 60 ? 5 : exact < 600 ? 30 : 60;
  return precision * Math.ceil(exact / precision);
}
