// A waveform that grows, shows where it is played, and seeks.

import { clock, el } from "./dom.js";

/** The drawing of a track. `seek` hears seconds; without it the drawing is only looked at. */
export class Waveform {
  #canvas = el("canvas", {"aria-hidden": "true"});
  #frame = 0;
  #observer;

  constructor({label, seek, position = () => 0}) {
    this.track = null;
    this.position = position;
    /** How much higher than the samples are the bars. */
    this.gain = 1;
    const slider = seek ? {role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0"} : {role: "img"};
    this.root = el("div", {class: "wave", "aria-label": label, ...slider}, this.#canvas);
    if (seek) this.#seeks(seek);
    this.#observer = new ResizeObserver(() => this.draw());
    this.#observer.observe(this.root);
  }

  #seeks(seek) {
    const to = seconds => {
      if (!this.track) return;
      seek(Math.max(0, Math.min(this.track.seconds, seconds)));
      this.draw();
    };
    const at = event => {
      const box = this.#canvas.getBoundingClientRect();
      return (event.clientX - box.left) / box.width * (this.track?.seconds ?? 0);
    };
    this.root.addEventListener("pointerdown", event => to(at(event)));
    this.root.addEventListener("keydown", event => {
      const by = {ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageUp: 10, PageDown: -10}[event.key];
      const end = {Home: 0, End: this.track?.seconds}[event.key];
      if (by === undefined && end === undefined) return;
      event.preventDefault();
      to(end ?? this.position() + by);
    });
  }

  /** Draws until `stop`, for as long as something moves. */
  run() {
    cancelAnimationFrame(this.#frame);
    const step = () => {
      if (!this.root.isConnected) return;
      this.draw();
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.draw();
  }

  draw() {
    const {clientWidth: width, clientHeight: height} = this.root;
    if (!width) return;
    const scale = devicePixelRatio || 1;
    if (this.#canvas.width !== Math.round(width * scale) || this.#canvas.height !== Math.round(height * scale)) {
      [this.#canvas.width, this.#canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    }
    const pen = this.#canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(this.root);
    const [done, ahead] = [style.getPropertyValue("--wave-done"), style.getPropertyValue("--wave-ahead")];
    const middle = height / 2;
    pen.fillStyle = ahead;
    pen.fillRect(0, middle - 0.5, width, 1);
    if (!this.track?.length) return;
    const {seconds} = this.track;
    const at = this.position() / seconds * width;
    const step = 3;
    for (let x = 0; x < width; x += step) {
      const [low, high] = this.track.peak(x / width * seconds, (x + step) / width * seconds);
      const [up, down] = [Math.max(1, high * middle * this.gain), Math.max(1, -low * middle * this.gain)].map(size => Math.min(middle, size));
      pen.fillStyle = x < at ? done : ahead;
      pen.fillRect(x, middle - up, step - 1, up + down);
    }
    if (this.root.getAttribute("role") !== "slider") return;
    pen.fillStyle = done;
    pen.fillRect(Math.min(width - 2, at), 0, 2, height);
    this.root.setAttribute("aria-valuemax", seconds.toFixed(1));
    this.root.setAttribute("aria-valuenow", this.position().toFixed(1));
    this.root.setAttribute("aria-valuetext", `${clock(this.position())} of ${clock(seconds)}`);
  }
}
