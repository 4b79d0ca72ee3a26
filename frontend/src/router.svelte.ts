/** Which page is shown. */

import { link, parse, type Route } from "./route";

/** The page on which one signs in, and from which one goes back to where one was. */
export const SIGN_IN = "sign-in";

class Router {
  route = $state.raw<Route>(parse(location.hash));
  private before: Route = { page: "live", argument: null };

  constructor() {
    addEventListener("hashchange", () => {
      if (this.route.page !== SIGN_IN) this.before = this.route;
      this.route = parse(location.hash);
    });
  }

  go(page: string, argument?: string): void {
    location.hash = link(page, argument);
  }

  /** To the page that led to the form. */
  back(): void {
    // The form shall not be what 'back' leads to.
    location.replace(link(this.before.page, this.before.argument));
  }
}

export const router = new Router();
