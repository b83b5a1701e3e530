// A transcript beside its sound: words light up as they are heard, and a click seeks.

import { button, clock, copy, el } from "./dom.js";
import { EXPORTS, exportAs, pieces, textOf } from "./exports.js";
import { WordLight } from "./light.js";

const COLOURS = 8;

/** The class of a speaker's colour, by their place in the list. */
export const speakerClass = (speakers, speaker) => `speaker s${Math.max(0, speakers.indexOf(speaker)) % COLOURS}`;

export const speakersOf = told => told.speakers ?? [...new Set(told.segments.map(({speaker}) => speaker).filter(Boolean))];

/** A transcript of the API as an element; `media` is the audio element of its sound, or null. */
export function transcript(told, media) {
  const marks = [];
  const speakers = speakersOf(told);
  const seek = seconds => {
    if (!media) return;
    media.currentTime = seconds + 0.001;
    media.play().catch(() => {});
  };
  let previous = null;
  const rows = told.segments.map(segment => {
    const name = segment.speaker && segment.speaker !== previous
      && el("span", {class: speakerClass(speakers, segment.speaker)}, el("bdi", {}, segment.speaker));
    previous = segment.speaker;
    const words = pieces(segment.text.trim(), segment.words ?? []).map(({text, word}) => {
      if (!word) return text;
      const said = text.trimEnd();
      const made = el("span", {class: "word", on: {click: () => seek(word.start)}}, said);
      marks.push({start: word.start, end: word.end, made});
      return [made, text.slice(said.length)];
    });
    const at = media ? button(clock(segment.start), () => seek(segment.start), {"aria-label": `Play from ${clock(segment.start)}`})
      : el("span", {class: "hint number"}, clock(segment.start));
    return el("div", {class: "segment"}, at, el("p", {dir: "auto", lang: segment.language}, name, ...words.flat()));
  });
  const root = el("div", {class: "transcript", tabindex: "0", role: "region", "aria-label": "Transcript"}, rows);
  if (media) {
    const light = new WordLight(root, marks, {at: () => media.currentTime, moves: () => !media.paused && !media.ended, ended: () => media.ended});
    for (const event of ["play", "seeked", "pause", "ended"]) media.addEventListener(event, light.show);
  }
  return root;
}

/** Buttons that copy a transcript and save it; `told` returns it. */
export function tools(told, name) {
  return el("div", {class: "row tight", role: "group", "aria-label": "Save the transcript"},
    button("Copy", () => copy(textOf(told())), {icon: "copy"}),
    ...Object.keys(EXPORTS).map(format => button(format.toUpperCase(), () => exportAs(told(), format, name), {icon: "download", "aria-label": `Save as ${format}`})));
}
