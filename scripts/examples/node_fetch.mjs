#!/usr/bin/env node
// Speaks a sentence and has it transcribed, with Node's own fetch.

const {VOCABOX_BASE: base, VOCABOX_KEY: key} = process.env;
const headers = {Authorization: `Bearer ${key}`};

async function ask(path, options) {
  const answer = await fetch(base + path, options);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${(await answer.json()).detail}`);
  return answer;
}

const speech = await ask("/voice/tts", {
  method: "POST",
  headers: {...headers, "Content-Type": "application/json"},
  body: JSON.stringify({text: "Good morning from this machine.", voice_id: "af_heart"}),
});
const form = new FormData();
form.append("file", await speech.blob(), "speech.wav");
form.append("language", "en");
const heard = await ask("/voice/stt", {method: "POST", headers, body: form});
console.log((await heard.json()).transcript);
