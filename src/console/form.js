// Fields with labels and hints, and errors beside the fields that they name.

import { el, say } from "./dom.js";

let count = 0;

/** The fields of a form, by the names that the API has for them. */
export class Fields {
  #fields = new Map();
  #ticking = null;

  constructor() {
    /** Where errors go that name no field. */
    this.general = el("div", {class: "error-box", role: "alert", hidden: true});
  }

  #register(name, control) {
    const id = control.id ||= `field-${++count}`;
    const error = el("p", {class: "error", id: `${id}-error`, role: "alert", hidden: true});
    control.setAttribute("aria-describedby", `${id}-error`);
    this.#fields.set(name, {control, error});
    control.addEventListener("input", () => this.#clear(control, error));
    return {id, error};
  }

  /** Adds a field; returns its element. `name` is the API's. */
  add(name, label, control, {hint, output, inline = false} = {}) {
    const {id, error} = this.#register(name, control);
    const told = hint && el("p", {class: "hint", id: `${id}-hint`}, hint);
    if (told) control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
    const head = el("label", {for: id}, label);
    if (inline) return el("div", {class: "field inline"}, el("div", {class: "row tight"}, control, head), told, error);
    return el("div", {class: "field"}, output ? el("div", {class: "row between"}, head, output) : head, control, told, error);
  }

  /** Adds a control that has its label within `around`, such as a drop zone; its errors stand below. */
  attach(name, control, around) {
    return el("div", {class: "field"}, around, this.#register(name, control).error);
  }

  /** A slider with its value beside it. */
  slider(name, label, {min, max, step, value, hint, low, high}) {
    const control = el("input", {type: "range", min, max, step});
    control.value = value;
    const show = () => { output.value = (+control.value).toFixed(2); };
    const output = el("output", {class: "number"});
    control.addEventListener("input", show);
    show();
    const field = this.add(name, label, control, {hint, output});
    if (low) control.after(el("div", {class: "ends", "aria-hidden": "true"}, el("span", {}, low), el("span", {}, high)));
    return {field, control, set: to => { control.value = to; show(); }};
  }

  clear() {
    clearInterval(this.#ticking);
    this.general.hidden = true;
    for (const {control, error} of this.#fields.values()) this.#clear(control, error);
  }

  /** Shows an error beside the field that it names, else above the form; where it says when to try again, that counts down. */
  show(error) {
    if (error.name === "AbortError" || error.status === 401) return;
    this.clear();
    const field = this.#named(error);
    if (field) {
      field.error.textContent = error.message;
      field.error.hidden = false;
      if (field.control.matches("input, select, textarea")) field.control.setAttribute("aria-invalid", "true");
      field.control.focus();
      field.error.scrollIntoView({block: "nearest"});
      return;
    }
    this.general.replaceChildren(el("p", {}, error.message));
    this.general.hidden = false;
    if (error.retryAfterS) this.#countDown(error.retryAfterS);
  }

  #named(error) {
    if (error.field) return this.#fields.get(error.field);
    if (error.status !== 400 && error.status !== 404) return undefined;
    let first, at = Infinity;
    for (const [name, field] of this.#fields) {
      const found = error.message.search(new RegExp(`(^|[^\\w])${name}([^\\w]|$)`));
      if (found >= 0 && found < at) [first, at] = [field, found];
    }
    return first;
  }

  #countDown(seconds) {
    const until = Date.now() + seconds * 1000;
    const left = el("p", {class: "countdown", "aria-live": "off"});
    const tick = () => {
      const s = Math.ceil((until - Date.now()) / 1000);
      left.textContent = s > 0 ? `Next try possible in ${s} s` : "You can try again now.";
      if (s > 0) return;
      clearInterval(this.#ticking);
      say("You can try again now.");
    };
    this.general.append(left);
    tick();
    this.#ticking = setInterval(tick, 1000);
  }

  #clear(control, error) {
    error.hidden = true;
    control.removeAttribute("aria-invalid");
  }
}
