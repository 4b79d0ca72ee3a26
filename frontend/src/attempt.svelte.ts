/** Something that a reader has done, one thing at a time. */

export class Attempt {
  isBusy = $state(false);
  /** Why it could not be done. */
  problem = $state.raw<unknown>(null);

  /** Does it; true where that worked. */
  async at(what: () => Promise<void>): Promise<boolean> {
    [this.isBusy, this.problem] = [true, null];
    try {
      await what();
    } catch (failure) {
      this.problem = failure;
    }
    this.isBusy = false;
    return this.problem === null;
  }
}
