// The microphone: samples of one channel, and a level meter.

import { el } from "./dom.js";

/** Why there is no microphone, in a sentence. */
function reason(error) {
  if (!navigator.mediaDevices) return "Browsers give pages a microphone only over HTTPS or on this machine itself.";
  return {
    NotAllowedError: "The microphone is not allowed for this page: change that in the browser's settings of this site.",
    NotFoundError: "There is no microphone.",
    NotReadableError: "Another program uses the microphone.",
  }[error.name] ?? `The microphone cannot be used: ${error.message}`;
}

export class Microphone {
  #stream;
  #context;

  /** Opens the microphone; `hear` gets parts of 40 ms. Throws an error with a sentence. */
  async open(rate, hear) {
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({audio: {channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
      this.#context = new AudioContext({sampleRate: rate});
      await this.#context.audioWorklet.addModule(new URL("capture.js", import.meta.url));
    } catch (error) {
      this.close();
      throw new Error(reason(error));
    }
    const source = this.#context.createMediaStreamSource(this.#stream);
    const node = new AudioWorkletNode(this.#context, "capture", {numberOfOutputs: 0});
    node.port.onmessage = ({data}) => hear(data);
    source.connect(node);
  }

  close() {
    this.#stream?.getTracks().forEach(track => track.stop());
    this.#context?.close();
    this.#stream = this.#context = null;
  }
}

const DECIBELS = 60;

/** A meter of what is heard, in decibels below full scale. */
export class Meter {
  root = el("meter", {min: "0", max: String(DECIBELS), low: "20", high: "57", optimum: "40", "aria-label": "Level of the microphone"});
  #shown = 0;

  hear(samples) {
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const level = Math.max(0, DECIBELS + 10 * Math.log10(sum / samples.length + 1e-9) + 3);
    this.#shown = Math.max(level, this.#shown - 1.5);
    this.root.value = this.#shown;
  }

  rest() { this.root.value = this.#shown = 0; }
}
