// Choosing a voice: search, filters, previews, and blends of several.

import { button, el, relabel, say, select } from "./dom.js";
import { categoryName, hasPreview, isMixable, languageName, languageOptions, playOne, preview, stopOne } from "./voices.js";

const PARTS_MAX = 5;
let count = 0;

/** A button that plays a voice's preview. */
export function previewButton(voice, fail) {
  let isOn = false;
  const label = () => `${isOn ? "Stop" : "Preview"} ${voice.name}`;
  const made = button(label(), async () => {
    if (isOn) return stopOne();
    made.disabled = true;
    try {
      await playOne(await preview(voice.voice_id), state => {
        isOn = state;
        relabel(made, label(), isOn ? "stop" : "play");
      });
    } catch (error) {
      fail(error);
    } finally {
      made.disabled = false;
    }
  }, {icon: "play", quiet: true});
  return made;
}

/** The picker; `value` is what the API takes as voice_id, `voice` the first of its voices. Events: `change`. */
export class VoicePicker extends EventTarget {
  #all;
  #parts;
  #name = `voice-${++count}`;
  #list = el("div", {class: "voices", role: "radiogroup", "aria-label": "Voices"});
  #blend = el("div", {class: "blend", hidden: true});
  #found = el("p", {class: "hint", role: "status"});
  #filters;
  #fail;

  constructor(all, chosen, fail) {
    super();
    this.#all = all;
    this.#fail = fail;
    const first = all.find(voice => voice.voice_id === chosen) ?? all[0];
    this.#parts = first ? [{voice: first, weight: 1}] : [];
    const search = el("input", {type: "search", placeholder: "Search voices", "aria-label": "Search voices"});
    const language = select([["", "All languages"], ...languageOptions(all.map(voice => voice.language))], "", {"aria-label": "Language of the voice"});
    const kinds = [...new Set(all.map(voice => voice.category))];
    const category = select([["", "All kinds"], ...kinds.map(kind => [kind, categoryName(kind)])], "", {"aria-label": "Kind of voice"});
    this.#filters = {search, language, category};
    for (const control of [search, language, category]) control.addEventListener("input", () => this.#show());
    this.root = el("div", {class: "picker"}, el("div", {class: "filters"}, search, language, category), this.#found, this.#list, this.#blend);
    this.#show();
  }

  get voice() { return this.#parts[0]?.voice ?? null; }

  get value() {
    if (this.#parts.length < 2) return this.voice?.voice_id ?? "";
    return this.#parts.map(({voice, weight}) => `${voice.voice_id}(${weight})`).join("+");
  }

  get title() { return this.#parts.map(({voice}) => voice.name).join(" + "); }

  /** Chooses what `value` was. */
  set value(value) {
    const parts = value.split("+").map(part => {
      const [, id, weight] = part.match(/^(.*?)(?:\(([\d.]+)\))?$/);
      return {voice: this.#all.find(voice => voice.voice_id === id), weight: +(weight ?? 1)};
    });
    if (parts.some(({voice}) => !voice)) return;
    this.#parts = parts;
    this.#changed();
  }

  #fits(voice) {
    const {search, language, category} = this.#filters;
    const text = `${voice.name} ${voice.voice_id} ${voice.description} ${voice.gender} ${languageName(voice.language)}`.toLowerCase();
    return (!language.value || voice.language === language.value) && (!category.value || voice.category === category.value)
      && search.value.toLowerCase().split(/\s+/).every(word => text.includes(word));
  }

  #show() {
    const shown = this.#all.filter(voice => this.#fits(voice));
    this.#found.textContent = shown.length === this.#all.length ? `${shown.length} voices` : `${shown.length} of ${this.#all.length} voices`;
    this.#list.replaceChildren(...shown.map(voice => this.#row(voice)));
    this.#showBlend();
    const chosen = this.#list.querySelector("input:checked")?.closest(".voice");
    if (chosen) requestAnimationFrame(() => { this.#list.scrollTop = chosen.offsetTop - this.#list.clientHeight / 2; });
  }

  #row(voice) {
    const isIn = this.#parts.some(part => part.voice === voice);
    const radio = el("input", {type: "radio", name: this.#name, value: voice.voice_id, checked: voice === this.voice, on: {change: () => {
      this.#parts = [{voice, weight: 1}];
      this.#changed(false);
    }}});
    const mix = isMixable(voice) && button(`Add ${voice.name} to a blend`, () => this.#mix(voice), {icon: "plus", quiet: true, disabled: isIn});
    const told = [languageName(voice.language), voice.gender, voice.category === "cloned" && "clone"].filter(Boolean).join(" · ");
    return el("div", {class: `voice ${isIn ? "in" : ""}`, "data-id": voice.voice_id},
      el("label", {}, radio, el("span", {class: "voice-text"}, el("span", {class: "voice-name", dir: "auto"}, voice.name), el("span", {class: "hint"}, told))),
      hasPreview(voice) && previewButton(voice, this.#fail), mix);
  }

  #mix(voice) {
    if (this.#parts.length >= PARTS_MAX) {
      this.#fail(new Error(`A blend has at most ${PARTS_MAX} voices.`));
      return;
    }
    const mixed = this.#parts.filter(part => isMixable(part.voice));
    this.#parts = [...mixed, {voice, weight: 1}];
    say(`${voice.name} is in the blend.`);
    this.#changed();
  }

  #showBlend() {
    this.#blend.hidden = this.#parts.length < 2;
    if (this.#blend.hidden) return;
    const whole = () => this.#parts.reduce((sum, part) => sum + part.weight, 0);
    const outputs = [];
    const told = () => this.#parts.forEach((part, at) => { outputs[at].value = `${Math.round(100 * part.weight / whole())} %`; });
    const rows = this.#parts.map(part => {
      const slider = el("input", {type: "range", min: "0.1", max: "10", step: "0.1", "aria-label": `Weight of ${part.voice.name}`, on: {input: () => {
        part.weight = +slider.value;
        told();
        this.dispatchEvent(new Event("change"));
      }}});
      slider.value = part.weight;
      const output = el("output", {class: "number"});
      outputs.push(output);
      return el("div", {class: "part"}, el("span", {class: "voice-name", dir: "auto"}, part.voice.name), slider, output,
        button(`Remove ${part.voice.name}`, () => {
          this.#parts = this.#parts.filter(other => other !== part);
          this.#changed();
        }, {icon: "close", quiet: true}));
    });
    this.#blend.replaceChildren(el("h3", {}, "Blend"), ...rows,
      el("p", {class: "hint"}, `${this.#parts[0].voice.name} decides how the text is read.`));
    told();
  }

  /** After a change; the list keeps its focus where only the choice has changed. */
  #changed(isNew = true) {
    if (isNew) this.#show();
    else {
      for (const row of this.#list.children) row.classList.toggle("in", row.dataset.id === this.voice.voice_id);
      this.#list.querySelectorAll(".quiet[disabled]").forEach(each => { each.disabled = false; });
      this.#showBlend();
    }
    this.dispatchEvent(new Event("change"));
  }
}
