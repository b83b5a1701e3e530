// One dub: the analysis beside the film, the translation, the voices, and the film that was made.

import { ApiError, Unreachable, ask, blobOf, formOf, upload } from "./api.js";
import { button, clock, dropZone, el, save, say, select } from "./dom.js";
import { Fields } from "./form.js";
import { LinesTable } from "./lines.js";
import { keepProject } from "./projects.js";
import { Timeline } from "./timeline.js";
import { languageName, languageOptions } from "./voices.js";

const POLL_MS = 1000;
const IMITATED = "";

/** The editor of a project: `{id, name, at, file, language, target, speakers, segments, voices, keeps, codec, track, renderJob}`. */
export class Editor {
  #fields = new Fields();
  #catalog;
  #signal;
  #state = el("div", {class: "stack-small"});
  #films = el("div", {class: "films"});
  #body = el("div", {class: "stack"});
  #result = el("section", {class: "card", hidden: true});
  #isClosed = false;
  #saving = null;
  #media = null;
  #urls = [];

  constructor(project, catalog, signal, leave) {
    Object.assign(this, {project});
    this.#catalog = catalog;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.close());
    this.root = el("section", {class: "editor", "aria-label": project.name},
      el("div", {class: "stack aside"}, el("div", {class: "card"},
        el("div", {class: "row between line-up"}, el("h2", {dir: "auto", class: "grow clip"}, project.name), button("Close", leave)),
        this.#fields.general, this.#state, this.#films), this.#result), this.#body);
    this.#start();
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#saving !== null) {
      clearTimeout(this.#saving);
      keepProject(this.project);
    }
    this.#media?.pause();
    this.#urls.forEach(url => URL.revokeObjectURL(url));
  }

  #url(blob) {
    const url = URL.createObjectURL(blob);
    this.#urls.push(url);
    return url;
  }

  #changed() {
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => {
      this.#saving = null;
      keepProject(this.project);
    }, 300);
  }

