/** From what is typed to what starts a run, and from the server's faults back to where they were typed. */

import { type Extent, type Field, kindOf, type Quantity } from "./kinds";
import type { Benchmark, BenchmarkParameters, Kind, Order } from "./types";

export const PACES = [
  { pace: "interval", name: "at an interval", quantity: "interval_seconds" },
  { pace: "rate", name: "at a rate", quantity: "rate" },
  { pace: "max", name: "as fast as it goes", quantity: null },
] as const;

export type Pace = (typeof PACES)[number]["pace"];

export interface Form {
  kind: Kind;
  pace: Pace;
  /** As typed. */
  texts: Record<Quantity, string>;
}

interface Asked {
  name: string;
  /** What it is in, or what it is for. */
  hint: string;
  isWhole: boolean;
}

export const QUANTITIES: Record<Quantity, Asked> = {
  replicas: { name: "Replicas", hint: "that post at the same time", isWhole: true },
  interval_seconds: { name: "Interval", hint: "seconds between two logs of a replica", isWhole: false },
  rate: { name: "Rate", hint: "logs a second over all replicas", isWhole: false },
  duration_seconds: { name: "Duration", hint: "seconds of each measurement", isWhole: true },
  logs: { name: "Logs", hint: "that are in the database before", isWhole: true },
  dashboards: { name: "Dashboards", hint: "that are open", isWhole: true },
  target_p99_ms: { name: "Target", hint: "milliseconds, for 99 of 100 logs", isWhole: false },
  repeats: { name: "Repeats", hint: "more of them tell noise from change", isWhole: true },
};

/** What the API takes where nothing is said; the rate is a beginning. */
export const INITIAL: Form = {
  kind: "ingestion",
  pace: "interval",
  texts: {
    replicas: "2",
    interval_seconds: "5",
    rate: "10",
    duration_seconds: "60",
    logs: "240",
    dashboards: "1",
    target_p99_ms: "50",
    repeats: "1",
  },
};

/** More where more of them are what is measured. */
function usualReplicas(kind: Kind): string {
  return kind === "scaling" || kind === "full" ? "4" : "2";
}

/** Another kind, with what was typed; what nobody has typed is what is usual for it. */
export function withKind(form: Form, kind: Kind): Form {
  const isUsual = form.texts.replicas === usualReplicas(form.kind);
  const replicas = isUsual ? usualReplicas(kind) : form.texts.replicas;
  return { ...form, kind, texts: { ...form.texts, replicas } };
}

/** Where something is at fault, and what. */
export type Faults = Partial<Record<Quantity, string | undefined>>;

/** What is asked for, in order, by what was chosen. */
export function asked({ kind, pace }: Form): Quantity[] {
  const quantity = PACES.find((it) => it.pace === pace)?.quantity ?? null;
  const of = (field: Field): Quantity[] => {
    if (field !== "pace") return [field];
    return quantity === null ? [] : [quantity];
  };
  return kindOf(kind).fields.flatMap(of);
}

/** Why a text is no quantity; null where it is one. How much is too much the server says. */
export function fault(quantity: Quantity, text: string): string | null {
  const value = number(text);
  const { isWhole } = QUANTITIES[quantity];
  if (Number.isNaN(value)) return "A number is wanted here.";
  if (isWhole && !Number.isInteger(value)) return "A whole number is wanted here.";
  return value > 0 ? null : "This must be more than nothing.";
}

/** Everything that is wrong with what was typed. */
export function faults(form: Form): Faults {
  return Object.fromEntries(
    asked(form).flatMap((quantity) => {
      const why = fault(quantity, form.texts[quantity]);
      return why === null ? [] : [[quantity, why]];
    }),
  );
}

/** What starts the run; to be asked only where nothing is at fault. */
export function order(form: Form): Order {
  const of = (quantity: Quantity): [Quantity, number] => [quantity, number(form.texts[quantity])];
  const hasPace = kindOf(form.kind).fields.includes("pace");
  return {
    kind: form.kind,
    ...Object.fromEntries(asked(form).map(of)),
    ...(hasPace && form.pace === "max" && { max: true }),
  };
}

/** What starts a run like another one; of the ways to say a pace, the API takes one. */
export function again({ kind, parameters }: Pick<Benchmark, "kind" | "parameters">): Order {
  const { interval_seconds, rate, max, ...others } = parameters;
  if (max) return { kind, ...others, max };
  if (rate !== null) return { kind, ...others, rate };
  return { kind, ...others, interval_seconds };
}

/** How much was typed, or what is usual where it is no number. */
export function extent({ texts }: Form): Extent {
  return Object.fromEntries(
    Object.entries(texts).map(([quantity, text]) => {
      const known = quantity as Quantity;
      return [known, number(fault(known, text) === null ? text : INITIAL.texts[known])];
    }),
  ) as Record<Quantity, number>;
}

/** The server's faults at the fields that they are about; what is about no field in sight is left. */
export function placed(
  form: Form,
  found: readonly { pointer: string; detail: string }[],
): { faults: Faults; left: string[] } {
  const inSight: string[] = asked(form);
  const faults: Faults = {};
  const left: string[] = [];
  for (const { pointer, detail } of found) {
    const name = pointer.replace(/^\//, "");
    if (inSight.includes(name)) faults[name as Quantity] = detail;
    else left.push(detail);
  }
  return { faults, left };
}

/** What was asked of a run: those parameters that its kind depends on, in words. */
export function told(kind: string, parameters: BenchmarkParameters): { name: string; text: string }[] {
  return kindOf(kind).fields.map((field) => {
    if (field === "pace") return { name: "Pace", text: pace(parameters) };
    const [before, after] = UNITS[field] ?? ["", ""];
    return { name: QUANTITIES[field].name, text: `${before}${parameters[field]}${after}` };
  });
}

const UNITS: Partial<Record<Quantity, [string, string]>> = {
  interval_seconds: ["", " s"],
  duration_seconds: ["", " s"],
  target_p99_ms: ["p99 ≤ ", " ms"],
};

function pace({ max, rate, interval_seconds }: BenchmarkParameters): string {
  if (max) return "as fast as it goes";
  if (rate !== null) return `${rate} logs a second over all replicas`;
  return `one log each ${interval_seconds ?? "?"} s from each replica`;
}

/** Also with the comma that many write. */
function number(text: string): number {
  const plain = text.trim().replace(",", ".");
  return plain === "" ? NaN : Number(plain);
}
