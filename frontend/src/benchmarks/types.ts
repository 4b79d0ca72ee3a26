/** Benchmarks as the API tells of them, by shorter names. */

import type { components } from "../api/schema";

type Schemas = components["schemas"];

export type Kind = Schemas["BenchmarkKind"];
export type BenchmarkParameters = Schemas["BenchmarkParameters"];
/** What starts a run. */
export type Order = Schemas["NewBenchmark"];
export type Benchmark = Schemas["Benchmark"];
export type Progress = Schemas["BenchmarkProgress"];
export type Verdict = Schemas["BenchmarkVerdict"];

export type Report = Schemas["BenchmarkReport"];
export type Machine = Schemas["BenchmarkMachine"];
export type Section = Schemas["BenchmarkSection"];
export type Measure = Schemas["BenchmarkFigure"];
export type Plot = Schemas["BenchmarkPlot"];
export type Line = Schemas["BenchmarkLine"];

export type Comparison = Schemas["BenchmarkComparison"];
export type Compared = Schemas["BenchmarkCompared"];
