// A list of other ways to go on, under the word where they begin.

import { say, tongue } from "./strings.js";
import { direction } from "./words.js";

let count = 0;

export class Choices {
  /** For `anchor`, a word of a text in `language`; `told.choose(item)` or `told.leave()` says how it closed. */
  constructor(anchor, language, label, told) {
    Object.assign(this, { anchor, language, told });
    this.items = [];
    this.at = -1;
    count += 1;
    this.list = document.createElement("ul");
    this.list.id = `choices-${count}`;
    this.list.className = "choices";
    this.list.lang = document.documentElement.lang;
    this.list.dir = direction(tongue()); // it stands in the translation, yet speaks as the page does
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", label);
    this.list.setAttribute("aria-busy", "true");
    this.list.tabIndex = -1;
    this.list.append(this.#line(say("alternatives_wait")));
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("focusout", (event) => {
      if (!this.list.contains(event.relatedTarget)) this.close();
    });
  }

  /** Show it below the word; it takes the focus. */
  open() {
    this.anchor.after(this.list);
    this.anchor.setAttribute("aria-expanded", "true");
    this.anchor.setAttribute("aria-controls", this.list.id);
    this.#place();
    this.list.focus({ preventScroll: true });
  }

  /** Show what was found: {next, rest, sure} each. */
  fill(items) {
    if (!this.list.isConnected) return;
    this.items = items;
    this.list.removeAttribute("aria-busy");
    this.list.replaceChildren(...items.map((item, place) => this.#option(item, place)));
    if (!items.length) this.list.append(this.#line(say("alternatives_none")));
    this.#place();
    this.#go(0);
  }

  close(item = null) {
    if (!this.list.isConnected || this.closing) return;
    this.closing = true; // removing what has the focus tells of a lost focus
    const hadFocus = this.list.contains(document.activeElement);
    this.list.remove();
    this.anchor.setAttribute("aria-expanded", "false");
    this.anchor.removeAttribute("aria-controls");
    if (item) this.told.choose(item);
    else this.told.leave();
    if (hadFocus) this.anchor.focus({ preventScroll: true });
  }

  #line(text) {
    const line = document.createElement("li");
    line.className = "none";
    line.setAttribute("role", "option");
    line.setAttribute("aria-disabled", "true");
    line.textContent = text;
    return line;
  }

  #option(item, place) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${place}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const way = part("way", "");
    Object.assign(way, { lang: this.language, dir: direction(this.language) });
    way.append(part("next", item.next), part("rest", item.rest));
    option.append(way, " ", part("sure", item.sure));
    option.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the focus until the click
    option.addEventListener("click", () => this.close(item));
    option.addEventListener("pointermove", () => this.#go(place));
    return option;
  }

  #go(place) {
    if (!this.items.length) return;
    this.at = (place + this.items.length) % this.items.length;
    Array.from(this.list.children).forEach((option, at) => option.setAttribute("aria-selected", String(at === this.at)));
    const option = this.list.children[this.at];
    this.list.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    const steps = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, Home: 0, End: this.items.length - 1 };
    if (event.key in steps) this.#go(steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.close(this.items[this.at] ?? null);
    else if (event.key === "Escape" || event.key === "Tab") this.close();
    else return;
    event.stopPropagation();
    event.preventDefault();
  }

  /** Below the word, and within the pane. */
  #place() {
    const box = this.anchor.getBoundingClientRect();
    const frame = this.list.offsetParent.getBoundingClientRect();
    const room = frame.width - this.list.offsetWidth - 8;
    this.list.style.left = `${Math.max(8, Math.min(box.left - frame.left, room))}px`;
    this.list.style.top = `${box.bottom - frame.top + 6}px`;
  }
}

function part(name, text) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  return span;
}
