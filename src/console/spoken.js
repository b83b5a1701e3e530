// A text that is spoken: its words light up as they are heard, and a click on one seeks.

import { el } from "./dom.js";
import { WordLight } from "./light.js";

/** How far ahead a word is looked for, in characters: the voice has left out what is between. */
const AHEAD = 400;

/** What is read of a text: without the tags of SSML and the phonemes of `[word](/phonemes/)`. */
export function read(text) {
  if (!/^\s*<speak[\s>]/.test(text)) return text.replace(/\[([^\][]+)\]\(\/[^/]*\/\)/g, "$1");
  const parsed = new DOMParser().parseFromString(text.trim(), "application/xml");
  return parsed.querySelector("parsererror") ? text : parsed.documentElement.textContent.trim();
}

/** The text of a take that `player` plays; its words are added as the server tells them. */
export class SpokenText {
  #rest;
  #light;

  constructor(text, player) {
    this.#rest = document.createTextNode(read(text));
    this.root = el("div", {class: "spoken", tabindex: "0", role: "region", "aria-label": "Spoken text"}, el("p", {dir: "auto"}, this.#rest));
    this.seek = seconds => {
      player.seek(seconds);
      if (!player.playing) player.play();
    };
    this.#light = new WordLight(this.root, [], {at: () => player.position, moves: () => player.playing, ended: () => player.ended});
    player.addEventListener("state", this.#light.show);
  }

  /** Words in their order, each `{word, start, end}`; one that the text does not have is left out. */
  add(words) {
    for (const {word: said, start, end} of words) {
      const ahead = this.#rest.data.slice(0, AHEAD + said.length);
      // Before a break the server reads a comma that the text does not have.
      const word = ahead.includes(said) ? said : said.replace(/[^\p{L}\p{N}]+$/u, "");
      const at = word ? ahead.indexOf(word) : -1;
      if (at < 0) continue;
      const made = el("span", {class: "word", on: {click: () => this.seek(start + 0.001)}}, word);
      const after = this.#rest.splitText(at);
      after.before(made);
      after.deleteData(0, word.length);
      this.#rest = after;
      this.#light.marks.push({start, end, made});
    }
  }
}
