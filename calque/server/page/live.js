// Asking while somebody types: not at every key, never two at once, and only the last answer counts.

export class Live {
  /**
   * @param {number} pause milliseconds without a change before `ask` is called
   * @param {(what: any, signal: AbortSignal) => Promise<any>} ask
   * @param {{answer: Function, failure: Function}} told what came of the latest question
   */
  constructor(pause, ask, told) {
    this.pause = pause;
    this.ask = ask;
    this.told = told;
    this.turn = 0;
    this.timer = 0;
    this.stop = null;
  }

  /** Forget what was asked: its request is aborted and its answer will not be told. */
  drop() {
    this.turn += 1;
    clearTimeout(this.timer);
    this.stop?.abort();
    this.stop = null;
  }

  /** Ask `what` when nothing newer comes within the pause; `now`: without waiting. */
  put(what, now = false) {
    this.drop();
    const turn = this.turn;
    this.timer = setTimeout(() => this.#send(what, turn), now ? 0 : this.pause);
  }

  async #send(what, turn) {
    this.stop = new AbortController();
    try {
      const found = await this.ask(what, this.stop.signal);
      if (turn === this.turn) this.told.answer(found, what);
    } catch (error) {
      if (turn === this.turn && error.name !== "AbortError") this.told.failure(error, what);
    }
  }
}
