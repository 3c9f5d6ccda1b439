// calque's own API (docs/api.md), and what may go wrong with it.

const KINDS = { 401: "key_needed", 403: "key_wrong", 404: "lost", 413: "large", 429: "often", 456: "spent", 503: "busy" };
const CODES = ["bad_file", "conflict", "too_large", "unknown_format", "unknown_language"]; // that have a string of their own

/** Why the server did not answer: `kind` is the name of a string, `message` the server's own sentence, in English, and `wait`
 * the seconds after which to ask again. */
export class Failure extends Error {
  constructor(kind, message = "", wait = null) {
    super(message || kind);
    this.kind = kind;
    this.wait = wait;
  }
}

export class Api {
  /** @param {() => string} key gives the key of now, empty where there is none. */
  constructor(base, key) {
    this.base = base;
    this.key = key;
  }

  /** The answer to one call, as it came; throws Failure, or AbortError where `signal` stopped it. */
  async open(method, path, { body = null, signal = null, accept = "application/json" } = {}) {
    const headers = { Accept: accept };
    if (this.key()) headers.Authorization = `Bearer ${this.key()}`;
    const isForm = body instanceof FormData;
    if (body && !isForm) headers["Content-Type"] = "application/json";
    const sent = body && !isForm ? JSON.stringify(body) : body;
    let answer;
    try {
      answer = await fetch(new URL(path, this.base), { method, headers, body: sent, signal, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Failure("offline");
    }
    if (!answer.ok) throw await failure(answer);
    return answer;
  }

  /** The answer as an object. */
  async call(method, path, options = {}) {
    const answer = await this.open(method, path, options);
    if (answer.status === 204) return null;
    try {
      return await answer.json();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Failure("fault");
    }
  }

  languages() {
    return this.call("GET", "languages").then((found) => found.languages);
  }

  models() {
    return this.call("GET", "models").then((found) => found.models);
  }

  usage() {
    return this.call("GET", "usage");
  }

  /** One text's translation, with the model that made it. */
  async translate(request, signal) {
    const found = await this.call("POST", "translate", { body: { ...request, explain: true }, signal });
    return { ...found.translations[0], model: found.model };
  }

  complete(request, signal) {
    return this.call("POST", "complete", { body: request, signal }).then((found) => found.completions);
  }
}

async function failure(answer) {
  let code = "";
  let message = `HTTP ${answer.status}`;
  try {
    const { error } = await answer.json();
    code = error.code;
    message = String(error.message);
  } catch {
    // A proxy's page, or nothing: the status tells enough.
  }
  const wait = Number.parseFloat(answer.headers.get("Retry-After"));
  const kind = CODES.includes(code) ? code : (KINDS[answer.status] ?? (answer.status < 500 ? "unfit" : "fault"));
  return new Failure(kind, message, Number.isFinite(wait) ? Math.max(1, Math.ceil(wait)) : null);
}
