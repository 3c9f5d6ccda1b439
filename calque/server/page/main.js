// The page: one source text, one or two translations of it, and files.

import { Api } from "./api.js";
import { Bar } from "./bar.js";
import { Files } from "./files.js";
import { Key } from "./key.js";
import { Notice } from "./notice.js";
import { Pane } from "./pane.js";
import { Source } from "./source.js";
import { number, preferred, say, speak, tongue } from "./strings.js";
import { direction, length } from "./words.js";

const $ = (id) => document.getElementById(id);

class Page {
  constructor() {
    this.models = [];
    this.limit = null;
    this.key = new Key($("key"), $("key-field"), { change: () => this.open() });
    this.api = new Api(new URL("api/v1/", document.baseURI), () => this.key.value);
    this.notice = new Notice($("notice"), $("notice-text"), $("notice-count"), $("notice-again"));
    this.source = new Source($("text"), $("under"), {
      change: () => this.ask(),
      point: (range) => this.point(range ? [range] : [], null),
    });
    const parts = { from: $("from"), to: $("to"), swap: $("swap"), detected: $("detected") };
    this.bar = new Bar(parts, { change: () => this.turn(), swap: () => this.swapped() });
    this.files = new Files(this.api, $("files"), $("jobs"), {
      languages: () => ({ source: this.bar.from.value, target: this.bar.to.value, model: this.panes[0].model }),
      failure: (kind, values) => this.notice.show({ kind, values, wait: null }, null),
    });
    this.panes = [this.#pane()];
    this.#listen();
  }

  /** Ask the server what it offers, then translate what stands there. */
  async open() {
    try {
      [this.languages, this.models] = await Promise.all([this.api.languages(), this.api.models()]);
      this.notice.hide();
      this.bar.offer(this.languages);
      if (!this.languages.length) this.notice.show({ kind: "no_languages", wait: null }, () => this.open());
      await this.usage();
      this.turn();
    } catch (failure) {
      this.fail(failure, () => this.open());
    }
  }

  /** What the key may still ask for; a server that does not say has no limits to show. */
  async usage() {
    try {
      const { used, allowed, text_limit: text, file_limit: file } = await this.api.usage();
      this.limit = text ?? null;
      this.files.limit = file ?? null;
      const values = { used: number(used), allowed: allowed === null ? "" : number(allowed) };
      $("usage").textContent = say(allowed === null ? "used" : "allowed", values);
      $("usage").hidden = false;
    } catch (failure) {
      if (failure.kind === "key_needed" || failure.kind === "key_wrong") throw failure;
      $("usage").hidden = true;
    }
    this.count();
  }

  /** Translate the text: when the typing pauses, or now. */
  ask(now = false) {
    this.count();
    const text = this.source.text;
    if (!text.trim()) {
      for (const pane of this.panes) pane.clear();
      this.bar.found(null);
      this.notice.hide();
      return;
    }
    if (this.limit !== null && length(text) > this.limit) {
      for (const pane of this.panes) pane.clear();
      return;
    }
    if (!this.bar.to.value) return;
    for (const pane of this.panes) pane.put(this.question(), now);
  }

  /** Ask once more for what failed. */
  again() {
    for (const pane of this.panes.filter((one) => one.failed)) pane.again();
  }

  question() {
    return { text: this.source.text, source: this.bar.from.value, target: this.bar.to.value };
  }

  /** The languages changed. */
  turn() {
    this.source.area.dir = this.source.under.dir = direction(this.bar.known);
    this.source.area.lang = this.source.under.lang = this.bar.known ?? "";
    this.offer();
    this.ask(true);
  }

  /** The translation becomes the text. */
  swapped() {
    const text = this.panes[0].isFresh ? this.panes[0].found.text : "";
    if (text) this.source.text = text;
    this.turn();
  }

  /** Which models may be chosen for these languages; tells which panes have another one now. */
  offer() {
    const { known } = this.bar;
    const target = this.bar.to.value;
    const serving = this.models.filter((model) => model.source === known && model.target === target);
    const names = serving.length > 1 ? serving.map(({ name }) => name) : [];
    $("compare").hidden = names.length < 2;
    if (names.length < 2) this.compare(false);
    return this.panes.filter((pane, place) => pane.offer(names, place));
  }

  /** One translation, or two beside one another. */
  compare(on) {
    $("compare").setAttribute("aria-pressed", String(on));
    $("sheet").classList.toggle("two", on);
    if (on === this.panes.length > 1) return;
    if (on) this.panes.push(this.#pane());
    else this.#drop(this.panes.pop());
  }

  answer(pane, found, asked) {
    if (asked.text !== this.source.text) return;
    this.notice.hide();
    const isFirst = pane === this.panes[0];
    if (asked.source === "auto" && isFirst && this.detect(found.detected?.language ?? found.source)) return;
    if (isFirst) {
      if (found.alignment) this.source.cut(found.alignment.source);
      $("spoken").textContent = found.text;
      $("spoken").lang = asked.target;
    }
  }

  /** The language that the server found; other languages may have other models. Tells whether all is asked anew. */
  detect(language) {
    if (language === this.bar.detected) return false;
    const turns = this.bar.found(language);
    this.source.area.dir = this.source.under.dir = direction(language);
    this.source.area.lang = this.source.under.lang = language ?? "";
    const changed = this.offer();
    if (turns) this.ask(true);
    else for (const pane of changed.filter((one) => one !== this.panes[0])) pane.put(this.question(), true);
    return turns;
  }

  fail(failure, again) {
    this.notice.show(failure, again);
    if (failure.kind === "key_needed" || failure.kind === "key_wrong") this.key.ask();
  }

  /** Light up what goes together; the pane that is pointed at lights its own word. */
  point(ranges, from) {
    this.source.light(ranges);
    for (const pane of this.panes) if (pane !== from) pane.light(ranges);
  }

  count() {
    const size = length(this.source.text);
    const over = this.limit === null ? 0 : size - this.limit;
    const values = { count: number(size), limit: number(this.limit ?? 0), over: number(over) };
    const sentence = say(over > 0 ? "too_long" : this.limit === null ? "count" : "count_of", values);
    $("count-said").textContent = sentence;
    $("count").textContent = over > 0 ? sentence : this.limit === null ? values.count : `${values.count} / ${values.limit}`;
    $("count").classList.toggle("over", over > 0);
    $("text").setAttribute("aria-invalid", String(over > 0));
    $("clear").hidden = size === 0;
  }

  async speak(code, keep) {
    await speak(code, keep);
    document.title = `calque · ${say("title")}`;
    this.bar.repaint();
    this.notice.repaint();
    this.files.repaint();
    for (const pane of this.panes) pane.repaint();
    this.count();
  }

  #pane() {
    const pane = new Pane(this.api, {
      answer: (...told) => this.answer(...told),
      failure: (_, failure) => this.fail(failure, () => this.again()),
      point: (one, ranges) => this.point(ranges, one),
      names: () => new Map((this.languages ?? []).map(({ code, name }) => [name, code])),
      model: (one) => this.source.text.trim() && one.put(this.question(), true),
    });
    $("sheet").append(pane.root);
    return pane;
  }

  #drop(pane) {
    pane.clear();
    pane.root.remove();
  }

