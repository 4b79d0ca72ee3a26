/** A question to the server, and its answer. */

import { Problem } from "./api/client";
import { session } from "./session.svelte";

const REFRESHED_EACH_MS = 60_000;

/** The last question wins; what is known stays in sight until the next answer is there. */
export class Asked<T> {
  answer = $state.raw<T | null>(null);
  problem = $state.raw<unknown>(null);
  isWaiting = $state(false);

  private question: (() => Promise<T>) | null = null;
  private asked = 0;

  /** The same for figures that move: asked again each minute while somebody looks. Returns what ends it. */
  keep(question: () => Promise<T>): () => void {
    this.ask(question);
    const again = setInterval(() => {
      if (document.visibilityState === "visible" && !session.hasEnded) void this.refresh(question);
    }, REFRESHED_EACH_MS);
    return () => clearInterval(again);
  }

  /** To be called within an effect: whoever signs in meanwhile has it asked again. */
  ask(question: () => Promise<T>): void {
    void session.turn;
    this.question = question;
    // What went wrong with another question, or for whoever was there before, is no answer to this one.
    this.problem = null;
    this.retry();
  }

  retry(): void {
    if (this.question !== null) void this.take(this.question());
  }

  /** What is known stays in sight where nobody answers: the reader has not asked. */
  private async refresh(question: () => Promise<T>): Promise<void> {
    const latest = this.asked;
    const answer = await question().catch(() => null);
    if (answer !== null && latest === this.asked) [this.answer, this.problem] = [answer, null];
  }

  private async take(answer: Promise<T>): Promise<void> {
    const ours = ++this.asked;
    this.isWaiting = true;
    try {
      const answered = await answer;
      if (ours === this.asked) [this.answer, this.problem] = [answered, null];
    } catch (problem) {
      if (ours === this.asked) this.fail(problem);
    }
    if (ours === this.asked) this.isWaiting = false;
  }

  private fail(problem: unknown): void {
    // Whoever has been signed out is asked to sign in again, and finds the page as it was.
    const isSignedOut = problem instanceof Problem && problem.status === 401;
    if (isSignedOut && this.answer !== null) return;
    [this.answer, this.problem] = [null, problem];
  }
}

interface Page<T> {
  items: T[];
  next: string | null;
}

/** A list that the server hands out page by page. */
export class AskedList<T, P extends Page<T> = Page<T>> extends Asked<P> {
  private page: ((cursor: string | undefined) => Promise<P>) | null = null;

  /** The first page; within an effect, like `ask`. */
  askPages(page: (cursor: string | undefined) => Promise<P>): void {
    this.page = page;
    this.ask(() => page(undefined));
  }

  /** The first page once more: what follows may have changed as well. */
  fromTheStart(): void {
    if (this.page !== null) this.askPages(this.page);
  }

  /** One page more. */
  more(): void {
    const [known, page] = [this.answer, this.page];
    if (known === null || known.next === null || page === null || this.isWaiting) return;
    const { items, next } = known;
    this.ask(async () => {
      const more = await page(next);
      return { ...more, items: [...items, ...more.items] };
    });
  }
}
