// The voices of the server, asked for once, and their previews.

import { ask, blobOf, events } from "./api.js";
import { bytesOf } from "./sound.js";

let catalog = null;

/** Voices and languages: `{voices, languages, reading}`. */
export function voices() {
  catalog ??= ask("voice/voices").then(told => {
    for (const {code, name} of told.languages) names.set(code, name);
    return told;
  }, error => {
    catalog = null;
    throw error;
  });
  return catalog;
}

/** After a voice was made or deleted. */
export const forgetVoices = () => { catalog = null; };

/** The server's names of languages, for those that the browser does not know. */
const names = new Map();

/** The name of a language code, such as `en-gb`. */
export function languageName(code) {
  let name = code;
  try {
    name = new Intl.DisplayNames(["en"], {type: "language"}).of(code.replace("_", "-"));
  } catch { /* Not a code of BCP 47. */ }
  return name === code ? names.get(code) ?? code : name;
}

/** Options of a list of languages, by name. */
export const languageOptions = codes => [...new Set(codes)].map(code => [code, languageName(code)]).sort((a, b) => a[1].localeCompare(b[1]));

const CATEGORIES = {premade: "Stock", vocabusta: "Vocabusta", cloned: "Your clones"};
export const categoryName = category => CATEGORIES[category] ?? category;

/** Only voices of Kokoro can be mixed; a clone is one, but it is not of the pack. */
export const isMixable = voice => voice.engine === "kokoro" && voice.category !== "cloned";

const sound = new Audio();
let playing = null;

/** Plays a sound and stops the one before; `state` hears whether it plays. */
export async function playOne(blob, state) {
  stopOne();
  const url = URL.createObjectURL(blob);
  playing = () => {
    playing = null;
    sound.pause();
    URL.revokeObjectURL(url);
    state(false);
  };
  sound.src = url;
  sound.onended = playing;
  state(true);
  await sound.play().catch(() => playing?.());
}

export const stopOne = () => playing?.();

const previews = new Map();

/** The preview of a voice; the browser keeps it as long as the page. */
export async function preview(voiceId) {
  if (!previews.has(voiceId)) previews.set(voiceId, await blobOf(`voice/voices/${encodeURIComponent(voiceId)}/preview`));
  return previews.get(voiceId);
}

/** Whether a voice can be heard before it speaks. */
export const hasPreview = voice => voice.preview_url !== null && voice.preview_url !== undefined || previews.has(voice.voice_id);

/** Keeps the sample of a clone that was just made, a `data:` URL of base64; returns it. */
export function keepPreview(voiceId, url) {
  const [head, text] = url.split(",");
  const sample = new Blob([bytesOf(text)], {type: head.slice(5).split(";")[0]});
  previews.set(voiceId, sample);
  return sample;
}

export const forgetPreview = voiceId => previews.delete(voiceId);

events.addEventListener("forget", () => {
  stopOne();
  forgetVoices();
  previews.clear();
});
