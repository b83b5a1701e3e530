// Clone: a voice from a recording, compared with it.

import { ask, formOf, upload } from "./api.js";
import { agree, button, clock, dropZone, el, relabel, say, select } from "./dom.js";
import { Fields } from "./form.js";
import { Meter, Microphone } from "./microphone.js";
import { previewButton } from "./picker.js";
import { Track, decoded, wavOf } from "./sound.js";
import { speakAgain } from "./speak.js";
import { forgetPreview, forgetVoices, hasPreview, keepPreview, languageOptions, stopOne, voices } from "./voices.js";
import { Waveform } from "./wave.js";

const RATE = 48_000;
const SPEECH_S = {least: 3, good: 10, most: 60};

export async function view(signal) {
  return new Clone(await voices(), signal).root;
}

/** What can be told of a recording before it is sent: seconds of speech, decibels of speech above the noise, the clipped part. */
export function measure(track) {
  const frame = Math.round(track.rate * 0.02);
  const levels = [];
  let clipped = 0;
  for (let at = 0; at + frame <= track.length; at += frame) {
    let sum = 0;
    for (let i = at; i < at + frame; i++) {
      sum += track.samples[i] ** 2;
      if (Math.abs(track.samples[i]) > 0.99) clipped++;
    }
    levels.push(10 * Math.log10(sum / frame + 1e-9));
  }
  const sorted = [...levels].sort((a, b) => a - b);
  const part = of => sorted[Math.floor((sorted.length - 1) * of)] ?? -90;
  const loud = part(0.95);
  return {speechS: levels.filter(level => level > Math.max(loud - 25, -60)).length * 0.02, snrDb: loud - part(0.08), clipping: clipped / Math.max(1, track.length)};
}

function hints({speechS, snrDb, clipping}) {
  const made = [];
  if (speechS < SPEECH_S.least) made.push(["bad", `About ${speechS.toFixed(0)} s of speech: at least ${SPEECH_S.least} s are needed.`]);
  else if (speechS > SPEECH_S.most) made.push(["bad", `About ${speechS.toFixed(0)} s of speech: at most ${SPEECH_S.most} s are accepted.`]);
  else if (speechS < SPEECH_S.good) made.push(["", `About ${speechS.toFixed(0)} s of speech: 10 to 30 s give a better voice.`]);
  else made.push(["good", `About ${speechS.toFixed(0)} s of speech.`]);
  if (snrDb < 20) made.push(["bad", `The noise is only ${snrDb.toFixed(0)} dB below the speech: a quieter room gives a better voice.`]);
  else made.push(["good", `The noise is about ${snrDb.toFixed(0)} dB below the speech.`]);
  if (clipping > 0.001) made.push(["bad", "The recording is overdriven: speak more softly, or further from the microphone."]);
  return made;
}

class Clone {
  #fields = new Fields();
  #source = null;
  #microphone = null;
  #meter = new Meter();
  #time = el("output", {class: "number", "aria-label": "Length of the recording"});
  #recording = el("div", {class: "stack-small", hidden: true});
  #made = el("section", {class: "card", "aria-label": "New voice", hidden: true});
  #own = el("section", {class: "card"});
  #record;
  #submit = el("button", {type: "submit", class: "button primary"}, el("span", {}, "Make the voice"));

