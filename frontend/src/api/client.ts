/** The one place that fetches. Types and paths come from the specification. */

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** A refusal of the server, or the lack of an answer, in words for people. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

const client = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was asked for, or a `Problem`. */
async function expect<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch {
    throw new Problem(
      0,
      "unreachable",
      "The server does not answer. Is it running, and is the network there?",
    );
  }
  const { data, error, response } = answer;
  if (response.ok && data !== undefined) return data;
  const body = error as Partial<Schemas["ProblemBody"]> | undefined;
  throw new Problem(
    response.status,
    body?.code ?? "unknown",
    body?.detail ?? `The server answered ${response.status}.`,
  );
}

/** The figures of a day; today where none is named. */
export function daily(date?: string): Promise<Schemas["Daily"]> {
  return expect(client.GET("/analytics/daily", { params: { query: date === undefined ? {} : { date } } }));
}

/** The figures of each day of a span, both ends included. */
export function engagement(from: string, to: string): Promise<Schemas["Analysis_DayFigures"]> {
  return expect(client.GET("/analytics/engagement", { params: { query: { from, to } } }));
}

/** How this server is. */
export function health(): Promise<Schemas["Health"]> {
  return expect(client.GET("/healthz"));
}
