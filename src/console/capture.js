// An AudioWorklet that hands on what the microphone hears, in parts of 40 ms.

class Capture extends AudioWorkletProcessor {
  #part = new Float32Array(Math.round(sampleRate * 0.04));
  #filled = 0;

  process([channels]) {
    const heard = channels[0];
    if (!heard) return true;
    for (const sample of heard) {
      this.#part[this.#filled++] = sample;
      if (this.#filled < this.#part.length) continue;
      this.port.postMessage(this.#part.slice());
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor("capture", Capture);
