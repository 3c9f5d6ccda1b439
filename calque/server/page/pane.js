// A translation by one model: its words, how sure it is of each, where they come from, and other ways to go on.

import { Choices } from "./choices.js";
import { copy } from "./copy.js";
import { Live } from "./live.js";
import { number, paint, say } from "./strings.js";
import { direction, length, pieces, slice, surety } from "./words.js";

const PAUSE = 350; // milliseconds after the last key
const WAYS = 6; // other ways to go on

export class Pane {
  /** @param {{answer: Function, failure: Function, point: Function, model: Function}} told each with this pane first */
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

  /** Translate `question` ({text, source, target}) when the typing pauses, or now. */
  put(question, now = false) {
    this.#ask({ ...question, prefix: null }, now);
  }

  /** Ask once more what was asked last. */
  again() {
    if (this.asked) this.#ask(this.asked, true);
  }

  clear() {
    this.live.drop();
    this.asked = null;
    this.found = null;
    this.#draw("", [], []);
    this.#wait(false);
    this.#pin(null);
    this.warningsPart.replaceChildren();
    this.overallPart.textContent = "";
    this.modelPart.textContent = "";
    this.copyPart.disabled = true;
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
    if (this.found) this.#show(this.found, this.asked, false);
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
      this.#ask({ ...this.asked, prefix: null }, true);
      this.copyPart.focus();
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

  #wait(on) {
    this.root.classList.toggle("waiting", on);
    this.result.setAttribute("aria-busy", String(on));
  }

  #fail(failure) {
    this.#wait(false);
    this.failed = true;
    this.told.failure(this, failure);
  }

  #show(found, asked, isNew = true) {
    this.found = found;
    this.#wait(false);
    this.result.lang = asked.target;
    this.result.dir = direction(asked.target);
    this.#draw(found.text, found.alignment?.target ?? [], found.alignment?.links ?? []);
    this.overallPart.textContent = typeof found.confidence === "number" ? sure(found.confidence) : "";
    this.modelPart.textContent = found.model?.name ?? "";
    this.modelPart.title = [found.model?.engine, found.model?.version].filter(Boolean).join(" · ");
    this.copyPart.disabled = !found.text;
    this.#pin(asked.prefix);
    this.#name();
    this.warningsPart.replaceChildren(
      ...(found.warnings ?? []).map((warning) => Object.assign(document.createElement("li"), { textContent: warning })),
    );
    if (!isNew) return;
    if (this.resume && asked.prefix) this.#focus(this.#after(asked.prefix));
    this.resume = false;
    this.told.answer(this, found, asked);
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
    const original = from.map(([start, end]) => slice(this.asked.text, start, end)).join(" ");
    const values = { word, confidence: sure(confidence), source: original };
    return say(original ? "word" : "word_alone", values);
  }

  #placeOf(element) {
    for (const [place, span] of this.spans) if (span === element) return place;
    return null;
  }

  #point(place) {
    if (this.choices) return; // the list is about the word it opened at
    const alignment = this.found?.alignment;
    const links = place === null || !alignment ? [] : alignment.links.filter(([, to]) => to === place);
    const ranges = links.map(([from]) => alignment.source[from].slice(0, 2));
    this.#mark(new Set(place === null ? [] : [place]));
    this.aboutPart.replaceChildren(...(place === null ? [] : this.#about(place, ranges)));
    this.told.point(this, ranges);
  }

  /** A word, what it comes from, and how sure the model is; each of the two has its own direction. */
  #about(place, ranges) {
    const original = ranges.map(([start, end]) => slice(this.asked.text, start, end)).join(" ");
    const confidence = sure(this.found.alignment.target[place][2]);
    const { source = this.asked.source } = this.found;
    const words = [isolated(this.spans.get(place).textContent, this.asked.target), " ← ", isolated(original, source)];
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
    if (!span) return;
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
    const [before, after] = say("pinned").split("{text}");
    const quoted = isolated(prefix ?? "", this.asked?.target ?? "");
    this.pinnedPart.querySelector(".pinned-text").replaceChildren(before, quoted, after ?? "");
  }

  async #copy() {
    const text = this.copyPart.querySelector(".copy-text");
    await copy(this.found.text);
    this.copyPart.classList.add("done");
    text.textContent = say("copied");
    clearTimeout(this.shown);
    this.shown = setTimeout(() => {
      this.copyPart.classList.remove("done");
      text.textContent = say("copy");
    }, 2000);
  }
}

/** A stretch of a text of somebody else's within a sentence of the page. */
function isolated(text, language) {
  return Object.assign(document.createElement("bdi"), { textContent: text, lang: language, dir: direction(language) });
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