  constructor({voices: all}, signal) {
    signal.addEventListener("abort", () => {
      this.#microphone?.close();
      stopOne();
    });
    const fields = this.#fields;
    this.name = el("input", {type: "text", maxlength: "100", required: true, dir: "auto", autocomplete: "off"});
    this.description = el("input", {type: "text", maxlength: "1000", dir: "auto", autocomplete: "off"});
    this.language = select(languageOptions(all.map(voice => voice.language)), "en-us");
    this.consent = el("input", {type: "checkbox"});
    this.#record = button("Record", () => this.#microphone ? this.#stop() : this.#start(), {icon: "mic"});
    const drop = dropZone({label: "Drop a recording here, or choose one", hint: "One person, 10 to 30 s, a quiet room", accept: "audio/*,video/*",
      take: ([file]) => this.#take(file)});
    const form = el("form", {class: "card", on: {submit: event => {
      event.preventDefault();
      this.#make();
    }}}, el("h2", {}, "Recording"), fields.general, fields.attach("file", drop.querySelector("input"), drop),
    el("div", {class: "recording"}, this.#record, this.#meter.root, this.#time), this.#recording,
    el("h2", {}, "Voice"),
    el("div", {class: "options"}, fields.add("name", "Name", this.name), fields.add("language", "Language it reads", this.language)),
    fields.add("description", "Description (optional)", this.description),
    fields.add("consent", "The speaker has agreed that their voice is cloned", this.consent, {inline: true}),
    el("div", {class: "row"}, this.#submit));
    this.root = el("section", {class: "page"}, el("h1", {}, "Clone"), el("div", {class: "columns even"}, form, el("div", {class: "stack"}, this.#made, this.#own)));
    this.#list(all);
  }

  async #start() {
    this.#fields.clear();
    const track = new Track(RATE);
    const microphone = new Microphone();
    try {
      await microphone.open(RATE, samples => {
        track.push(samples);
        this.#meter.hear(samples);
        this.#time.value = clock(track.seconds, true);
      });
    } catch (error) {
      this.#fields.show(error);
      return;
    }
    this.#microphone = microphone;
    this.track = track;
    relabel(this.#record, "Stop", "stop");
  }

  #stop() {
    this.#microphone.close();
    this.#microphone = null;
    this.#meter.rest();
    relabel(this.#record, "Record", "mic");
    this.#take(new File([wavOf(this.track.samples, RATE)], "recording.wav", {type: "audio/wav"}));
  }

  async #take(file) {
    this.#fields.clear();
    this.#source = file;
    const track = await decoded(file);
    if (this.#source !== file) return;
    const wave = new Waveform({label: `Waveform of ${file.name}`});
    wave.track = track;
    const [low, high] = track?.peak(0, track.seconds) ?? [-1, 1];
    wave.gain = 0.95 / Math.max(0.01, high, -low);
    const told = track ? hints(measure(track)) : [["", "This browser cannot read the file; the server may."]];
    this.#recording.replaceChildren(el("p", {class: "voice-name", dir: "auto"}, file.name), track ? wave.root : "",
      el("audio", {controls: true, src: URL.createObjectURL(file), "aria-label": "Recording"}),
      el("ul", {class: "plain", role: "list"}, told.map(([kind, sentence]) => el("li", {class: `hint ${kind}`}, sentence))));
    this.#recording.hidden = false;
    say(told.map(([, sentence]) => sentence).join(" "));
  }

  async #make() {
    this.#fields.clear();
    if (!this.#source) {
      this.#fields.show(Object.assign(new Error("Record something, or choose a recording."), {field: "file"}));
      return;
    }
    this.#submit.disabled = true;
    this.#submit.firstChild.textContent = "Listening and searching";
    const form = formOf({file: this.#source, name: this.name.value, description: this.description.value, language: this.language.value, consent: this.consent.checked});
    try {
      const told = await upload("voice/clone", form);
      forgetVoices();
      this.#compare(told, this.#source);
      this.#list((await voices()).voices);
      say(`The voice ${told.name} is ready.`);
    } catch (error) {
      this.#fields.show(error);
    } finally {
      this.#submit.disabled = false;
      this.#submit.firstChild.textContent = "Make the voice";
    }
  }

  /** Shows the new voice beside the recording that it was made from. */
  #compare({voice_id: id, name, quality, likeness, preview_url: url}, source) {
    const sample = URL.createObjectURL(keepPreview(id, url));
    const kind = likeness.is_stock_voice ? "the nearest stock voice at the recording's pace" : "a blend of stock voices";
    const facts = [["Speech used", `${quality.speech_seconds.toFixed(1)} s`], ["Above the noise", `${quality.snr_db.toFixed(0)} dB`],
      ["Clipped", `${(100 * quality.clipping).toFixed(1)} %`], ["What it is", `${kind}, nearest ${likeness.nearest_voice_id}`]];
    this.#made.replaceChildren(el("h2", {dir: "auto"}, name),
      el("div", {class: "films"},
        el("figure", {class: "stack-small"}, el("figcaption", {class: "legend"}, "Recording"), el("audio", {controls: true, src: URL.createObjectURL(source), "aria-label": "Recording"})),
        el("figure", {class: "stack-small"}, el("figcaption", {class: "legend"}, "New voice"), el("audio", {controls: true, src: sample, "aria-label": "New voice"}))),
      el("dl", {class: "facts"}, facts.flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)])),
      el("p", {class: "hint"}, "The server goes on improving the voice for less than a minute."),
      el("div", {class: "row"}, button("Speak with it", () => speakAgain("", id))));
    this.#made.hidden = false;
  }

  #list(all) {
    const own = all.filter(voice => voice.category === "cloned");
    const rows = own.map(voice => el("li", {class: "row line"}, hasPreview(voice) && previewButton(voice, error => this.#fields.show(error)),
      el("div", {class: "voice-text grow"}, el("span", {class: "voice-name", dir: "auto"}, voice.name), el("span", {class: "hint clip", dir: "auto"}, voice.description || voice.voice_id)),
      button("Speak", () => speakAgain("", voice.voice_id), {"aria-label": `Speak with ${voice.name}`}),
      button(`Delete ${voice.name}`, () => this.#delete(voice), {icon: "trash", quiet: true})));
    this.#own.replaceChildren(el("h2", {}, "Voices of this account"), rows.length ? el("ul", {class: "plain"}, rows) : el("p", {class: "hint"}, "No voice was cloned yet."));
  }

  async #delete(voice) {
    if (!await agree(`Delete the voice ${voice.name}? It cannot be made again without its recording.`, "Delete")) return;
    try {
      await ask(`voice/voices/${encodeURIComponent(voice.voice_id)}`, {method: "DELETE"});
      forgetVoices();
      forgetPreview(voice.voice_id);
      this.#list((await voices()).voices);
      say(`The voice ${voice.name} is deleted.`);
    } catch (error) {
      this.#fields.show(error);
    }
  }
}
