// A session of realtime transcription over a WebSocket.

import { BASE, call, ownKey } from "./api.js";
import { pcmOf } from "./sound.js";

/** Samples a second of what is sent. */
export const LIVE_RATE = 24_000;

/** One utterance as it is known: `{id, start, end, text, isDone, error}`; times in seconds of the session. Events: `change` (its
 * `detail` is an utterance), `closed` (its `detail` is the reason or null). */
export class LiveSession extends EventTarget {
  #socket;
  #utterances = new Map();
  #sent = 0;
  #isOpen = false;
  #isEnding = false;

  /** Opens a session. Throws an error with the API's sentence. */
  async open(language) {
    const url = new URL("v1/realtime?intent=transcription", BASE);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = this.#socket = new WebSocket(url, ["realtime", `openai-insecure-api-key.${ownKey()}`]);
    const opened = await new Promise(resolve => {
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    });
    if (!opened) throw await this.#refusal();
    this.#isOpen = true;
    socket.onmessage = ({data}) => this.#event(JSON.parse(data));
    socket.onclose = event => {
      this.#isOpen = false;
      this.#closed(event.wasClean ? event.reason || null : "The connection to the server was lost.");
    };
    const transcription = language ? {model: "whisper-1", language} : {model: "whisper-1"};
    const input = {format: {type: "audio/pcm", rate: LIVE_RATE}, transcription, turn_detection: {type: "server_vad", silence_duration_ms: 500}};
    this.#send({type: "session.update", session: {type: "transcription", audio: {input}}});
  }

  /** Browsers do not tell why a WebSocket was refused: an ordinary request gets the same refusal. */
  async #refusal() {
    try {
      await call("v1/realtime", {query: {intent: "transcription"}});
    } catch (error) {
      if (error.status !== 426) return error;
    }
    return new Error("The server opened no session: all that this account may have may be taken. Try again in some seconds.");
  }

  get utterances() { return [...this.#utterances.values()]; }

  hear(samples) {
    if (!this.#isOpen || this.#isEnding) return;
    this.#sent += samples.length;
    const bytes = pcmOf(samples);
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    this.#send({type: "input_audio_buffer.append", audio: btoa(text)});
  }

  /** Ends the last utterance; the session closes when its text is there. */
  end() {
    if (!this.#isOpen || this.#isEnding) return;
    // Silence ends what is being said without an error where nothing was.
    this.hear(new Float32Array(LIVE_RATE * 0.8));
    this.#isEnding = true;
    this.#closeWhenDone();
    setTimeout(() => this.#closeWhenDone(), 1000);
  }

  abort() { this.#socket?.close(); }

  #closeWhenDone() {
    if (!this.#isEnding) return;
    const isQuiet = this.utterances.every(each => each.isDone);
    if (isQuiet && this.#quietSince === null) this.#quietSince = Date.now();
    if (!isQuiet) this.#quietSince = null;
    if (isQuiet && Date.now() - this.#quietSince >= 900) this.#socket.close(1000);
    else setTimeout(() => this.#isOpen && this.#closeWhenDone(), 300);
  }

  #quietSince = null;

  /** Sound that comes while the connection is being closed goes nowhere. */
  #send(event) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(event));
  }

  #of(id) {
    if (!this.#utterances.has(id)) this.#utterances.set(id, {id, start: this.#sent / LIVE_RATE, end: null, text: "", isDone: false, error: null});
    return this.#utterances.get(id);
  }

  #event(event) {
    const kind = event.type.replace("conversation.item.input_audio_transcription.", "");
    if (kind === "error") return this.#closed(event.error.message);
    if (!event.item_id) return;
    const changes = {
      "input_audio_buffer.speech_started": each => { each.start = event.audio_start_ms / 1000; },
      "input_audio_buffer.speech_stopped": each => { each.end = event.audio_end_ms / 1000; },
      delta: each => { each.text += event.delta; },
      completed: each => Object.assign(each, {text: event.transcript, isDone: true}),
      failed: each => Object.assign(each, {error: event.error?.message ?? "no text", isDone: true}),
    };
    if (!changes[kind]) return;
    const utterance = this.#of(event.item_id);
    changes[kind](utterance);
    this.dispatchEvent(new CustomEvent("change", {detail: utterance}));
  }

  #closed(reason) { this.dispatchEvent(new CustomEvent("closed", {detail: reason})); }
}
