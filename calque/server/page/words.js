// Texts as words with places. The API counts characters (code points), the browser UTF-16 units: both meet here only.

/** Length of a text in characters. */
export function length(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Characters [start, end) of a text. */
export function slice(text, start, end = Infinity) {
  return Array.from(text).slice(start, end).join("");
}

/**
 * A text cut into pieces {text, start, end, word}: `word` is a place in `words` ([start, end, ...] each), null between them.
 * Words that overlap an earlier one or lie outside the text are left out.
 */
export function pieces(text, words) {
  const points = Array.from(text);
  const found = [];
  let at = 0;
  const push = (start, end, word) => {
    if (end > start) found.push({ text: points.slice(start, end).join(""), start, end, word });
  };
  words.forEach(([start, end], word) => {
    if (start < at || end <= start || end > points.length) return;
    push(at, start, null);
    push(start, end, word);
    at = end;
  });
  push(at, points.length, null);
  return found;
}

/** How sure a model is of a word, as a class of the style sheet; empty where it does not say. */
export function surety(confidence) {
  if (typeof confidence !== "number") return "";
  return confidence >= 0.8 ? "sure" : confidence >= 0.5 ? "unsure" : "doubtful";
}

/** The direction in which a language is written; `auto` where the language is not known. */
export function direction(code) {
  if (!code || code === "auto") return "auto";
  const RIGHT = ["ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"];
  const parts = code.toLowerCase().split(/[-_]/);
  if (parts.includes("latn") || parts.includes("cyrl")) return "ltr";
  return RIGHT.includes(parts[0]) || parts.includes("arab") || parts.includes("hebr") ? "rtl" : "ltr";
}
