// A translation by one model: its words, how sure it is of each, where they come from, and other ways to go on.

import { Choices } from "./choices.js";
import { copy } from "./copy.js";
import { Live } from "./live.js";
import { isolated, nodes, number, paint, say, warned } from "./strings.js";
import { direction, length, pieces, slice, surety } from "./words.js";

const PAUSE = 350; // milliseconds after the last key
const WAYS = 6; // other ways to go on

export class Pane {
  /** @param {{answer: Function, failure: Function, point: Function, model: Function, names: Function}} told each with this pane
   * first; `names` gives languages as the server calls them, each with its code */
  constructor(api, told) {
    this.api = api;
    this.told = told;
    this.root = document.getElementById("pane").content.firstElementChild.cloneNode(true);
    for (const part of ["result", "about", "overall", "pinned", "warnings", "copy", "model"])
      this[`${part}Part`] = this.root.querySelector(`.${part}`);
    this.select = this.root.querySelector("select");
    this.release = this.root.querySelector(".pinned button");
    this.live = new Live(PAUSE, (asked, signal) => api.translate(asked, signal), {
      answer: (found, asked) => this.#show(found, asked),
      failure: (failure) => this.#fail(failure),
    });
    this.offered = [];
    this.#listen();
    this.clear();
    this.repaint();
  }

  /** The model that is asked by name; null: the server chooses. */
  get model() {
    return this.select.value || null;
  }

  /** Offer these models; the one at `place` unless another of them was chosen before. Tells whether the choice changed. */
  offer(names, place) {
    const before = this.model;
    this.offered = names;
    const chosen = names.includes(before) ? before : names[Math.min(place, names.length - 1)];
    this.select.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
    this.select.parentElement.hidden = !names.length;
    this.modelPart.hidden = names.length > 0;
    this.#name();
    return before !== this.model;
  }

  /** Whether the translation is that of what was asked last: neither awaited nor refused. */
  get isFresh() {
    return this.found !== null && this.asked === this.shown;
  }

  /** Translate `question` ({text, source, target}) when the typing pauses, or now. What is shown already is not asked anew. */
  put(question, now = false) {
    const asked = { ...question, model: this.model };
    if (this.shown && Object.keys(asked).every((name) => asked[name] === this.shown[name])) this.#return();
    else this.#ask({ ...asked, prefix: null }, now);
  }

  /** Ask once more what was asked last. */
  again() {
    if (this.asked) this.#ask(this.asked, true);
  }

  clear() {
    this.live.drop();
    this.asked = this.shown = null; // the question of now, and that of the translation `found`
    this.found = null;
    this.#draw("", [], []);
    this.#wait(false);
    this.#pin(null);
    this.warningsPart.replaceChildren();
    this.overallPart.textContent = "";
    this.modelPart.textContent = "";
  }

  /** Light up the words that come from these ranges of the source. */
  light(ranges) {
    const places = new Set();
    this.found?.alignment?.links.forEach(([from, to]) => {
      const [start, end] = this.found.alignment.source[from];
      if (ranges.some(([low, high]) => start < high && low < end)) places.add(to);
    });
    this.#mark(places);
  }

  /** The strings of this pane, in the language the page speaks now. */
  repaint() {
    paint(this.root);
    this.copyPart.querySelector(".copy-text").textContent = say("copy");
    this.release.setAttribute("aria-label", say("release"));
    this.release.title = say("release");
    this.select.setAttribute("aria-label", say("model"));
    this.#name();
    if (this.found) this.#fill();
  }

