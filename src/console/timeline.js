// The lines of a dub over the waveform of its film; their ends are dragged. Who cannot drag has the same as fields of each line.

import { clock, el } from "./dom.js";
import { decoded } from "./sound.js";
import { speakerClass } from "./transcript.js";

/** Seconds that are shown at a time, and films whose sound is drawn: longer ones would take too much memory. */
const WINDOW_S = 20;
const DRAWN_S_MAX = 600;
const RATE = 8_000;
const LINE_S_MIN = 0.2;

/** `seek` hears the second that was clicked on, `moved` that a line was changed. */
export class Timeline {
  root = el("div", {class: "timeline", "aria-hidden": "true"});
  #canvas = el("canvas");
  #spans = el("div");
  #track = null;
  #gain = 1;
  #from = 0;
  #now = 0;

  constructor(project, {seek, moved}) {
    Object.assign(this, {project, moved});
    this.root.append(this.#canvas, this.#spans);
    this.root.addEventListener("pointerdown", event => {
      if (event.target.classList.contains("end")) return;
      seek(this.#secondsAt(event));
      this.show(this.#secondsAt(event));
    });
    new ResizeObserver(() => this.draw()).observe(this.root);
  }

  /** Draws the sound of a film, if it is short enough and the browser can read it. */
  async hear(file) {
    if (this.project.duration > DRAWN_S_MAX) return;
    this.#track = await decoded(file, RATE);
    const [low, high] = this.#track?.peak(0, this.#track.seconds) ?? [-1, 1];
    this.#gain = 0.95 / Math.max(0.01, high, -low);
    this.draw();
  }

  /** Moves to the part with this second. */
  show(seconds) {
    this.#now = seconds;
    if (seconds < this.#from || seconds >= this.#from + WINDOW_S) this.#from = Math.max(0, Math.floor(seconds) - 1);
    this.draw();
  }

  #secondsAt(event) {
    const box = this.root.getBoundingClientRect();
    return Math.max(0, Math.min(this.project.duration, this.#from + (event.clientX - box.left) / box.width * this.#shown));
  }

  get #shown() { return Math.min(WINDOW_S, Math.max(1, this.project.duration)); }

  draw() {
    const {clientWidth: width, clientHeight: height} = this.root;
    if (!width) return;
    const scale = devicePixelRatio || 1;
    [this.#canvas.width, this.#canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    const pen = this.#canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(this.root);
    const top = 18;
    const middle = top + (height - top) / 2;
    pen.fillStyle = style.getPropertyValue("--strong-line");
    for (let x = 0; this.#track && x < width; x += 2) {
      const at = this.#from + x / width * this.#shown;
      if (at >= this.#track.seconds) break;
      const [low, high] = this.#track.peak(at, at + 2 / width * this.#shown);
      const size = Math.max(1, Math.max(high, -low) * this.#gain * (middle - top));
      pen.fillRect(x, middle - size, 1, 2 * size);
    }
    pen.fillStyle = style.getPropertyValue("--soft");
    pen.font = "11px system-ui, sans-serif";
    const step = this.#shown > 10 ? 5 : 1;
    for (let second = Math.ceil(this.#from / step) * step; second < this.#from + this.#shown; second += step) {
      const x = (second - this.#from) / this.#shown * width;
      pen.fillRect(x, 0, 1, 5);
      pen.fillText(clock(second), x + 4, 11);
    }
    pen.fillStyle = style.getPropertyValue("--danger");
    pen.fillRect((this.#now - this.#from) / this.#shown * width, 0, 2, height);
    if (!this.root.querySelector(".dragged")) this.#place();
  }

  #place() {
    const shown = this.project.segments.filter(line => line.end > this.#from && line.start < this.#from + this.#shown);
    this.#spans.replaceChildren(...shown.map(line => {
      const span = el("div", {class: `span ${speakerClass(this.project.speakers, line.speaker)}`},
        el("span", {class: "name"}, String(this.project.segments.indexOf(line) + 1)), this.#end(line, "start"), this.#end(line, "end"));
      this.#size(span, line);
      return span;
    }));
  }

  #size(span, line) {
    const part = seconds => `${100 * (seconds - this.#from) / this.#shown}%`;
    span.style.left = part(line.start);
    span.style.width = `${100 * (line.end - line.start) / this.#shown}%`;
  }

  /** The end of a line that is dragged; a line keeps a fifth of a second. */
  #end(line, name) {
    const handle = el("div", {class: `end ${name === "start" ? "start" : "stop"}`, on: {
      pointerdown: event => {
        handle.setPointerCapture(event.pointerId);
        handle.classList.add("dragged");
      },
      pointermove: event => {
        if (!handle.classList.contains("dragged")) return;
        const at = +this.#secondsAt(event).toFixed(2);
        line[name] = name === "start" ? Math.min(at, line.end - LINE_S_MIN) : Math.max(at, line.start + LINE_S_MIN);
        this.#size(handle.parentElement, line);
      },
      lostpointercapture: () => {
        if (!handle.classList.contains("dragged")) return;
        handle.classList.remove("dragged");
        this.moved();
        this.draw();
      }}});
    return handle;
  }
}
