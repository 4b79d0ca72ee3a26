/** Which page is shown: `#/daily/2026-01-31`. In the fragment, because `/lessons` and its like are the API's. */

export interface Route {
  page: string;
  argument: string | null;
}

/** The page that a fragment names. */
export function parse(fragment: string): Route {
  const [page = "", argument = null] = fragment.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return { page: page || "live", argument };
}

/** The fragment that names a page. */
export function link(page: string, argument?: string): string {
  return argument === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(argument)}`;
}

class Router {
  route = $state(parse(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.route = parse(location.hash)));
  }

  go(page: string, argument?: string): void {
    location.hash = link(page, argument);
  }
}

export const router = new Router();
