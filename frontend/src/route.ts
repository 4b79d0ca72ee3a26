/** The names of pages: `#/daily/2026-01-31`. In the fragment, because `/lessons` and its like are the API's. */

export interface Route {
  page: string;
  argument: string | null;
}

/** The page that a fragment names. */
export function parse(fragment: string): Route {
  const [page = "", argument = null] = fragment.replace(/^#\/?/, "").split("/").map(decoded);
  return { page: page || "live", argument: argument || null };
}

/** The fragment that names a page. */
export function link(page: string, argument?: string | number | null): string {
  return argument == null ? `#/${page}` : `#/${page}/${encodeURIComponent(argument)}`;
}

/** As it stands where somebody typed a `%` that encodes nothing. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