  #listen() {
    this.result = this.resultPart;
    for (const kind of ["pointerover", "focusin"])
      this.result.addEventListener(kind, ({ target }) => this.#point(this.#placeOf(target)));
    this.result.addEventListener("pointerleave", () => this.#point(null));
    this.result.addEventListener("focusout", () => this.#point(null));
    this.result.addEventListener("click", ({ target }) => {
      const place = this.#placeOf(target);
      if (place !== null) this.#open(place);
    });
    this.result.addEventListener("keydown", (event) => this.#key(event));
    this.select.addEventListener("change", () => this.told.model(this));
    this.release.addEventListener("click", () => {
      this.resume = true;
      this.#ask({ ...this.asked, prefix: null }, true);
    });
    this.copyPart.addEventListener("click", () => this.#copy());
  }

  #name() {
    const label = this.model ? say("target_by", { model: this.model }) : say("target");
    this.root.setAttribute("aria-label", label);
    this.result.setAttribute("aria-label", label);
  }

  #ask(asked, now) {
    this.asked = { ...asked, model: this.model };
    this.failed = false;
    this.choices?.close();
    this.#wait(true);
    this.live.put(this.asked, now);
  }

  /** The question is again that of the translation which is there. */
  #return() {
    this.live.drop();
    this.choices?.close();
    this.asked = this.shown;
    this.failed = false;
    this.#wait(false);
    this.told.answer(this, this.found, this.shown);
  }

  /** Whether an answer is awaited; a translation of something else is pale until then, and is not used. */
  #wait(on) {
    const isStale = this.found !== null && !this.isFresh;
    this.root.classList.toggle("waiting", on);
    this.root.classList.toggle("stale", isStale);
    this.result.setAttribute("aria-busy", String(on || isStale));
    this.result.setAttribute("aria-disabled", String(isStale));
    this.copyPart.disabled = isStale || !this.found?.text;
    if (isStale) this.aboutPart.textContent = "";
    else this.#hint();
  }

