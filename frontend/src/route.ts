/** The names of pages: `#/daily/2026-01-31`, `#/benchmarks/1/compare/2`. In the fragment, because `/lessons` and its like are the API's. */

export interface Route {
  page: string;
  argument: string | null;
  /** What follows the argument. */
  rest: readonly string[];
}

/** The page that a fragment names. */
export function parse(fragment: string): Route {
  const [page = "", argument = "", ...rest] = fragment.replace(/^#\/?/, "").split("/").map(decoded);
  return { page: page || "live", argument: argument || null, rest: rest.filter((part) => part !== "") };
}

/** The fragment that names a page. */
export function link(page: string, ...parts: readonly (string | number | null | undefined)[]): string {
  const named = parts.filter((part) => part != null).map((part) => `/${encodeURIComponent(part)}`);
  return `#/${page}${named.join("")}`;
}

/** As it stands where somebody typed a `%` that encodes nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
