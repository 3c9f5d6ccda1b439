// From which language into which.

import { nameOf, say } from "./strings.js";

export class Bar {
  /** @param {{change: Function, swap: Function}} told the languages changed; or they are to be swapped */
  constructor({ from, to, swap, detected }, told) {
    Object.assign(this, { from, to, swap, chip: detected, told, languages: [], detected: null, isChosen: false });
    from.addEventListener("change", () => {
      this.detected = null;
      this.#targets();
      told.change();
    });
    to.addEventListener("change", () => {
      this.isChosen = true; // the target, by a person
      this.#state();
      told.change();
    });
    swap.addEventListener("click", () => this.#swap());
  }

  /** The language of the text: chosen, else detected, else null. */
  get known() {
    return this.from.value === "auto" ? this.detected : this.from.value;
  }

  /** Offer what the server translates. */
  offer(languages) {
    this.languages = languages;
    this.repaint();
  }

  repaint() {
    const from = this.from.value || "auto";
    const options = this.languages.map(({ code, name }) => [code, nameOf(code, name)]);
    options.sort((one, other) => one[1].localeCompare(other[1]));
    fill(this.from, [["auto", say("detect")], ...options], from);
    this.#targets();
  }

  /** The server found out that the text is in this language. Where that is the one into which nobody chose to translate, it
   * becomes another; tells whether it did. */
  found(code) {
    this.detected = code;
    const other = this.languages.find((one) => one.code === code)?.targets.find((target) => target !== code);
    const turns = code !== null && code === this.to.value && !this.isChosen && other !== undefined;
    if (turns) this.to.value = other;
    this.#state();
    return turns;
  }

  #targets() {
    const from = this.from.value;
    const reached = this.languages.filter(({ code }) => from === "auto" || code === from).flatMap(({ targets }) => targets);
    const names = new Map(this.languages.map(({ code, name }) => [code, name]));
    const options = [...new Set(reached)].map((code) => [code, nameOf(code, names.get(code))]);
    options.sort((one, other) => one[1].localeCompare(other[1]));
    const wished = [this.to.value, document.documentElement.lang.slice(0, 2)];
    fill(this.to, options, wished.find((code) => reached.includes(code)) ?? options[0]?.[0]);
    this.#state();
  }

  #reverse() {
    const back = this.languages.find(({ code }) => code === this.to.value);
    return this.known && back?.targets.includes(this.known) ? [this.to.value, this.known] : null;
  }

  #state() {
    this.swap.disabled = !this.#reverse();
    const shown = this.from.value === "auto" && this.detected;
    this.chip.hidden = !shown;
    this.chip.textContent = shown ? say("detected", { language: nameOf(this.detected) }) : "";
  }

  #swap() {
    const reverse = this.#reverse();
    if (!reverse) return;
    this.detected = null;
    this.from.value = reverse[0];
    this.#targets();
    this.to.value = reverse[1];
    this.isChosen = true;
    this.#state();
    this.told.swap();
  }
}

function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([code, name]) => new Option(name, code, false, code === chosen)));
}
