/** Who reads, and how an answer of the server changes that. */

import type { components } from "./api/schema";

export type Session = components["schemas"]["Session"];

/** What is known of the reader. */
export interface Standing {
  /** As the server said last; null until it has said anything. */
  session: Session | null;
  /** Somebody was signed in and is no more, without having signed out. */
  hasEnded: boolean;
  /** Grows whenever there may be more to see than before: then pages ask again. */
  turn: number;
}

export const UNKNOWN: Standing = { session: null, hasEnded: false, turn: 0 };

/** After the server has said who reads. */
export function hear({ session: before, hasEnded, turn }: Standing, session: Session): Standing {
  const isNobody = session.client === null;
  const lost = isNobody && before !== null && before.client !== null;
  const gained =
    before === null ||
    before.client !== session.client ||
    session.scopes.some((it) => !before.scopes.includes(it));
  return {
    session,
    hasEnded: isNobody && (hasEnded || lost),
    turn: gained && !lost ? turn + 1 : turn,
  };
}

/** After the reader has signed out, or has chosen to go on as nobody. */
export function leave({ session, turn }: Standing): Standing {
  return { session: session && { ...session, client: null, scopes: [] }, hasEnded: false, turn };
}

/** Whether nothing can be read before somebody signs in. */
export function needsSignIn({ session }: Standing): boolean {
  return session !== null && session.client === null && session.sign_in === "required";
}

/** Whether the reader has a scope; as long as nobody knows, asking tells. Where a session has ended its page stays. */
export function may({ session, hasEnded }: Standing, scope: string): boolean {
  return session === null || hasEnded || session.scopes.includes(scope);
}
