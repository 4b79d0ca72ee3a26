/** A question to the server, and its answer. */

import { Problem } from "./api/client";
import { session } from "./session.svelte";

/** The last question wins; what is known stays in sight until the next answer is there. */
export class Asked<T> {
  answer = $state.raw<T | null>(null);
  problem = $state.raw<unknown>(null);
  isWaiting = $state(false);

  private question: (() => Promise<T>) | null = null;
  private asked = 0;

  /** To be called within an effect: whoever signs in meanwhile has it asked again. */
  ask(question: () => Promise<T>): void {
    void session.turn;
    this.question = question;
    this.retry();
  }

  retry(): void {
    if (this.question !== null) void this.take(this.question());
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
export class AskedList<T> extends Asked<Page<T>> {
  private page: (cursor: string | undefined) => Promise<Page<T>> = () =>
    Promise.resolve({ items: [], next: null });

  /** The first page; within an effect, like `ask`. */
  askPages(page: (cursor: string | undefined) => Promise<Page<T>>): void {
    this.page = page;
    this.ask(() => page(undefined));
  }

  /** The first page once more: what follows may have changed as well. */
  fromTheStart(): void {
    this.ask(() => this.page(undefined));
  }

  /** One page more. */
  more(): void {
    const known = this.answer;
    if (known === null || known.next === null || this.isWaiting) return;
    const { items, next } = known;
    this.ask(async () => {
      const page = await this.page(next);
      return { items: [...items, ...page.items], next: page.next };
    });
  }
}
