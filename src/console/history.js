// History: what the account has generated.

import { ask } from "./api.js";
import { agree, button, copy, el, relabel, say, select } from "./dom.js";
import { Fields } from "./form.js";
import { forget, keptSound } from "./kept.js";
import { speakAgain } from "./speak.js";
import { playOne, stopOne, voices } from "./voices.js";

const PAGE = 50;
const FEATURES = {tts: "Speech", stt: "Transcript", clone: "Clone", dub: "Dub"};

export async function view(signal) {
  signal.addEventListener("abort", stopOne);
  const {voices: all} = await voices();
  const made = new History(all);
  await made.load();
  return made.root;
}

class History {
  #fields = new Fields();
  #offset = 0;
  #page = {items: [], total: 0};
  #rows = el("tbody");
  #told = el("p", {class: "hint", role: "status"});
  #names;

  constructor(all) {
    this.#names = new Map(all.map(voice => [voice.voice_id, voice.name]));
    this.feature = select([["", "Everything"], ...Object.entries(FEATURES)], "");
    this.status = select([["", "Any result"], ["ok", "Succeeded"], ["error", "Failed"]], "");
    this.search = el("input", {type: "search", placeholder: "Search this page"});
    this.feature.addEventListener("input", () => this.#turn(0));
    for (const control of [this.status, this.search]) control.addEventListener("input", () => this.#show());
    this.newer = button("Newer", () => this.#turn(this.#offset - PAGE));
    this.older = button("Older", () => this.#turn(this.#offset + PAGE));
    const fields = this.#fields;
    const heads = ["When", "What", "Text", "Voice or language", "Length", "Took", "Key"].map(name => el("th", {scope: "col"}, name));
    const table = el("table", {class: "cards"}, el("thead", {}, el("tr", {}, heads, el("th", {scope: "col"}, el("span", {class: "unseen"}, "Actions")))), this.#rows);
    this.root = el("section", {class: "page"}, el("div", {class: "row between"}, el("h1", {}, "History"), button("Refresh", () => this.#turn(this.#offset), {icon: "again"})),
      el("div", {class: "card"}, fields.general,
        el("div", {class: "options"}, fields.add("feature", "Kind", this.feature), fields.add("status", "Result", this.status), fields.add("search", "Search", this.search)),
        this.#told, el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Items"}, table), el("div", {class: "row end"}, this.newer, this.older)));
  }

  async load() {
    this.#page = await ask("voice/history", {query: {limit: PAGE, offset: this.#offset, feature: this.feature.value}});
    this.#show();
  }

  async #turn(offset) {
    this.#fields.clear();
    this.#offset = Math.max(0, offset);
    try {
      await this.load();
    } catch (error) {
      this.#fields.show(error);
    }
  }

  #show() {
    const {items, total} = this.#page;
    const word = this.search.value.toLowerCase();
    const fits = item => (!this.status.value || item.status === this.status.value)
      && (!word || [item.text, item.voice_id, item.language, item.key_name].join(" ").toLowerCase().includes(word));
    const shown = items.filter(fits);
    this.#rows.replaceChildren(...shown.map(item => this.#row(item)));
    const last = this.#offset + items.length;
    this.#told.textContent = total ? `${this.#offset + 1} to ${last} of ${total}${shown.length < items.length ? `, ${shown.length} shown` : ""}` : "Nothing was generated yet.";
    this.newer.disabled = this.#offset === 0;
    this.older.disabled = last >= total;
  }

  #row(item) {
    const seconds = value => value === null || value === undefined ? "" : `${value.toFixed(1)} s`;
    const text = item.text ? el("div", {dir: "auto", title: item.text}, item.text) : el("div", {class: "hint"}, "No text is kept");
    const row = el("tr", {},
      el("td", {}, el("time", {datetime: item.created_at}, new Date(item.created_at).toLocaleString(undefined, {dateStyle: "short", timeStyle: "short"}))),
      el("td", {}, FEATURES[item.feature], " ", item.status === "error" && el("span", {class: "tag bad"}, "failed")),
      el("td", {class: "text"}, text),
      el("td", {class: "voice-cell"}, el("bdi", {}, this.#voice(item) ?? item.language ?? "")),
      el("td", {}, seconds(item.duration_seconds)),
      el("td", {}, seconds(item.latency_ms === null ? null : item.latency_ms / 1000)),
      el("td", {}, el("bdi", {}, item.key_name)),
      el("td", {class: "actions"}, el("div", {class: "row"}, this.#replay(item),
        item.text && button("Copy the text", () => copy(item.text), {icon: "copy", quiet: true}),
        button("Delete", () => this.#delete(item), {icon: "trash", quiet: true}))));
    return row;
  }

  /** The name of an item's voice, or those of its blend; null where it has none. */
  #voice({voice_id: id}) {
    if (!id) return null;
    const named = part => this.#names.get(part) ?? (part.startsWith("cloned_") ? "deleted clone" : part);
    return id.split("+").map(part => named(part.replace(/\([\d.]+\)$/, ""))).join(" + ");
  }

  /** What this page still has of an item's sound is played; a text can be spoken again. */
  #replay(item) {
    const sound = keptSound(item.id);
    if (sound) {
      let isOn = false;
      const made = button("Replay", () => isOn ? stopOne() : playOne(sound, state => {
        isOn = state;
        relabel(made, isOn ? "Stop" : "Replay", isOn ? "stop" : "play");
      }), {icon: "play", quiet: true});
      return made;
    }
    const canSpeak = item.feature === "tts" && item.text && item.voice_id;
    return canSpeak && button("Speak again", () => speakAgain(item.text, item.voice_id), {icon: "again", quiet: true});
  }

  async #delete(item) {
    if (!await agree("Delete this item from the history of the account?", "Delete")) return;
    try {
      await ask(`voice/history/${item.id}`, {method: "DELETE"});
      forget(item.id);
      say("The item is deleted.");
      await this.#turn(this.#offset);
    } catch (error) {
      this.#fields.show(error);
    }
  }
}
