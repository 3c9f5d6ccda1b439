// Files that are translated in the background: sent, followed, saved.

import { follow } from "./events.js";
import { isolated, nodes, number, reason, say } from "./strings.js";

const LONGEST = 60; // seconds between two tries

export class Files {
  /** @param {{languages: () => object, failure: Function}} told what to send with a file; what went wrong */
  constructor(api, section, list, told) {
    Object.assign(this, { api, section, list, told, limit: null });
  }

  /** Translate these files. */
  add(files) {
    for (const file of files) {
      if (this.limit !== null && file.size > this.limit) {
        this.told.failure("file_large", { name: file.name, limit: size(this.limit) });
        continue;
      }
      this.section.hidden = false;
      const row = new Row(this.api, file);
      this.list.prepend(row.root);
      row.run(this.told.languages());
    }
  }

  repaint() {
    for (const item of this.list.children) item.row.repaint();
  }
}

class Row {
  constructor(api, file) {
    Object.assign(this, { api, file, job: null, state: "uploading", why: null, stop: new AbortController() });
    this.root = document.createElement("li");
    this.root.row = this;
    this.name = this.#part("span", "name");
    this.note = this.#part("span", "note small");
    this.note.setAttribute("role", "status");
    this.bar = this.#part("progress", "");
    this.button = this.#part("button", "quiet");
    this.button.type = "button";
    this.button.addEventListener("click", () => this.#act());
    this.name.textContent = file.name;
    this.repaint();
  }

  async run(languages) {
    const form = new FormData();
    form.append("file", this.file, this.file.name);
    for (const [name, value] of Object.entries(languages)) if (value) form.append(name, value);
    try {
      const job = await this.#sent(form);
      this.#tell(job);
      await follow(this.api, job.id, (now) => this.#tell(now), this.stop.signal);
    } catch (failure) {
      if (this.stop.signal.aborted) return;
      this.#end("failed", () => reason(failure));
    }
  }

  /** The job that was made of the file: it is sent again, later each time, where the server says when. */
  async #sent(form) {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.api.call("POST", "jobs", { body: form, signal: this.stop.signal });
      } catch (failure) {
        if (!(failure.wait > 0)) throw failure;
        for (let left = Math.max(failure.wait, Math.min(LONGEST, failure.wait * 2 ** tries)); left > 0; left -= 1) {
          this.#end("queued", () => [say("again_in", { seconds: number(left) })]);
          await new Promise((done) => setTimeout(done, 1000));
          this.stop.signal.throwIfAborted();
        }
      }
    }
  }

  repaint() {
    const counted = this.state === "running" && this.job?.total;
    if (counted) this.note.textContent = say("progress", { done: number(this.job.done), total: number(this.job.total) });
    else if (this.why) this.#because(this.state, this.why());
    else this.note.textContent = say(this.state);
    this.root.className = this.state;
    this.bar.setAttribute("aria-label", this.file.name);
    this.bar.hidden = this.isOver || this.state === "done";
    if (counted) Object.assign(this.bar, { max: this.job.total, value: this.job.done });
    else this.bar.removeAttribute("value");
    const verb = this.isOver ? "remove" : this.state === "done" ? "save" : "cancel";
    this.button.textContent = say(verb);
    this.button.setAttribute("aria-label", say(`${verb}_file`, { name: this.file.name }));
  }

  get isOver() {
    return ["failed", "cancelled"].includes(this.state);
  }

  #act() {
    if (this.isOver) this.root.remove();
    else if (this.state === "done") this.#save();
    else this.#cancel();
  }

  #part(kind, className) {
    const part = document.createElement(kind);
    if (className) part.className = className;
    this.root.append(part);
    return part;
  }

  #tell(job) {
    this.job = job;
    this.#end(job.state, job.error ? () => [isolated(String(job.error), "en")] : null);
  }

  /** @param {?() => Node[]} why gives the reason, in the language that the page speaks then */
  #end(state, why) {
    Object.assign(this, { state, why });
    this.repaint();
  }

  #because(state, why) {
    const part = document.createElement("span");
    part.append(...why);
    this.note.replaceChildren(...nodes("because", { state: say(state), reason: part }));
  }

  async #cancel() {
    this.stop.abort();
    this.#end("cancelled", null);
    try {
      if (this.job) await this.api.call("DELETE", `jobs/${this.job.id}`);
    } catch (failure) {
      if (failure.kind !== "lost") this.#end("cancelled", () => reason(failure));
    }
  }

  async #save() {
    try {
      const answer = await this.api.open("GET", `jobs/${this.job.id}/result`, { accept: "*/*" });
      const place = URL.createObjectURL(await answer.blob());
      const link = Object.assign(document.createElement("a"), { href: place, download: this.job.name || this.file.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(place), 60_000);
    } catch (failure) {
      this.note.replaceChildren(...reason(failure));
    }
  }
}

function size(bytes) {
  return number(bytes / 1e6, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 });
}
