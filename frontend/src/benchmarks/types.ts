/** Benchmarks as the API tells of them. Written by hand until `openapi.json` has these routes. */

export type Kind =
  "ingestion" | "queries" | "dashboard" | "daily_report" | "scaling" | "connections" | "capacity" | "full";

export interface BenchmarkParameters {
  replicas: number;
  interval_seconds: number | null;
  /** Logs a second over all replicas; in place of the interval. */
  rate: number | null;
  /** As fast as the platform takes them. */
  max: boolean;
  duration_seconds: number;
  logs: number;
  dashboards: number;
  target_p99_ms: number;
  repeats: number;
}

/** What starts a run. */
export type Order = { kind: Kind } & Partial<BenchmarkParameters>;

export type Verdict = "passed" | "failed";

export interface Progress {
  step: string;
  done: number;
  total: number;
  /** Since the start. */
  seconds: number;
}

export interface Benchmark {
  id: string;
  kind: Kind;
  parameters: BenchmarkParameters;
  status: "running" | "finished" | "failed" | "cancelled";
  requested_by: string;
  created_at: string;
  finished_at: string | null;
  progress: Progress | null;
  verdict: Verdict | null;
  error: string | null;
}

export interface BenchmarksPage {
  items: Benchmark[];
  next: string | null;
}

export interface Machine {
  processor: string;
  cores: number;
  /** Null where the system does not tell. */
  memory_gib: number | null;
  database: string;
}

export interface Measure {
  name: string;
  label: string;
  value: number | null;
  unit: string;
  /** The value as it is shown. */
  text: string;
  threshold: { at_least: number | null; at_most: number | null; text: string } | null;
  /** The figure of the original benchmark document. */
  original: string | null;
  verdict: Verdict | null;
  better: "higher" | "lower" | null;
  repeats: number[];
}

export interface Line {
  name: string;
  /** Pairs: where, and how much. */
  points: number[][];
}

export interface Plot {
  name: string;
  title: string;
  x: string;
  y: string;
  lines: Line[];
}

export interface Section {
  name: string;
  title: string;
  notes: string[];
  rows: Measure[];
  plots: Plot[];
}

export interface Report {
  id: string;
  kind: Kind;
  version: string;
  started_at: string;
  seconds: number;
  parameters: BenchmarkParameters;
  verdict: Verdict;
  machine: Machine;
  sections: Section[];
}

export interface Compared {
  section: string;
  name: string;
  label: string;
  unit: string;
  baseline: number | null;
  candidate: number | null;
  /** Of the candidate to the baseline. */
  ratio: number | null;
  /** How far runs differ by themselves, as a share. */
  noise: number | null;
  verdict: "same" | "better" | "worse";
}

export interface Comparison {
  baseline: string;
  candidate: string;
  kind: Kind;
  rows: Compared[];
  regressions: number;
}

interface Answers<Status extends number, T> {
  responses: Record<Status, { headers: Record<string, unknown>; content: { "application/json": T } }>;
}

interface ById {
  parameters: { path: { id: string } };
}

/** The routes, in the shape of the generated ones. */
export interface BenchmarkPaths {
  "/benchmarks": {
    get: { parameters: { query?: { limit?: number; cursor?: string } } } & Answers<200, BenchmarksPage>;
    post: { requestBody: { content: { "application/json": Order } } } & Answers<202, Benchmark>;
  };
  "/benchmarks/{id}": {
    get: ById & Answers<200, Benchmark>;
    delete: ById & Answers<202, Benchmark>;
  };
  "/benchmarks/{id}/report": { get: ById & Answers<200, Report> };
  "/benchmarks/{id}/compare/{other}": {
    get: { parameters: { path: { id: string; other: string } } } & Answers<200, Comparison>;
  };
}
