// Listen: files and the microphone become text.

import { events, formOf, upload } from "./api.js";
import { button, clock, dropZone, el, fileName, relabel, say, select } from "./dom.js";
import { Fields } from "./form.js";
import { keep } from "./kept.js";
import { LIVE_RATE, LiveSession } from "./live.js";
import { Meter, Microphone } from "./microphone.js";
import { Track, wavOf } from "./sound.js";
import { tools, transcript } from "./transcript.js";
import { languageName, languageOptions, voices } from "./voices.js";

/** The cards of what was heard since the page was opened, the newest first. */
const cards = [];

events.addEventListener("forget", () => { cards.length = 0; });

export async function view(signal) {
  const {languages} = await voices();
  return new Listen(languages, signal).root;
}

class Listen {
  #fields = new Fields();
  #results = el("div", {class: "stack"});
  #queue = Promise.resolve();
  #signal;
  #microphone = null;
  #session = null;
  #meter = new Meter();
  #time = el("output", {class: "number", "aria-label": "Length of the recording"});

  constructor(languages, signal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#leave());
    const fields = this.#fields;
    const known = languageOptions(languages.filter(each => each.stt).map(each => each.code));
    this.language = select([["", "Detected"], ...known], "");
    this.speakers = el("input", {type: "checkbox"});
    this.english = el("input", {type: "checkbox"});
    this.keywords = el("input", {type: "text", dir: "auto", placeholder: "Ngozi, Kokoro, Lagos"});
    const options = el("div", {class: "card"}, fields.general, el("div", {class: "options"},
      fields.add("language", "Language", this.language, {hint: "For files and the microphone."}),
      fields.add("keywords", "Names and rare words", this.keywords, {hint: "Separated by commas."}),
      el("div", {class: "stack-small"},
        fields.add("diarize", "Tell speakers apart", this.speakers, {inline: true}),
        fields.add("task", "Translate into English", this.english, {inline: true}))));
    const drop = dropZone({label: "Drop recordings here, or choose them", hint: "Any sound or film; up to 4 hours each.", accept: "audio/*,video/*", multiple: true,
      take: files => files.forEach(file => this.#take(file))});
    this.#record = button("Record", () => this.#session ? this.#stop() : this.#start(), {icon: "mic"});
    const microphone = el("div", {class: "card"}, el("h2", {}, "Microphone"),
      el("div", {class: "recording"}, this.#record, this.#meter.root, this.#time),
      el("p", {class: "hint"}, "The words appear while you speak. The sound stays on this page and this server."));
    const files = el("div", {class: "card"}, el("h2", {}, "Files"), fields.attach("file", drop.querySelector("input"), drop));
    this.root = el("section", {class: "page"}, el("h1", {}, "Listen"), options, el("div", {class: "columns even"}, files, microphone), this.#results);
    this.#results.append(...cards);
  }

  #record;

  #show(card) {
    cards.unshift(card);
    this.#results.prepend(card);
  }

  #card(title) {
    const body = el("div", {class: "stack-small"});
    const remove = () => {
      if (cards.includes(card)) cards.splice(cards.indexOf(card), 1);
      card.remove();
    };
    const close = button(`Remove ${title}`, remove, {icon: "close", quiet: true});
    const facts = el("div", {class: "tags"});
    const card = el("section", {class: "card", "aria-label": title},
      el("div", {class: "row between line-up"}, el("h2", {dir: "auto", class: "grow clip"}, title), close), facts, body);
    this.#show(card);
    return {body, facts, remove};
  }

  #take(file) {
    this.#fields.clear();
    const shown = this.#card(file.name);
    const bar = el("progress", {max: "1", "aria-label": `Progress of ${file.name}`});
    const state = el("p", {class: "hint"}, "Waiting for the files before it");
    shown.body.append(bar, state);
    const form = formOf({file, language: this.language.value, keywords: this.keywords.value,
      diarize: this.speakers.checked || null, task: this.english.checked ? "translate" : null});
    this.#queue = this.#queue.then(async () => {
      const began = performance.now();
      state.textContent = "Uploading";
      try {
        const told = await upload("voice/stt", form, {progress: part => {
          if (part < 1) bar.value = part;
          else {
            bar.removeAttribute("value");
            state.textContent = "Transcribing";
          }
        }});
        keep(told.id, file);
        this.#heard(shown, told, file, (performance.now() - began) / 1000);
        say(`${file.name} is transcribed.`);
      } catch (error) {
        const again = button("Try again", () => {
          shown.remove();
          this.#take(file);
        }, {icon: "again"});
        shown.body.replaceChildren(el("div", {class: "error-box", role: "alert"}, el("p", {}, error.message)), error.status === 400 ? "" : el("div", {class: "row"}, again));
        if (error.status !== 400) this.#fields.show(error);
      }
    });
  }

