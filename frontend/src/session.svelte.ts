/** Who reads, as the pages see it. The session itself is behind a cookie that no script can read. */

import { onUnknownReader, session as current, signIn, signOut } from "./api/client";
import { hear, leave, may, needsSignIn, reader, type Standing, UNKNOWN } from "./session";

class SessionState {
  /** Whether the server has been asked once. */
  settled = $state(false);
  private standing = $state.raw<Standing>(UNKNOWN);

  /** Whether the server has said who reads. */
  readonly isKnown = $derived(this.standing.session !== null);
  readonly name = $derived(this.standing.session?.name ?? null);
  readonly kind = $derived(this.standing.session?.kind ?? null);
  readonly role = $derived(this.standing.session?.role ?? null);
  readonly scopes = $derived(this.standing.session?.scopes ?? []);
  readonly hasEnded = $derived(this.standing.hasEnded);
  readonly turn = $derived(this.standing.turn);
  readonly isNeeded = $derived(needsSignIn(this.standing));

  /** Whom the page is of, also once the session has ended. */
  readonly reader = $derived(reader(this.standing)?.name ?? null);
  /** Whether that is a person, who has a password of one's own. */
  readonly isUser = $derived(reader(this.standing)?.kind === "user");
  /** The classrooms whose learners are all that the reader sees; null where it is every classroom. */
  readonly classrooms = $derived(reader(this.standing)?.classrooms ?? null);
  readonly isBound = $derived(this.classrooms !== null);

  constructor() {
    onUnknownReader(() => void this.look());
  }

  /** Asks the server who it takes the reader for. */
  async look(): Promise<void> {
    try {
      const heard = await current();
      this.standing = hear(this.standing, heard);
    } catch {
      // Whichever page asks next shows what is wrong.
    } finally {
      this.settled = true;
    }
  }

  async enter(name: string, password: string): Promise<void> {
    const heard = await signIn(name, password);
    this.standing = hear(this.standing, heard);
  }

  async leave(): Promise<void> {
    await signOut();
    await this.goOn();
  }

  /** Goes on as nobody, with what nobody may see. */
  async goOn(): Promise<void> {
    this.standing = leave(this.standing);
    await this.look();
  }

  may(scope: string): boolean {
    return may(this.standing, scope);
  }
}

export const session = new SessionState();
