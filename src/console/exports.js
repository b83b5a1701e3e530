// A transcript as text, subtitles or JSON.

import { save } from "./dom.js";

const LINE_CHARS = 42;
const CUE_SECONDS = 7;

/** A line for each segment; with its speaker where it has one. */
export const textOf = ({segments}) => segments.map(({text, speaker}) => speaker ? `${speaker}: ${text.trim()}` : text.trim()).join("\n");

/** Cues of at most two lines and seven seconds; they end with sentences where that fits. */
export function cuesOf({segments}) {
  const cues = [];
  for (const {start, end, text, words, speaker} of segments) {
    let open = null;
    const parts = words?.length ? pieces(text, words).filter(piece => piece.word) : [{text, word: {start, end}}];
    for (const {text: piece, word} of parts) {
      const isFull = open && (open.text.length + piece.trimEnd().length > 2 * LINE_CHARS || word.end - open.start > CUE_SECONDS);
      const isSentence = open && /[.!?。！？]["”’)]?\s*$/.test(open.text) && open.text.length > LINE_CHARS;
      if (!open || isFull || isSentence) cues.push(open = {start: word.start, end: word.end, text: "", speaker});
      open.text += piece;
      open.end = word.end;
    }
  }
  return cues.map(cue => ({...cue, text: wrapped(cue.text.trim())}));
}

/** A text on two lines of about the same length, if it is too long for one. */
function wrapped(text) {
  if (text.length <= LINE_CHARS) return text;
  const spaces = [...text.matchAll(/ /g)].map(({index}) => index).filter(at => at <= LINE_CHARS && text.length - at - 1 <= LINE_CHARS);
  const best = spaces.sort((a, b) => Math.abs(a - text.length / 2) - Math.abs(b - text.length / 2))[0];
  return best === undefined ? text : `${text.slice(0, best)}\n${text.slice(best + 1)}`;
}

function stamp(seconds, mark) {
  const ms = Math.round(seconds * 1000);
  const two = number => String(Math.floor(number)).padStart(2, "0");
  return `${two(ms / 3_600_000)}:${two(ms / 60_000 % 60)}:${two(ms / 1000 % 60)}${mark}${String(ms % 1000).padStart(3, "0")}`;
}

const srtOf = told => cuesOf(told).map((cue, at) => `${at + 1}\n${stamp(cue.start, ",")} --> ${stamp(cue.end, ",")}\n${cue.text}\n`).join("\n");
const vttOf = told => `WEBVTT\n\n${cuesOf(told).map(cue => {
  const voice = cue.speaker ? `<v ${cue.speaker.replace(/[<>&\n]/g, " ")}>` : "";
  const text = cue.text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return `${stamp(cue.start, ".")} --> ${stamp(cue.end, ".")}\n${voice}${text}\n`;
}).join("\n")}`;

/** Formats by the ends of their files' names. */
export const EXPORTS = {
  txt: [textOf, "text/plain"],
  srt: [srtOf, "application/x-subrip"],
  vtt: [vttOf, "text/vtt"],
  json: [told => JSON.stringify(told, null, 2), "application/json"],
};

export function exportAs(told, format, name) {
  const [write, type] = EXPORTS[format];
  save(new Blob([write(told)], {type}), `${name}.${format}`);
}

/** A segment's text cut at its words: parts with their word, and without one what stands before the first. Each part has the marks
 * and spaces up to the next word. */
export function pieces(text, words) {
  const made = [];
  let at = 0;
  for (const word of words) {
    const said = word.word.trim();
    const found = text.indexOf(said, at);
    if (!said || found < 0) continue;
    if (found > at) {
      if (made.length) made.at(-1).text += text.slice(at, found);
      else made.push({text: text.slice(at, found), word: null});
    }
    made.push({text: said, word});
    at = found + said.length;
  }
  if (made.length) made.at(-1).text += text.slice(at);
  return made.length ? made : [{text, word: null}];
}
