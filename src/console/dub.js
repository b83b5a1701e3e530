// Dub: a film in another language, in three steps. This file has the list of projects; `dub_editor.js` has one of them.

import { ask, formOf, upload } from "./api.js";
import { agree, button, dropZone, el, say, select } from "./dom.js";
import { Editor } from "./dub_editor.js";
import { Fields } from "./form.js";
import { dropProject, keepProject, projects } from "./projects.js";
import { languageOptions, voices } from "./voices.js";

export async function view(signal) {
  const made = new Dub(await voices(), signal);
  await made.load();
  return made.root;
}

class Dub {
  #fields = new Fields();
  #list = el("section", {class: "card", hidden: true});
  #editor = el("div", {class: "stack"});
  #sending = el("div", {class: "stack-small", hidden: true});
  #open = null;
  #catalog;
  #signal;

  constructor(catalog, signal) {
    this.#catalog = catalog;
    this.#signal = signal;
    const fields = this.#fields;
    this.language = select([["auto", "Detected"], ...languageOptions(catalog.languages.filter(each => each.stt).map(each => each.code))], "auto");
    this.count = el("input", {type: "number", min: "1", max: "64", placeholder: "Found by itself"});
    const drop = dropZone({label: "Drop a film or a recording here, or choose one", hint: "MP4, MOV, WebM, Matroska or sound; up to 4 hours.", accept: "video/*,audio/*,.mkv",
      take: ([file]) => this.#analyze(file)});
    this.start = el("section", {class: "card"}, el("h2", {}, "New dub"), fields.general,
      el("div", {class: "options"}, fields.add("language", "Language of the film", this.language), fields.add("num_speakers", "Number of speakers", this.count)),
      fields.attach("file", drop.querySelector("input"), drop), this.#sending);
    this.root = el("section", {class: "page"}, el("h1", {}, "Dub"), this.#editor, this.start, this.#list);
  }

  async load() {
    const [own, jobs] = await Promise.all([projects(), ask("voice/dub/jobs", {query: {limit: 200}})]);
    const known = new Set(jobs.items.map(job => job.job_id));
    // Lines that are being edited need no analysis any more, which the server keeps for some hours only.
    const here = own.filter(project => project.segments || known.has(project.id));
    const named = new Set(here.flatMap(project => [project.id, project.renderJob]));
    const others = jobs.items.filter(job => job.kind === "analyze" && !named.has(job.job_id))
      .map(job => ({id: job.job_id, name: `Film of ${new Date(job.created_at).toLocaleString()}`, at: Date.parse(job.created_at), file: null}));
    this.#show([...here, ...others]);
    if (!this.#open && here[0]?.isOpen) await this.#edit(here[0]);
  }

  #show(all) {
    this.#list.hidden = !all.length;
    this.#list.replaceChildren(el("h2", {}, "Dubs of this account"), el("ul", {class: "plain"}, all.map(project => el("li", {class: "row line"},
      el("span", {class: "grow clip", dir: "auto"}, project.name), el("span", {class: "hint"}, new Date(project.at).toLocaleDateString()),
      button("Open", () => this.#edit(project), {"aria-label": `Open ${project.name}`}),
      button(`Delete ${project.name}`, () => this.#delete(project), {icon: "trash", quiet: true})))));
  }

  async #analyze(file) {
    this.#fields.clear();
    const bar = el("progress", {max: "1", "aria-label": "Upload"});
    const ending = new AbortController();
    this.#sending.replaceChildren(el("p", {class: "hint", dir: "auto"}, `Uploading ${file.name}`), bar, el("div", {class: "row"}, button("Stop", () => ending.abort())));
    this.#sending.hidden = false;
    const form = formOf({file, language: this.language.value, diarize: true, num_speakers: this.count.value});
    try {
      const {job_id: id} = await upload("voice/dub/analyze", form, {progress: part => { bar.value = part; }, signal: ending.signal});
      const project = {id, name: file.name, at: Date.now(), file};
      await keepProject(project);
      say("The film is uploaded; it is being analyzed.");
      await this.#edit(project);
      await this.load();
    } catch (error) {
      this.#fields.show(error);
    } finally {
      this.#sending.hidden = true;
    }
  }

  async #edit(project) {
    this.#open?.close();
    const editor = this.#open = new Editor(project, this.#catalog, this.#signal, async () => {
      editor.close();
      editor.root.remove();
      this.#open = null;
      this.start.hidden = false;
      await keepProject({...project, isOpen: false});
    });
    project.isOpen = true;
    this.start.hidden = true;
    this.#editor.replaceChildren(editor.root);
    scrollTo(0, 0);
    await keepProject(project);
  }

  async #delete(project) {
    if (!await agree(`Delete ${project.name}, its analysis and its dubbed film from the server and from this browser?`, "Delete")) return;
    try {
      for (const id of [project.renderJob, project.id].filter(Boolean)) {
        await ask(`voice/dub/jobs/${id}`, {method: "DELETE"}).catch(error => {
          if (error.status !== 404) throw error;
        });
      }
      if (this.#open?.project.id === project.id) {
        this.#open.close();
        this.#open = null;
        this.#editor.replaceChildren();
        this.start.hidden = false;
      }
      await dropProject(project.id);
      say("The dub is deleted.");
      await this.load();
    } catch (error) {
      this.#fields.show(error);
    }
  }
}