  /** What can be done with single words: nothing, where the server does not tell them apart. */
  #hint() {
    this.aboutPart.textContent = this.found?.text && !this.found.alignment ? say("whole") : "";
  }

  #fail(failure) {
    this.#wait(false);
    this.failed = true;
    this.told.failure(this, failure);
  }

  #show(found, asked) {
    this.found = found;
    this.shown = asked;
    this.#fill();
    this.#wait(false);
    if (this.resume) this.#focus(asked.prefix ? this.#after(asked.prefix) : 0);
    this.resume = false;
    this.told.answer(this, found, asked);
  }

  /** Show what was found. */
  #fill() {
    const { found, shown } = this;
    this.result.lang = shown.target;
    this.result.dir = direction(shown.target);
    this.#draw(found.text, found.alignment?.target ?? [], found.alignment?.links ?? []);
    this.overallPart.textContent = typeof found.confidence === "number" ? sure(found.confidence) : "";
    this.modelPart.textContent = found.model?.name ?? "";
    this.modelPart.title = [found.model?.engine, found.model?.version].filter(Boolean).join(" · ");
    this.#pin(shown.prefix);
    this.#name();
    this.warningsPart.replaceChildren(...(found.warnings ?? []).map((sentence) => this.#warning(sentence)));
    if (this.isFresh) this.#hint();
  }

  #warning(sentence) {
    const told = warned(sentence, this.told.names());
    const item = document.createElement("li");
    item.append(told ?? isolated(sentence, "en"));
    return item;
  }

  /** Draw the words; the one that can be reached with Tab is the first. */
  #draw(text, words, links) {
    const source = this.found?.alignment?.source ?? [];
    this.spans = new Map();
    const nodes = pieces(text, words).map((piece) => {
      if (piece.word === null) return document.createTextNode(piece.text);
      const span = document.createElement("span");
      span.textContent = piece.text;
      span.className = `word ${surety(words[piece.word][2])}`;
      span.setAttribute("role", "button");
      span.setAttribute("aria-haspopup", "listbox");
      span.setAttribute("aria-expanded", "false");
      span.tabIndex = this.spans.size ? -1 : 0;
      this.spans.set(piece.word, span);
      const from = links.filter(([, to]) => to === piece.word).map(([place]) => source[place]);
      span.setAttribute("aria-label", this.#describe(piece.text, words[piece.word][2], from));
      return span;
    });
    this.result.replaceChildren(...nodes);
    this.aboutPart.textContent = "";
  }

  #describe(word, confidence, from) {
    const original = from.map(([start, end]) => slice(this.shown.text, start, end)).join(" ");
    const values = { word, confidence: sure(confidence), source: original };
    return say(original ? "word" : "word_alone", values);
  }

  #placeOf(element) {
    for (const [place, span] of this.spans) if (span === element) return place;
    return null;
  }

  #point(place) {
    if (this.choices || !this.isFresh) return; // a list is about the word it opened at
    const alignment = this.found?.alignment;
    const links = place === null || !alignment ? [] : alignment.links.filter(([, to]) => to === place);
    const ranges = links.map(([from]) => alignment.source[from].slice(0, 2));
    this.#mark(new Set(place === null ? [] : [place]));
    if (place === null) this.#hint();
    else this.aboutPart.replaceChildren(...this.#about(place, ranges));
    this.told.point(this, ranges);
  }

  /** A word, what it comes from, and how sure the model is; each of the two has its own direction. */
  #about(place, ranges) {
    const original = ranges.map(([start, end]) => slice(this.shown.text, start, end)).join(" ");
    const confidence = sure(this.found.alignment.target[place][2]);
    const { source = this.shown.source } = this.found;
    const words = [isolated(this.spans.get(place).textContent, this.shown.target), " ← ", isolated(original, source)];
    return [...(original ? words : []), original && confidence ? " · " : "", confidence];
  }

  #mark(places) {
    for (const [place, span] of this.spans) span.classList.toggle("lit", places.has(place));
  }

  #key(event) {
    const place = this.#placeOf(event.target);
    if (place === null) return;
    const order = [...this.spans.keys()];
    const at = order.indexOf(place);
    const onward = getComputedStyle(this.result).direction === "rtl" ? -1 : 1;
    const steps = { ArrowRight: at + onward, ArrowLeft: at - onward, Home: 0, End: order.length - 1 };
    if (event.key in steps) this.#focus(order[Math.max(0, Math.min(order.length - 1, steps[event.key]))]);
    else if (event.key === "Enter" || event.key === " " || event.key === "ArrowDown") this.#open(place);
    else return;
    event.preventDefault();
  }

  #focus(place) {
    const span = this.spans.get(place);
    if (!span) {
      this.copyPart.focus();
      return;
    }
    for (const other of this.spans.values()) other.tabIndex = other === span ? 0 : -1;
    span.focus({ preventScroll: true });
  }

  /** The place of the last word within a beginning. */
  #after(prefix) {
    const end = length(prefix);
    const within = [...this.spans.keys()].filter((place) => this.found.alignment.target[place][0] < end);
    return within.at(-1) ?? 0;
  }

  async #open(place) {
    this.choices?.close();
    if (!this.isFresh) return;
    const span = this.spans.get(place);
    const prefix = slice(this.found.text, 0, this.found.alignment.target[place][0]);
    const stop = new AbortController();
    const left = () => {
      this.choices = null;
      stop.abort();
      this.#point(null);
    };
    const choices = new Choices(span, this.asked.target, say("alternatives"), {
      leave: left,
      choose: (item) => {
        left();
        this.resume = true;
        this.#ask({ ...this.asked, prefix: item.begin }, true);
      },
    });
    this.#point(place);
    this.choices = choices;
    choices.open();
    const { text, target, model } = this.asked;
    try {
      const question = { text, source: this.found.source ?? this.asked.source, target, model, prefix, count: WAYS };
      choices.fill((await this.api.complete(question, stop.signal)).map((way) => choice(way, prefix)));
    } catch (failure) {
      if (failure.name === "AbortError") return;
      choices.close();
      this.#fail(failure);
    }
  }

  #pin(prefix) {
    this.pinnedPart.hidden = !prefix;
    const quoted = isolated(prefix ?? "", this.shown?.target ?? "");
    this.pinnedPart.querySelector(".pinned-text").replaceChildren(...nodes("pinned", { text: quoted }));
  }

  async #copy() {
    const text = this.copyPart.querySelector(".copy-text");
    await copy(this.found.text);
    this.copyPart.classList.add("done");
    text.textContent = say("copied");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.copyPart.classList.remove("done");
      text.textContent = say("copy");
    }, 2000);
  }
}

function sure(confidence) {
  if (typeof confidence !== "number") return "";
  const shown = number(Math.max(confidence, 0.01), { style: "percent", maximumFractionDigits: 0 });
  return say("confidence", { percent: confidence > 0 && confidence < 0.01 ? `< ${shown}` : shown });
}

/** A completion as a choice: its next word, what would follow, and the beginning that it stands for. */
function choice({ text, next, confidence }, prefix) {
  const at = text.indexOf(next, Math.max(0, prefix.length - next.length)); // the beginning may end within the word
  const end = at < 0 ? prefix.length : at + next.length;
  return { next, rest: text.slice(end).trimEnd(), sure: sure(confidence), begin: text.slice(0, end) };
}
