// The lines of a dub as an editable table.

import { button, clock, el, select } from "./dom.js";

/** The place where a line is cut: at the caret if that is within the text, else at the space nearest to its middle. */
function cutOf(text, caret) {
  if (caret > 0 && caret < text.length) return caret;
  const spaces = [...text.matchAll(/\s/g)].map(({index}) => index);
  const middle = text.length / 2;
  return spaces.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0] ?? Math.floor(middle);
}

/** Two lines from one, cut in time as in text. */
export function splitLine(line, caret) {
  const cut = cutOf(line.text, caret);
  const at = +(line.start + (line.end - line.start) * cut / Math.max(1, line.text.length)).toFixed(2);
  return [{...line, text: line.text.slice(0, cut).trim(), end: at}, {...line, text: line.text.slice(cut).trim(), start: at, source: null}];
}

/** One line from two. */
export function mergeLines(first, second) {
  const both = name => [first[name], second[name]].filter(Boolean).join(" ") || null;
  return {...first, text: both("text") ?? "", source: both("source"), text_en: both("text_en"), end: Math.max(first.end, second.end)};
}

/** The table of `project.segments`. `changed` hears each change, `play` the seconds to play from and to. */
export class LinesTable {
  root = el("div", {class: "lines", role: "list", "aria-label": "Lines"});
  #rows = [];

  constructor(project, {changed, play}) {
    Object.assign(this, {project, changed, play});
    this.show();
  }

  show() {
    this.#rows = this.project.segments.map((line, at) => this.#row(line, at));
    this.root.replaceChildren(...this.#rows);
  }

  /** Marks the line at this time of the film. */
  mark(seconds) {
    this.project.segments.forEach((line, at) => this.#rows[at]?.classList.toggle("now", line.start <= seconds && seconds < line.end));
  }

  #replace(at, count, ...lines) {
    this.project.segments.splice(at, count, ...lines);
    this.project.segments.forEach((line, number) => { line.id = number; });
    this.show();
    this.changed();
    this.#rows[Math.min(at, this.#rows.length - 1)]?.querySelector("textarea").focus();
  }

  #row(line, at) {
    const number = at + 1;
    const time = name => {
      const input = el("input", {type: "number", min: "0", step: "0.1", "aria-label": `${name === "start" ? "Start" : "End"} of line ${number} in seconds`, on: {change: () => {
        if (Number.isFinite(input.valueAsNumber)) line[name] = input.valueAsNumber;
        this.changed();
      }}});
      input.value = String(+line[name].toFixed(2));
      return input;
    };
    const known = this.project.speakers;
    const fresh = `SPEAKER_${String(known.length).padStart(2, "0")}`;
    const speaker = select([...known.map(name => [name, name]), [fresh, `New: ${fresh}`]], line.speaker, {"aria-label": `Speaker of line ${number}`, on: {change: () => {
      line.speaker = speaker.value;
      if (!known.includes(speaker.value)) known.push(speaker.value);
      this.show();
      this.changed();
    }}});
    const text = el("textarea", {rows: 2, dir: "auto", "aria-label": `Text of line ${number}`, value: line.text, on: {input: () => {
      line.text = text.value;
      this.changed();
    }}});
    const next = this.project.segments[at + 1];
    const original = line.source && line.source !== line.text && el("p", {class: "original", dir: "auto"}, line.source);
    return el("div", {class: "dub-line", role: "listitem"},
      button(`Play line ${number}, from ${clock(line.start)}`, () => this.play(line.start, line.end), {icon: "play", quiet: true}),
      el("div", {class: "when"}, time("start"), time("end"), speaker),
      el("div", {class: "field"}, original, text),
      el("div", {class: "row"},
        button(`Split line ${number}`, () => this.#replace(at, 1, ...splitLine(line, text.selectionStart)), {icon: "split", quiet: true, disabled: line.text.trim().length < 2}),
        button(`Merge line ${number} with the next`, () => this.#replace(at, 2, mergeLines(line, next)), {icon: "merge", quiet: true, disabled: !next || next.speaker !== line.speaker}),
        button(`Delete line ${number}`, () => this.#replace(at, 1), {icon: "trash", quiet: true, disabled: this.project.segments.length < 2})));
  }
}
