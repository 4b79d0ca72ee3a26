/** Who reads, and how an answer of the server changes that. */

import type { components } from "./api/schema";

export type Session = components["schemas"]["Session"];

/** What is known of the reader. */
export interface Standing {
  /** As the server said last; null until it has said anything. */
  session: Session | null;
  /** The last one of somebody, which the page may still be of; null where nobody was there, or has left. */
  last: Session | null;
  /** Somebody was signed in and is no more, without having signed out. */
  hasEnded: boolean;
  /** Grows whenever there may be more to see than before: then pages ask again. */
  turn: number;
}

export const UNKNOWN: Standing = { session: null, last: null, hasEnded: false, turn: 0 };

/** After the server has said who reads. */
export function hear({ session: before, last, hasEnded, turn }: Standing, session: Session): Standing {
  const isNobody = session.name === null;
  const lost = isNobody && before !== null && before.name !== null;
  const gained =
    before === null ||
    before.name !== session.name ||
    String(before.classrooms) !== String(session.classrooms) ||
    session.scopes.some((it) => !before.scopes.includes(it));
  const ended = isNobody && (hasEnded || lost);
  return {
    session,
    last: isNobody ? (ended ? last : null) : session,
    hasEnded: ended,
    turn: gained && !lost ? turn + 1 : turn,
  };
}

/** After the reader has signed out, or has chosen to go on as nobody. */
export function leave({ session, turn }: Standing): Standing {
  const nobody = { name: null, kind: null, role: null, classrooms: null, scopes: [] };
  return { session: session && { ...session, ...nobody }, last: null, hasEnded: false, turn };
}

/** Whether nothing can be read before somebody signs in. */
export function needsSignIn({ session }: Standing): boolean {
  return session !== null && session.name === null && session.sign_in === "required";
}

/** Whom the page is of: where a session has ended the page stays, and with it what its reader could see. */
export function reader({ session, last, hasEnded }: Standing): Session | null {
  return hasEnded ? last : session;
}

/** Whether the reader has a scope; as long as nobody knows, asking tells. */
export function may(standing: Standing, scope: string): boolean {
  return reader(standing)?.scopes.includes(scope) ?? true;
}