  #heard({body, facts}, told, file, tookS) {
    const media = el("audio", {controls: true, preload: "metadata", src: URL.createObjectURL(file), "aria-label": "Recording"});
    media.addEventListener("error", () => media.replaceWith(el("p", {class: "hint"}, "This browser cannot play the file; the text is complete.")));
    const tags = [clock(told.duration_seconds), ...(told.languages ?? [told.language]).filter(Boolean).map(languageName), told.model, `${tookS.toFixed(1)} s`];
    facts.replaceChildren(...tags.map(tag => el("span", {class: "tag"}, tag)));
    const text = told.segments.length ? transcript(told, media) : el("p", {class: "hint"}, "No speech was found in the recording.");
    body.replaceChildren(media, text, ...told.segments.length ? [tools(() => told, fileName(file.name.replace(/\.\w+$/, ""), "transcript"))] : []);
  }

  async #start() {
    this.#fields.clear();
    this.#record.disabled = true;
    const session = new LiveSession();
    const microphone = new Microphone();
    const track = new Track(LIVE_RATE);
    try {
      await session.open(this.language.value);
      await microphone.open(LIVE_RATE, samples => {
        track.push(samples);
        session.hear(samples);
        this.#meter.hear(samples);
        this.#time.value = clock(track.seconds);
      });
    } catch (error) {
      session.abort();
      this.#fields.show(error);
      return;
    } finally {
      this.#record.disabled = false;
    }
    [this.#session, this.#microphone] = [session, microphone];
    relabel(this.#record, "Stop", "stop");
    this.#record.classList.add("danger");
    this.#live(session, track);
  }

  /** Shows a session's text while it grows, and with its sound when it has ended. */
  #live(session, track) {
    const {body, facts} = this.#card(`Microphone, ${new Date().toLocaleTimeString()}`);
    const text = el("div", {class: "transcript", role: "log", "aria-label": "What is said", tabindex: "0"}, el("p", {class: "hint"}, "Listening"));
    body.append(text);
    const rows = new Map();
    session.addEventListener("change", ({detail: each}) => {
      if (!rows.size) text.replaceChildren();
      if (!rows.has(each.id)) {
        rows.set(each.id, el("p", {dir: "auto"}));
        text.append(rows.get(each.id));
      }
      const row = rows.get(each.id);
      row.textContent = each.error ?? each.text;
      row.classList.toggle("partial", !each.isDone);
      text.scrollTop = text.scrollHeight;
    });
    session.addEventListener("closed", ({detail: reason}) => {
      this.#rest(session);
      if (reason) this.#fields.show(new Error(reason));
      const segments = session.utterances.filter(each => each.text && !each.error)
        .map(({start, end, text}, id) => ({id, start, end: end ?? track.seconds, text}));
      const told = {duration_seconds: track.seconds, segments, transcript: segments.map(each => each.text).join(" ")};
      const file = new File([wavOf(track.samples, track.rate)], "microphone.wav", {type: "audio/wav"});
      this.#heard({body, facts}, {...told, model: "microphone"}, file, track.seconds);
      facts.replaceChildren(el("span", {class: "tag"}, clock(track.seconds)));
      body.append(el("div", {class: "row"}, button("Transcribe the whole recording", () => this.#take(file), {icon: "again"}),
        el("span", {class: "hint"}, "for the times of words, and speakers")));
    });
  }

  #stop() {
    this.#microphone?.close();
    this.#meter.rest();
    this.#record.disabled = true;
    this.#session?.end();
  }

  #rest(session) {
    if (this.#session !== session) return;
    this.#microphone?.close();
    this.#meter.rest();
    [this.#session, this.#microphone] = [null, null];
    this.#record.disabled = false;
    this.#record.classList.remove("danger");
    relabel(this.#record, "Record", "mic");
  }

  #leave() {
    this.#session?.abort();
    this.#microphone?.close();
  }
}