  async #start() {
    this.#showFilm();
    try {
      if (!this.project.segments) {
        const job = await this.#finished(this.project.id, "Analyzing: who says what, and when");
        if (!job) return;
        const {language, segments, speakers, audio_track: track, duration_seconds: duration} = job.result;
        Object.assign(this.project, {language, speakers: [...speakers], track, duration, voices: {}, keeps: true, codec: "opus",
          target: null, segments: segments.map(segment => ({...segment, source: segment.text}))});
        await keepProject(this.project);
        say(`The film is analyzed: ${segments.length} lines, ${speakers.length} speakers.`);
      }
      this.#edit();
      if (this.project.renderJob) await this.#rendered();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error) {
    this.#state.replaceChildren();
    if (!this.#isClosed) this.#fields.show(error);
  }

  /** Waits for a job, showing its progress; null when the editor was closed. Throws what the job failed with. */
  async #finished(id, title) {
    const bar = el("progress", {max: "1", "aria-label": title});
    const told = el("p", {class: "hint"}, title);
    this.#state.replaceChildren(told, bar);
    while (!this.#isClosed) {
      try {
        const job = await ask(`voice/dub/jobs/${id}`, {signal: this.#signal});
        if (job.status === "error") throw new Error(job.error);
        if (job.status === "done") {
          this.#state.replaceChildren();
          return job;
        }
        told.textContent = job.status === "queued" ? `${title}: waiting for the jobs before it` : title;
        bar.value = job.progress;
      } catch (error) {
        // A server that restarts goes on with the job.
        const passes = error instanceof Unreachable || (error instanceof ApiError && error.status === 503);
        if (!passes) throw error;
      }
      await new Promise(resolve => setTimeout(resolve, POLL_MS));
    }
    return null;
  }

  #showFilm() {
    const {file} = this.project;
    if (!file) {
      const zone = dropZone({label: "Choose the film of this dub again", hint: "This browser has not kept it; the picture and the sound are taken from it.", accept: "video/*,audio/*,.mkv", take: async ([chosen]) => {
        Object.assign(this.project, {file: chosen, name: chosen.name});
        await keepProject(this.project);
        this.#showFilm();
      }});
      this.#films.replaceChildren(zone);
      return;
    }
    const kind = file.type.startsWith("audio/") ? "audio" : "video";
    this.#media = el(kind, {controls: true, src: this.#url(file), "aria-label": "Original", preload: "metadata"});
    this.#media.addEventListener("timeupdate", () => {
      this.table?.mark(this.#media.currentTime);
      this.timeline?.show(this.#media.currentTime);
      if (this.until && this.#media.currentTime >= this.until) {
        this.#media.pause();
        this.until = null;
      }
    });
    this.#films.replaceChildren(el("figure", {class: "stack-small"}, el("figcaption", {class: "legend"}, "Original"), this.#media));
  }

  #play(from, to) {
    if (!this.#media) return;
    this.#media.currentTime = from;
    this.until = to;
    this.#media.play().catch(() => {});
  }

  #edit() {
    const {project} = this;
    const fields = this.#fields;
    this.timeline = new Timeline(project, {seek: seconds => { if (this.#media) this.#media.currentTime = seconds; }, moved: () => {
      this.table.show();
      this.#changed();
    }});
    if (project.file) this.timeline.hear(project.file);
    this.table = new LinesTable(project, {changed: () => {
      this.#changed();
      this.#showVoices();
      this.timeline.draw();
    }, play: (from, to) => this.#play(from, to)});
    const targets = this.#catalog.languages.filter(each => each.dub || each.tts).map(each => each.code.split("-")[0]);
    this.target = select([["", "Choose"], ...languageOptions(targets)], project.target ?? "");
    this.target.addEventListener("change", () => {
      project.target = this.target.value || null;
      this.#showVoices();
      this.#changed();
    });
    this.translate = button("Translate the lines", () => this.#translate());
    this.voices = el("div", {class: "options"});
    this.keeps = el("input", {type: "checkbox", checked: project.keeps, on: {change: () => { project.keeps = this.keeps.checked; this.#changed(); }}});
    this.codec = select([["opus", "Opus"], ["aac", "AAC, for MP4 and MOV"]], project.codec, {on: {change: () => { project.codec = this.codec.value; this.#changed(); }}});
    this.render = button("Render", () => this.#render(), {kind: "primary"});
    const told = `${languageName(project.language)}, ${clock(project.duration)}, ${project.speakers.length === 1 ? "1 speaker" : `${project.speakers.length} speakers`}`;
    this.#body.replaceChildren(
      el("section", {class: "card"}, el("h2", {}, "Translation"), el("div", {class: "options"}, fields.add("target_language", "Into", this.target)), el("div", {class: "row"}, this.translate,
        el("span", {class: "hint"}, "Or write the lines yourself."))),
      el("section", {class: "card"}, el("div", {class: "row between"}, el("h2", {}, "Lines"), el("span", {class: "hint"}, told)), this.timeline.root, fields.attach("segments", this.table.root, this.table.root)),
      el("section", {class: "card"}, el("h2", {}, "Voices"), fields.attach("voice_map", this.voices, this.voices)),
      el("section", {class: "card"}, el("h2", {}, "Film"), el("div", {class: "options"},
        fields.add("audio_codec", "Sound", this.codec), fields.add("keep_background", "Keep the original sound, quieter under the lines", this.keeps, {inline: true})), el("div", {class: "row"}, this.render)));
    this.#showVoices();
  }

  #showVoices() {
    const {project} = this;
    const spoken = [...new Set(project.segments.map(line => line.speaker))];
    const fit = voice => !project.target || voice.language.split("-")[0] === project.target || voice.category === "cloned";
    const named = this.#catalog.voices.filter(fit).map(voice => [voice.voice_id, `${voice.name} (${languageName(voice.language)})`]);
    const key = JSON.stringify([spoken, project.target]);
    if (this.shownVoices === key) return;
    this.shownVoices = key;
    this.voices.replaceChildren(...spoken.map((speaker, at) => {
      const id = `voice-of-${at}`;
      const chosen = select([[IMITATED, "Imitate the speaker"], ...named], project.voices[speaker] ?? IMITATED, {id, on: {change: () => {
        project.voices[speaker] = chosen.value;
        this.#changed();
      }}});
      if (chosen.selectedIndex < 0) chosen.selectedIndex = 0;
      return el("div", {class: "field"}, el("label", {for: id}, el("bdi", {}, speaker)), chosen);
    }));
  }

  async #translate() {
    this.#fields.clear();
    if (!this.project.target) {
      this.#fields.show(Object.assign(new Error("Choose a language."), {field: "target_language"}));
      return;
    }
    this.translate.disabled = true;
    // A line that is translated already is translated again from what it was before.
    const before = this.project.segments.map(line => line.isTranslated && line.source ? line.source : line.text);
    const lines = this.project.segments.map(({id, start, end, speaker, language, text_en}, at) => ({id, start, end, speaker, language, text_en, text: before[at]}));
    try {
      const {segments} = await ask("voice/dub/translate", {method: "POST", signal: this.#signal,
        json: {segments: lines, target_language: this.project.target}});
      this.project.segments = segments.map((line, at) => ({...line, source: before[at], isTranslated: true}));
      this.table.show();
      this.#changed();
      say("The lines are translated.");
    } catch (error) {
      this.#fields.show(error);
    } finally {
      this.translate.disabled = false;
    }
  }

  async #render() {
    const {project} = this;
    this.#fields.clear();
    if (!project.file) {
      this.#fields.show(new Error("Choose the film again: this browser has not kept it."));
      return;
    }
    this.render.disabled = true;
    const bar = el("progress", {max: "1", "aria-label": "Upload"});
    this.#state.replaceChildren(el("p", {class: "hint"}, "Uploading the film"), bar);
    const voices = Object.fromEntries(Object.entries(project.voices).filter(([, voice]) => voice !== IMITATED));
    const segments = project.segments.map(({id, start, end, speaker, text}) => ({id, start, end, speaker, text}));
    const form = formOf({file: project.file, segments: JSON.stringify(segments), voice_map: JSON.stringify(voices), target_language: project.target,
      keep_background: project.keeps, audio_codec: project.codec, audio_track: project.track});
    try {
      const {job_id: id} = await upload("voice/dub/render", form, {progress: part => { bar.value = part; }, signal: this.#signal});
      const before = project.renderJob;
      project.renderJob = id;
      await keepProject(project);
      if (before) ask(`voice/dub/jobs/${before}`, {method: "DELETE"}).catch(() => {});
      await this.#rendered();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.render.disabled = false;
    }
  }

  /** Waits for the render, and shows the film beside the original. */
  async #rendered() {
    const {project} = this;
    const id = project.renderJob;
    let job;
    try {
      job = await this.#finished(id, "Speaking and mixing");
    } catch (error) {
      project.renderJob = null;
      this.#changed();
      throw error;
    }
    if (!job) return;
    const {video_url: video, segments} = job.result;
    const path = `voice/dub/jobs/${id}`;
    const film = await blobOf(`${path}/${video ? "video" : "audio"}`, {signal: this.#signal});
    const shown = el(video ? "video" : "audio", {controls: true, src: this.#url(film), "aria-label": "Dubbed"});
    const figure = el("figure", {class: "stack-small"}, el("figcaption", {class: "legend"}, "Dubbed"), shown);
    this.#films.querySelector("[data-dubbed]")?.remove();
    figure.dataset.dubbed = id;
    this.#films.append(figure);
    // Only one of the two is heard at a time.
    shown.addEventListener("play", () => this.#media?.pause());
    this.#media?.addEventListener("play", () => shown.pause());
    const name = project.name.replace(/\.\w+$/, "");
    const ending = {"video/mp4": "mp4", "video/webm": "webm", "video/x-matroska": "mkv"}[film.type] ?? "mp4";
    const get = (label, file, end) => button(label, async () => {
      try {
        save(file ? await blobOf(`${path}/${file}`) : film, `${name}-${project.target ?? "dubbed"}.${end}`);
      } catch (error) {
        this.#fields.show(error);
      }
    }, {icon: "download"});
    const cut = segments.filter(line => line.truncated).map(line => +line.id + 1);
    this.#result.replaceChildren(el("h2", {}, "Result"),
      cut.length ? el("p", {class: "note"}, `Too long for their time, and cut: line ${cut.join(", ")}. Shorten the text, or give it more time.`) : "",
      el("div", {class: "row"}, video && get("Film", null, ending), get("Sound", "audio", "wav"), get("SRT", "subtitles?format=srt", "srt"), get("VTT", "subtitles?format=vtt", "vtt")));
    this.#result.hidden = false;
    say("The dubbed film is ready.");
  }
}
