// What went wrong, in plain words, and when it is tried again.

import { number, reason, say } from "./strings.js";

const LONGEST = 60; // seconds between two tries

export class Notice {
  constructor(root, text, count, button) {
    Object.assign(this, { root, text, count, button, again: null, timer: 0, tries: 0 });
    button.addEventListener("click", () => this.#retry());
    window.addEventListener("online", () => {
      if (this.failure?.kind === "offline") this.#retry();
    });
  }

  /** Tell of a Failure; `again` asks once more, by itself where the server said when: later each time that fails too. */
  show(failure, again) {
    this.#close();
    Object.assign(this, { failure, again });
    this.root.hidden = false;
    this.button.hidden = !again;
    this.repaint();
    if (!again || failure.wait === null) return;
    this.#countdown(Math.max(failure.wait, Math.min(LONGEST, failure.wait * 2 ** this.tries)));
  }

  /** All is well again. */
  hide() {
    this.tries = 0;
    this.#close();
  }

  #close() {
    clearTimeout(this.timer);
    this.failure = null;
    this.again = null;
    this.root.hidden = true;
    this.text.textContent = "";
    this.count.textContent = "";
  }

  repaint() {
    if (this.failure) this.text.replaceChildren(...reason(this.failure));
  }

  #countdown(seconds) {
    if (seconds <= 0) {
      this.#retry();
      return;
    }
    this.count.textContent = say("again_in", { seconds: number(seconds) });
    this.timer = setTimeout(() => this.#countdown(seconds - 1), 1000);
  }

  #retry() {
    const again = this.again;
    this.tries += 1;
    this.#close();
    again?.();
  }
}
