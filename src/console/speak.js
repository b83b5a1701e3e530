// Speak: a text in a voice, heard while it is made.

import { blobOf, call, events, eventsOf } from "./api.js";
import { button, clock, el, fileName, relabel, save, say, select } from "./dom.js";
import { Fields } from "./form.js";
import { keep } from "./kept.js";
import { VoicePicker } from "./picker.js";
import { Player, Track, WavReader, bytesOf, pcmOf, wavOf } from "./sound.js";
import { SpokenText } from "./spoken.js";
import { languageOptions, stopOne, voices } from "./voices.js";
import { Waveform } from "./wave.js";

const CHARS_MAX = 5000;
const FORMATS = [["wav", "WAV"], ["flac", "FLAC"], ["mp3", "MP3"], ["opus", "Opus"], ["aac", "AAC"], ["pcm", "PCM, 16 bits"]];
const ENDINGS = {opus: "ogg"};

/** What was spoken since the page was opened, the newest first; and what is in the form. */
const takes = [];
const EMPTY = {text: "", voice: "af_heart"};
const draft = {...EMPTY};

events.addEventListener("forget", () => {
  takes.length = 0;
  Object.assign(draft, EMPTY);
});

/** Puts a text and a voice into the form, for the view that opens next. */
export function speakAgain(text, voice) {
  Object.assign(draft, {text, voice: voice ?? draft.voice});
  location.hash = "#speak";
}

export async function view(signal) {
  const catalog = await voices();
  return new Speak(catalog, signal).root;
}

class Speak {
  #fields = new Fields();
  #text = el("textarea", {rows: 7, dir: "auto", maxlength: CHARS_MAX, required: true, placeholder: "Type or paste a text"});
  #counter = el("output", {class: "number hint"});
  #submit = el("button", {type: "submit", class: "button primary"});
  #result = el("section", {class: "card take", "aria-label": "Speech", hidden: true});
  #earlier = el("section", {class: "card", hidden: true});
  #running = null;
  #player = null;
  #signal;

