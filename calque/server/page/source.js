// The text to be translated. A text area cannot colour words, so the same text lies under it, cut into words.

import { length, pieces } from "./words.js";

export class Source {
  /** @param {{change: Function, point: Function}} told the text changed; words [start, end) are pointed at, or null */
  constructor(area, under, told) {
    this.area = area;
    this.under = under;
    this.told = told;
    this.spans = [];
    area.addEventListener("input", (event) => {
      this.plain();
      if (!event.isComposing) told.change();
    });
    area.addEventListener("compositionend", () => told.change());
    area.addEventListener("pointermove", (event) => this.#hover(event));
    area.addEventListener("pointerleave", () => told.point(null));
    for (const kind of ["keyup", "pointerup"]) area.addEventListener(kind, () => this.#caret());
    area.addEventListener("blur", () => told.point(null));
    this.plain();
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.plain();
  }

  /** The text without words: it has just changed. */
  plain() {
    this.spans = [];
    // The last line is only as high as others where something stands on it.
    this.under.textContent = `${this.area.value}\u200b`;
  }

  /** Words of the text, [start, end) each. */
  cut(words) {
    this.spans = [];
    const nodes = pieces(this.area.value, words).map((piece) => {
      if (piece.word === null) return document.createTextNode(piece.text);
      const span = document.createElement("span");
      span.textContent = piece.text;
      this.spans.push({ span, start: piece.start, end: piece.end });
      return span;
    });
    this.under.replaceChildren(...nodes, "\u200b");
  }

  /** Light up what lies within these ranges of characters. */
  light(ranges) {
    for (const { span, start, end } of this.spans)
      span.classList.toggle("lit", ranges.some(([from, to]) => start < to && from < end));
  }

  #hover({ clientX, clientY }) {
    const hit = this.spans.find(({ span }) =>
      Array.from(span.getClientRects()).some(
        (box) => clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom,
      ),
    );
    this.told.point(hit ? [hit.start, hit.end] : null);
  }

  #caret() {
    const at = length(this.area.value.slice(0, this.area.selectionStart));
    const hit = this.spans.find(({ start, end }) => start <= at && at <= end);
    this.told.point(hit ? [hit.start, hit.end] : null);
  }
}