  #listen() {
    $("tongue").addEventListener("change", async () => {
      await this.speak($("tongue").value, true);
      await this.usage().catch(() => {});
    });
    $("compare").addEventListener("click", () => {
      this.compare($("compare").getAttribute("aria-pressed") !== "true");
      this.offer();
      if (this.panes[1] && this.source.text.trim()) this.panes[1].put(this.question(), true);
    });
    $("key").addEventListener("toggle", () => {
      if ($("key").open) this.usage().catch(() => {});
    });
    $("clear").addEventListener("click", () => {
      this.source.text = "";
      this.ask();
      this.source.area.focus();
    });
    $("pick-file").addEventListener("click", () => $("file").click());
    $("file").addEventListener("change", () => {
      this.files.add([...$("file").files]);
      $("file").value = "";
    });
    this.#catch();
  }

  /** Files dropped anywhere on the page. */
  #catch() {
    const isFile = (event) => event.dataTransfer?.types.includes("Files");
    window.addEventListener("dragover", (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      $("drop").hidden = false;
    });
    window.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) $("drop").hidden = true;
    });
    window.addEventListener("drop", (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      $("drop").hidden = true;
      this.files.add([...event.dataTransfer.files]);
    });
  }
}

const page = new Page();
const code = preferred();
$("tongue").value = code;
await page.speak(code, false);
await page.open();
document.documentElement.dataset.ready = tongue();