  constructor({voices: all}, signal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#leave());
    this.picker = new VoicePicker(all, draft.voice, error => this.#fields.show(error));
    this.picker.value = draft.voice;
    this.picker.addEventListener("change", () => this.#voiceChanged());
    this.#text.value = draft.text;
    this.#text.addEventListener("input", () => this.#counted());
    this.#text.addEventListener("keydown", event => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
    this.#sliders(all);
    this.#layOut();
    this.#counted();
    this.#voiceChanged();
    this.#idle();
    this.#showEarlier();
  }

  #sliders(all) {
    const unit = {min: 0, max: 1, step: 0.05};
    const fields = this.#fields;
    this.speed = fields.slider("speed", "Speed", {min: 0.5, max: 2, step: 0.05, value: 1});
    this.stability = fields.slider("stability", "Stability", {...unit, value: 0.5, low: "lively", high: "even"});
    this.similarity = fields.slider("similarity", "Similarity", {...unit, value: 0.75, low: "loose", high: "own timbre"});
    this.exaggeration = fields.slider("exaggeration", "Exaggeration", {...unit, value: 0.5, low: "flat pitch", high: "wide pitch"});
    this.cfgWeight = fields.slider("cfg_weight", "Closeness to the recording", {...unit, value: 1, low: "stock voice", high: "clone"});
    this.language = select([["", "The clone's own"], ...languageOptions(all.map(voice => voice.language))], "");
    this.languageField = fields.add("language", "Language of the text", this.language);
  }

  #layOut() {
    const fields = this.#fields;
    const text = fields.add("text", "Text", this.#text, {output: this.#counter});
    this.ofStock = el("div", {class: "sliders"}, this.stability.field, this.similarity.field);
    this.ofClones = el("div", {class: "sliders"}, this.exaggeration.field, this.cfgWeight.field, this.languageField);
    const voice = fields.add("voice_id", "Voice", this.#voiceId = el("input", {readOnly: true, class: "chosen"}));
    this.#form = el("form", {class: "columns speak", on: {submit: event => {
      event.preventDefault();
      if (this.#running) this.#running.abort();
      else this.#speak();
    }}},
    el("div", {class: "stack"},
      el("div", {class: "card"}, fields.general, text, el("div", {class: "row bottom"}, el("div", {class: "grow"}, voice),
        button("Choose", () => this.picker.root.scrollIntoView({block: "start"}), {class: "button only-narrow", "aria-label": "Choose a voice"})), el("div", {class: "sliders"}, this.speed.field), this.ofStock, this.ofClones,
        el("div", {class: "row"}, this.#submit, el("span", {class: "hint keys"}, "Ctrl + Enter"))),
      this.#result, this.#earlier),
    el("aside", {class: "card", "aria-label": "Voices"}, el("h2", {}, "Voices"), this.picker.root));
    this.root = el("section", {class: "page"}, el("h1", {}, "Speak"), this.#form);
  }

  #form;
  #voiceId;

  #counted() {
    draft.text = this.#text.value;
    const count = [...this.#text.value].length;
    this.#counter.value = `${count} / ${CHARS_MAX}`;
  }

  #voiceChanged() {
    draft.voice = this.#voiceId.value = this.picker.value;
    this.#voiceId.dispatchEvent(new Event("input"));
    const isClone = this.picker.voice?.category === "cloned";
    this.ofStock.hidden = isClone;
    this.ofClones.hidden = !isClone;
  }

  #idle() {
    this.#running = null;
    this.#submit.replaceChildren(el("span", {}, "Speak"));
    this.#submit.classList.remove("danger");
  }

  #body() {
    const isClone = this.picker.voice?.category === "cloned";
    const own = isClone
      ? {exaggeration: +this.exaggeration.control.value, cfg_weight: +this.cfgWeight.control.value, language: this.language.value || null}
      : {stability: +this.stability.control.value, similarity: +this.similarity.control.value};
    return {text: this.#text.value, voice_id: this.picker.value, speed: +this.speed.control.value, ...own};
  }

  async #speak() {
    stopOne();
    this.#fields.clear();
    this.#running = new AbortController();
    const {signal} = this.#running;
    this.#submit.replaceChildren(el("span", {}, "Stop"));
    this.#submit.classList.add("danger");
    const take = {body: this.#body(), title: this.picker.title, id: null, track: null, words: [], isWhole: false};
    const began = performance.now();
    try {
      const answer = await call("voice/tts/stream", {method: "POST", json: take.body, query: {word_timestamps: true}, signal});
      const told = JSON.parse(answer.headers.get("X-Vox-Metadata"));
      take.id = told.id;
      take.skipped = told.skipped;
      await this.#stream(answer, take, began);
      say(`The speech is complete: ${take.track.seconds.toFixed(1)} seconds.`);
    } catch (error) {
      if (error.name !== "AbortError") {
        this.#fields.show(take.track && !error.status ? new Error("The stream broke off before its end.") : error);
      }
    } finally {
      if (this.#running?.signal === signal) this.#idle();
    }
    if (!take.track?.length) return;
    if (this.#player?.track === take.track) {
      this.#player.complete();
      if (signal.aborted) this.#player.pause();
      this.#tools(take);
    }
    keep(take.id, wavOf(take.track.samples, take.track.rate));
    takes.unshift(take);
    takes.length = Math.min(takes.length, 20);
    this.#showEarlier();
  }

  async #stream(answer, take, began) {
    const wav = new WavReader();
    for await (const {type, audio, words} of eventsOf(answer)) {
      if (type === "speech.audio.done") {
        take.isWhole = true;
        continue;
      }
      const samples = wav.push(bytesOf(audio));
      if (!take.track && samples.length) {
        take.track = new Track(wav.rate);
        take.firstS = (performance.now() - began) / 1000;
        this.#open(take, true);
      }
      take.track?.push(samples);
      take.words.push(...words);
      if (!take.track || this.#player?.track !== take.track) continue;
      this.#player.grown();
      this.#spoken.add(words);
    }
    if (!take.isWhole) throw new Error("The stream has no end.");
  }

  /** Shows a take with its player. */
  #open(take, isNew) {
    this.#player?.close();
    const player = this.#player = new Player(take.track);
    const spoken = this.#spoken = new SpokenText(take.body.text, player);
    spoken.add(take.words);
    const wave = new Waveform({label: "Position in the speech", seek: seconds => player.seek(seconds), position: () => player.position});
    wave.track = take.track;
    const toggle = button("Pause", () => player.playing ? player.pause() : player.play(), {icon: "pause", quiet: true, kind: "round"});
    const stop = button("Stop", () => {
      this.#running?.abort();
      player.pause();
      player.seek(0);
    }, {icon: "stop", quiet: true, kind: "round"});
    const time = el("output", {class: "number", "aria-label": "Time"});
    const ticking = setInterval(() => {
      if (this.#player !== player) return clearInterval(ticking);
      time.value = `${clock(player.position)} / ${clock(take.track.seconds)}`;
    }, 100);
    player.addEventListener("state", () => {
      relabel(toggle, player.playing ? "Pause" : "Play", player.playing ? "pause" : "play");
      if (player.playing) wave.run();
    });
    this.#result.replaceChildren(
      el("div", {class: "row between"}, el("h2", {dir: "auto"}, take.title), el("span", {class: "hint"}, take.firstS ? `first sound after ${take.firstS.toFixed(2)} s` : "")),
      wave.root, spoken.root, el("div", {class: "row"}, toggle, stop, time, this.#saving = el("div", {class: "row tight push"})));
    this.#result.hidden = false;
    player.play();
    if (!isNew) {
      player.complete();
      this.#tools(take);
    }
  }

  #saving;
  #spoken;

  #tools(take) {
    const format = select(FORMATS, "wav", {"aria-label": "Format of the file"});
    const get = button("Download", async () => {
      get.disabled = true;
      try {
        save(await this.#file(take, format.value), `${fileName(take.body.text, "speech")}.${ENDINGS[format.value] ?? format.value}`);
      } catch (error) {
        this.#fields.show(error);
      } finally {
        get.disabled = false;
      }
    }, {icon: "download"});
    this.#saving.replaceChildren(format, get);
    if (take.skipped) this.#result.append(el("p", {class: "hint"}, "Left out, because no voice of this language reads them: ", el("bdi", {}, take.skipped)));
    if (!take.isWhole) this.#result.append(el("p", {class: "hint"}, "This speech was stopped before its end. Files other than WAV and PCM have all of it."));
  }

  /** A take in a format: what is here, or spoken again by the server. */
  async #file(take, format) {
    if (format === "wav") return wavOf(take.track.samples, take.track.rate);
    if (format === "pcm") return new Blob([pcmOf(take.track.samples)]);
    return blobOf("voice/tts", {method: "POST", json: take.body, query: {format}, signal: this.#signal});
  }

  #showEarlier() {
    this.#earlier.hidden = !takes.length;
    this.#earlier.replaceChildren(el("h2", {}, "Spoken since this page was opened"), el("ul", {class: "plain"}, takes.map(take => el("li", {class: "row line"},
      button(`Play: ${take.body.text.slice(0, 60)}`, () => this.#open(take, false), {icon: "play", quiet: true}),
      el("span", {class: "grow clip", dir: "auto"}, take.body.text), el("span", {class: "hint"}, `${take.title}, ${clock(take.track.seconds)}`)))));
  }

  #leave() {
    this.#running?.abort();
    this.#player?.close();
    this.#player = null;
    stopOne();
  }
}
