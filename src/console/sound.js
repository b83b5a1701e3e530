// Sound: reading and writing WAV, playing a stream while it arrives, peaks for drawing.

/** The bytes that a text of base64 stands for. */
export const bytesOf = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

/** Reads a WAV file of 16-bit samples of one channel that arrives in parts, as `/voice/tts/stream` sends it. */
export class WavReader {
  #bytes = new Uint8Array(0);
  /** Samples a second; null until the head is there. */
  rate = null;

  /** Takes the next bytes; returns the samples that are complete, from -1 to 1. */
  push(part) {
    const bytes = new Uint8Array(this.#bytes.length + part.length);
    bytes.set(this.#bytes);
    bytes.set(part, this.#bytes.length);
    this.#bytes = bytes;
    if (this.rate === null && !this.#head()) return new Float32Array(0);
    const count = this.#bytes.length >> 1;
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, count * 2);
    const samples = Float32Array.from({length: count}, (_, at) => view.getInt16(at * 2, true) / 32768);
    this.#bytes = this.#bytes.slice(count * 2);
    return samples;
  }

  #head() {
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    const name = at => String.fromCharCode(...this.#bytes.subarray(at, at + 4));
    let rate = null;
    for (let at = 12; at + 8 <= this.#bytes.length;) {
      const size = view.getUint32(at + 4, true);
      if (name(at) === "data") {
        this.rate = rate;
        this.#bytes = this.#bytes.slice(at + 8);
        return rate !== null;
      }
      if (name(at) === "fmt " && at + 16 <= this.#bytes.length) rate = view.getUint32(at + 12, true);
      at += 8 + size + (size & 1);
    }
    return false;
  }
}

/** Samples as 16-bit integers, little-endian. */
export function pcmOf(samples) {
  const made = new DataView(new ArrayBuffer(samples.length * 2));
  for (let at = 0; at < samples.length; at++) {
    made.setInt16(at * 2, Math.max(-32768, Math.min(32767, Math.round(samples[at] * 32768))), true);
  }
  return new Uint8Array(made.buffer);
}

/** A WAV file of one channel. */
export function wavOf(samples, rate) {
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((letter, i) => head.setUint8(at + i, letter.charCodeAt(0)));
  const bytes = samples.length * 2;
  text(0, "RIFF"); head.setUint32(4, 36 + bytes, true); text(8, "WAVEfmt ");
  head.setUint32(16, 16, true); head.setUint16(20, 1, true); head.setUint16(22, 1, true);
  head.setUint32(24, rate, true); head.setUint32(28, rate * 2, true); head.setUint16(32, 2, true); head.setUint16(34, 16, true);
  text(36, "data"); head.setUint32(40, bytes, true);
  return new Blob([head.buffer, pcmOf(samples)], {type: "audio/wav"});
}

/** Samples that grow, and the least and the greatest of each 256 of them. */
export class Track {
  static BLOCK = 256;
  #samples = new Float32Array(1 << 16);
  #peaks = [];
  length = 0;

  constructor(rate) { this.rate = rate; }

  static of(samples, rate) {
    const track = new Track(rate);
    track.push(samples);
    return track;
  }

  get seconds() { return this.length / this.rate; }
  get samples() { return this.#samples.subarray(0, this.length); }

  push(samples) {
    if (this.length + samples.length > this.#samples.length) {
      const grown = new Float32Array(2 * (this.length + samples.length));
      grown.set(this.samples);
      this.#samples = grown;
    }
    this.#samples.set(samples, this.length);
    this.length += samples.length;
    for (let at = this.#peaks.length / 2; (at + 1) * Track.BLOCK <= this.length; at++) {
      let low = 0, high = 0;
      for (let i = at * Track.BLOCK; i < (at + 1) * Track.BLOCK; i++) {
        const value = this.#samples[i];
        if (value < low) low = value;
        if (value > high) high = value;
      }
      this.#peaks.push(low, high);
    }
  }

  /** The least and the greatest sample from `from` to `to`, in seconds. */
  peak(from, to) {
    const last = this.#peaks.length / 2 - 1;
    const first = Math.floor(from * this.rate / Track.BLOCK);
    const end = Math.min(last, Math.max(first, Math.ceil(to * this.rate / Track.BLOCK) - 1));
    let low = 0, high = 0;
    for (let at = first; at <= end; at++) {
      low = Math.min(low, this.#peaks[at * 2]);
      high = Math.max(high, this.#peaks[at * 2 + 1]);
    }
    return [low, high];
  }
}

/** Plays a track while it grows. Events: `state` when it starts, pauses or ends. */
export class Player extends EventTarget {
  static LEAD_S = 0.06;
  #context;
  #nodes = new Set();
  /** What was given to the context: when it starts, from which sample on, how many. */
  #pieces = [];
  #scheduled = 0;
  #next = 0;
  #whole = false;
  playing = false;
  /** Whether all was heard. */
  ended = false;

  constructor(track) {
    super();
    this.track = track;
    this.#context = new AudioContext({sampleRate: track.rate});
  }

  /** Starts, or goes on after a pause. */
  async play() {
    if (this.ended || this.#whole && this.position >= this.track.seconds - 0.01) this.seek(0);
    this.playing = true;
    this.ended = false;
    this.#schedule();
    this.#told();
    await this.#context.resume();
  }

  async pause() {
    this.playing = false;
    this.#told();
    await this.#context.suspend();
  }

  /** The track has grown. */
  grown() {
    if (this.playing) this.#schedule();
  }

  /** The track grows no more. */
  complete() {
    this.#whole = true;
    this.#ended();
  }

  seek(seconds) {
    this.ended = false;
    this.#silence();
    this.#scheduled = Math.max(0, Math.min(this.track.length, Math.round(seconds * this.track.rate)));
    this.#pieces = [{time: this.#context.currentTime + Player.LEAD_S, sample: this.#scheduled, count: 0}];
    if (this.playing) this.#schedule();
    this.#told();
  }

  /** Seconds of the track that have left the loudspeaker. */
  get position() {
    const now = this.#context.currentTime - (this.#context.outputLatency || 0);
    const piece = this.#pieces.findLast(each => each.time <= now) ?? this.#pieces[0];
    if (!piece) return 0;
    const into = Math.max(0, now - piece.time) * this.track.rate;
    return (piece.sample + Math.min(into, piece.count)) / this.track.rate;
  }

  close() {
    this.playing = false;
    this.#silence();
    this.#context.close();
  }

  #silence() {
    for (const node of this.#nodes) {
      node.onended = null;
      node.stop();
    }
    this.#nodes.clear();
    this.#next = 0;
  }

  #schedule() {
    const count = this.track.length - this.#scheduled;
    if (count <= 0) return;
    const buffer = this.#context.createBuffer(1, count, this.track.rate);
    buffer.copyToChannel(this.track.samples.subarray(this.#scheduled), 0);
    const node = this.#context.createBufferSource();
    node.buffer = buffer;
    node.connect(this.#context.destination);
    const time = Math.max(this.#next, this.#context.currentTime + Player.LEAD_S);
    this.#pieces.push({time, sample: this.#scheduled, count});
    this.#scheduled = this.track.length;
    this.#next = time + count / this.track.rate;
    this.#nodes.add(node);
    node.onended = () => {
      this.#nodes.delete(node);
      this.#ended();
    };
    node.start(time);
  }

  #ended() {
    if (!this.#whole || this.#nodes.size || !this.playing || this.#scheduled < this.track.length) return;
    this.playing = false;
    this.ended = true;
    this.#told();
  }

  #told() { this.dispatchEvent(new Event("state")); }
}

/** Decodes a file that the browser knows; returns its mono samples, or null. */
export async function decoded(blob, rate = 16_000) {
  try {
    const context = new OfflineAudioContext(1, 1, rate);
    const buffer = await context.decodeAudioData(await blob.arrayBuffer());
    const mono = new Float32Array(buffer.length);
    for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
      buffer.getChannelData(channel).forEach((sample, at) => { mono[at] += sample / buffer.numberOfChannels; });
    }
    return Track.of(mono, buffer.sampleRate);
  } catch {
    return null;
  }
}
