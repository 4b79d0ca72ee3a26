/** Which page is shown. */

import { link, parse, type Route } from "./route";

/** The page on which one signs in, and from which one goes back to where one was. */
export const SIGN_IN = "sign-in";

class Router {
  route = $state.raw<Route>(parse(location.hash));
  private before: Route = parse("");

  constructor() {
    addEventListener("hashchange", () => {
      if (this.route.page !== SIGN_IN) this.before = this.route;
      this.route = parse(location.hash);
    });
  }

  go(page: string, ...parts: (string | undefined)[]): void {
    location.hash = link(page, ...parts);
  }

  /** To the page that led to the form. */
  back(): void {
    // The form shall not be what 'back' leads to.
    location.replace(link(this.before.page, this.before.argument, ...this.before.rest));
  }
}

export const router = new Router();
