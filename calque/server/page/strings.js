// The words of the page itself, in the language of whoever looks at it.

import { direction } from "./words.js";

const LANGUAGES = ["en", "fr", "zh"];
const KEPT = "calque.interface";

let words = {};
let warnings = {}; // what the server may warn of, in its own sentences: in those of the page
let language = "en";

/** The string of that name, with `{name}` replaced by values. */
export function say(name, values = {}) {
  const text = words[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

/** The same as nodes: a value that is a node stands in it as it is. */
export function nodes(name, values) {
  const parts = (words[name] ?? name).split(/\{(\w+)\}/);
  return parts.map((part, place) => (place % 2 ? (values[part] ?? "") : part));
}

/** A stretch of somebody else's text within a sentence of the page. */
export function isolated(text, code) {
  return Object.assign(document.createElement("bdi"), { textContent: text, lang: code, dir: direction(code) });
}

/** What went wrong, a Failure, with what the server says of it. */
export function reason({ kind, message, values }) {
  return nodes(kind ?? "fault", { message: isolated(message, "en"), ...values });
}

/** A warning of the server in the page's language; null where the page does not know it. `names` are languages as the server
 * calls them, each with its code. */
export function warned(sentence, names) {
  const begun = ([pattern]) => pattern.split("{")[0].length; // a pattern that begins with a value fits many a sentence
  for (const [pattern, told] of Object.entries(warnings).sort((one, other) => begun(other) - begun(one))) {
    const values = match(pattern, sentence);
    if (!values) continue;
    if (values.warning) values.warning = warned(values.warning, names);
    if (values.language) values.language = nameOf(names.get(values.language) ?? "", values.language);
    if (Object.values(values).includes(null)) continue;
    return told.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }
  return null;
}

/** What stands in a sentence for the names in braces of its pattern; null where it is another sentence. */
function match(pattern, sentence) {
  const parts = pattern.split(/\{(\w+)\}/);
  const shape = parts.map((part, place) => (place % 2 ? `(?<${part}>.+)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  const found = new RegExp(`^${shape.join("")}$`, "s").exec(sentence);
  return found && { ...found.groups };
}

/** Which language the page speaks. */
export function tongue() {
  return language;
}

/** Numbers as the page's language writes them. */
export function number(value, options = {}) {
  return new Intl.NumberFormat(language, options).format(value);
}

/** The name of a language in the language of the page; `other` where the browser knows none. */
export function nameOf(code, other = code) {
  try {
    const name = new Intl.DisplayNames([language], { type: "language", fallback: "none" }).of(code);
    return name ? name.charAt(0).toLocaleUpperCase(language) + name.slice(1) : other;
  } catch {
    return other; // the code is not one of BCP 47
  }
}

/** The language chosen before, else the browser's first that the page speaks. */
export function preferred() {
  const asked = [kept(), ...navigator.languages].map((code) => String(code).toLowerCase().split("-")[0]);
  return asked.find((code) => LANGUAGES.includes(code)) ?? "en";
}

/** Speak that language: fetch its strings and put them where the page names them. */
export async function speak(code, keep = false) {
  const answer = await fetch(new URL(`strings/${code}.json`, import.meta.url));
  ({ warnings, ...words } = await answer.json());
  language = code;
  if (keep) remember(code);
  document.documentElement.lang = code === "zh" ? "zh-Hans" : code;
  document.documentElement.dir = direction(code);
  paint(document);
}

/** Fill in the strings that elements below `root` name. */
export function paint(root) {
  for (const element of root.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
    if (element.localName === "button") element.title = say(element.dataset.label);
  }
  for (const element of root.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
}

function kept() {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // storage is forbidden: the browser's language it is
  }
}

function remember(code) {
  try {
    localStorage.setItem(KEPT, code);
  } catch {
    // Storage is forbidden: the choice holds for this visit.
  }
}
