// The key of whoever uses the page: in this tab's session only.

const KEPT = "calque.key";

export class Key {
  constructor(details, field, told) {
    Object.assign(this, { details, field });
    field.value = read();
    field.addEventListener("change", () => {
      write(field.value.trim());
      told.change();
    });
    field.form.addEventListener("submit", (event) => event.preventDefault());
    details.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      details.open = false;
      details.querySelector("summary").focus();
    });
    document.addEventListener("pointerdown", ({ target }) => {
      if (!details.contains(target)) details.open = false;
    });
  }

  get value() {
    return this.field.value.trim();
  }

  /** The server wants one: show the field. */
  ask() {
    this.details.open = true;
  }
}

function read() {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // storage is forbidden: the key lives as long as the field
  }
}

function write(value) {
  try {
    if (value) sessionStorage.setItem(KEPT, value);
    else sessionStorage.removeItem(KEPT);
  } catch {
    // Storage is forbidden.
  }
}
