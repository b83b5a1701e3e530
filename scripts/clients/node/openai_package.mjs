// Calls the server by OpenAI's own package for Node as programs call OpenAI's, and checks what each call does.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import OpenAI, {toFile} from "openai";
import {ANSWERED, Checks, SAID, joined, samples, told} from "./checks.mjs";
import {answers, clientOf, patient} from "./client.mjs";

const checks = new Checks();
const wav = (bytes) => toFile(bytes, "speech.wav");

async function bytes(answer) {
  return Buffer.from(await (await answer).arrayBuffer());
}

async function collected(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** Speech in all formats, whole and streamed; returns that of SAID and of ANSWERED as WAV. */
async function speech(client) {
  const speak = (body) => client.audio.speech.create({model: "tts-1", voice: "alloy", input: SAID, ...body});
  const made = {};
  for (const [format, magic] of Object.entries({wav: "RIFF", mp3: "\xff", opus: "OggS", aac: "\xff", flac: "fLaC", pcm: ""})) {
    made[format] = await bytes(speak({response_format: format}));
    const starts = made[format].toString("latin1", 0, magic.length) === magic;
    checks.that(`speech as ${format}`, starts && made[format].length > 10_000, made[format].length);
    if (!["wav", "pcm"].includes(format)) {
      const file = await toFile(made[format], `a.${format}`);
      checks.heard(`transcription of ${format}`, (await client.audio.transcriptions.create({model: "whisper-1", file})).text);
    }
  }
  checks.that("pcm is the WAV without its head", samples(made.wav).equals(made.pcm));
  const plain = await speak({model: "gpt-4o-mini-tts", voice: "nova", input: "Hello.", instructions: "Be kind."});
  checks.that("speech without a format is mp3", plain.headers.get("content-type") === "audio/mpeg", [...plain.headers]);
  const {data, request_id: id} = await speak({input: "Hello.", response_format: "flac"}).withResponse();
  checks.that("speech with its request's id", id && (await data.blob()).type === "audio/flac", id);
  const [slow, fast] = [
    await bytes(speak({voice: "onyx", input: "Hello there.", speed: 0.25, response_format: "pcm"})),
    await bytes(speak({voice: "onyx", input: "Hello there.", speed: 4, response_format: "pcm"})),
  ].map((sound) => sound.length);
  checks.that("speech at 0.25", slow > 24_000, slow);
  checks.that("speech at 4", fast * 8 < slow, [slow, fast]);
  const custom = await bytes(speak({voice: {id: "af_heart"}, input: "Hello.", response_format: "wav"}));
  checks.that("speech by a voice with an id", custom.toString("latin1", 0, 4) === "RIFF", custom.length);

  const long = await speak({input: `${SAID} ${ANSWERED}`, response_format: "pcm"});
  let parts = 0;
  let length = 0;
  for await (const part of long.body) [parts, length] = [parts + 1, length + part.length];
  checks.that("speech sent while it is made", parts > 1 && length > 200_000 && length % 2 === 0, [parts, length]);
  const body = await (await speak({model: "gpt-4o-mini-tts", response_format: "pcm", stream_format: "sse"})).text();
  const events = body.split("\n\n").filter(Boolean).map((event) => JSON.parse(event.replace(/^data: /, "")));
  const deltas = events.filter(({type}) => type === "speech.audio.delta");
  const sound = Buffer.concat(deltas.map(({audio}) => Buffer.from(audio, "base64")));
  checks.that("speech as events", sound.equals(made.pcm), [events.length, sound.length, made.pcm.length]);
  const {type, usage} = events.at(-1);
  checks.that("its last event", type === "speech.audio.done" && usage.total_tokens > usage.output_tokens, events.at(-1));
  return [made.wav, await bytes(speak({voice: "am_adam", input: ANSWERED, response_format: "wav"}))];
}

async function models(client) {
  const ids = (await client.models.list()).data.map((model) => model.id);
  checks.that("models", ["kokoro", "tts-1", "whisper-1"].every((id) => ids.includes(id)), ids);
  const paged = (await collected(client.models.list())).length;
  checks.that("models, page by page", paged === ids.length, paged);
  checks.that("one model", (await client.models.retrieve("whisper-1")).id === "whisper-1");
  await checks.throws("no such model", OpenAI.NotFoundError, () => client.models.retrieve("nothing"), (error) => error.status === 404);
}

/** Transcriptions in all formats, from all kinds of files that the package takes. */
async function transcriptions(client, said, talk) {
  const hear = (body) => client.audio.transcriptions.create({model: "whisper-1", ...body});
  const plain = await hear({file: await wav(said)});
  checks.heard("transcription", plain.text);
  checks.that("its request's id", plain._request_id, plain._request_id);
  checks.that("its usage", plain.usage.type === "duration" && plain.usage.seconds >= 3, plain.usage);
  checks.that("its languages", plain.languages.length === 1 && plain.languages[0].code === "en", plain.languages);

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "vocabox-"));
  try {
    fs.writeFileSync(path.join(folder, "a.wav"), said);
    checks.heard("transcription of a file's stream", (await hear({file: fs.createReadStream(path.join(folder, "a.wav"))})).text);
  } finally {
    fs.rmSync(folder, {recursive: true});
  }
  checks.heard("transcription of a File", (await hear({file: new File([said], "a.wav")})).text);
  const answer = await client.audio.speech.create({model: "tts-1", voice: "alloy", input: SAID});
  checks.heard("transcription of an answer of speech", (await hear({file: answer})).text);

  for (const [format, mark] of Object.entries({text: "opper", srt: " --> ", vtt: "WEBVTT"})) {
    const text = await hear({file: await wav(said), response_format: format, language: "en-US"});
    checks.that(`transcription as ${format}`, typeof text === "string" && text.includes(mark), text);
  }
  const verbose = await hear({
    file: await wav(said),
    response_format: "verbose_json",
    timestamp_granularities: ["word", "segment"],
    temperature: 0,
  });
  checks.that("transcription as verbose_json", verbose.language === "english" && verbose.duration > 3 && verbose.duration < 9, verbose);
  checks.that("its words", verbose.words.length > 8 && verbose.words[0].start < verbose.words[0].end, verbose.words);
  const [segment] = verbose.segments;
  checks.that("its segments", segment.tokens.length && segment.avg_logprob < 0 && segment.compression_ratio > 0, segment);
  const scored = await hear({model: "gpt-4o-transcribe", file: await wav(said), include: ["logprobs"], prompt: "Metals."});
  const spelt = Buffer.from(scored.logprobs.flatMap((token) => token.bytes)).toString().trim();
  checks.that("transcription with logprobs", spelt === scored.text, spelt);
  const guided = await hear({
    model: "gpt-transcribe",
    file: await wav(said),
    languages: ["en"],
    keywords: ["copper", "iron"],
    temperature: 0.2,
  });
  checks.heard("transcription with languages, keywords and a temperature", guided.text);

  const diarize = async (body) => {
    const file = await wav(talk);
    return hear({model: "gpt-4o-transcribe-diarize", file, response_format: "diarized_json", chunking_strategy: "auto", ...body});
  };
  const turns = (await diarize()).segments.map(({speaker}) => speaker);
  checks.that("transcription as diarized_json", turns[0] === "A" && turns.at(-1) === "B", turns);
  const known = await diarize({
    chunking_strategy: {type: "server_vad", threshold: 0.5},
    known_speaker_names: ["Sarah"],
    known_speaker_references: [`data:audio/wav;base64,${said.toString("base64")}`],
  });
  const names = known.segments.map(({speaker}) => speaker);
  checks.that("transcription with a known speaker", names[0] === "Sarah" && names.at(-1) === "A", names);
}

/** Transcriptions as events. */
async function streams(client, said, talk) {
  const hear = async (body, file = said) => client.audio.transcriptions.create({file: await wav(file), stream: true, ...body});
  const events = await collected(await hear({model: "gpt-4o-mini-transcribe", language: "en"}));
  const deltas = events.filter(({type}) => type === "transcript.text.delta").map(({delta}) => delta);
  checks.that("transcription as events", events.at(-1).type === "transcript.text.done" && deltas.join("") === events.at(-1).text, events);
  checks.heard("its text", events.at(-1).text);
  const diarized = await collected(await hear({model: "gpt-4o-transcribe-diarize", response_format: "diarized_json"}, talk));
  const turns = diarized.filter(({type}) => type === "transcript.text.segment").map(({speaker}) => speaker);
  checks.that("diarized events", turns[0] === "A" && turns.at(-1) === "B", turns);
  const left = await hear({model: "whisper-1"}, talk);
  for await (const event of left) {
    checks.that("a stream that is left after its first event", event.type === "transcript.text.delta", event);
    break;
  }
  checks.that("leaving it ends its request", left.controller.signal.aborted);
}

/** Translations in all formats. */
async function translations(client) {
  const body = {model: "tts-1", voice: "ef_dora", input: "El tren sale a las ocho de la mañana.", response_format: "wav"};
  const spanish = await bytes(client.audio.speech.create(body));
  const translate = async (more) => client.audio.translations.create({model: "whisper-1", file: await wav(spanish), ...more});
  const {text} = await translate();
  checks.that("translation", /eight|8/i.test(text), text);
  const verbose = await translate({response_format: "verbose_json"});
  checks.that("translation as verbose_json", verbose.language === "english" && verbose.segments.length, verbose);
  for (const format of ["text", "srt", "vtt"]) {
    const written = await translate({response_format: format});
    checks.that(`translation as ${format}`, typeof written === "string" && /train/i.test(written), written);
  }
}

/** Errors, each as the package's own class. */
async function errors(client, said) {
  const speak = (body, options) => client.audio.speech.create({model: "tts-1", voice: "alloy", input: "a", ...body}, options);
  const hear = async (body) => client.audio.transcriptions.create({model: "whisper-1", file: await wav(said), ...body});
  const wrong = clientOf({apiKey: "sk-wrong"});
  await checks.throws("a wrong key", OpenAI.AuthenticationError, () => wrong.models.list(), (e) => e.code === "invalid_api_key");
  for (const [call, param, ask] of [
    ["a blank text", "input", () => speak({input: " "})],
    ["an unknown voice", "voice", () => speak({voice: "nothing"})],
    ["a wrong speed", "speed", () => speak({speed: 9})],
    ["a wrong format", "response_format", () => hear({response_format: "docx"})],
    ["a wrong temperature", "temperature", () => hear({temperature: 3})],
    ["a wrong language", "language", () => hear({language: "klingon"})],
    ["an empty file", "file", async () => hear({file: await wav(Buffer.alloc(0))})],
  ]) {
    await checks.throws(call, OpenAI.BadRequestError, ask, (error) => error.param === param && error.requestID);
  }
  const noise = async () => hear({file: await wav(Buffer.from("no sound"))});
  await checks.throws("no recording", OpenAI.BadRequestError, noise, (error) => error.type === "invalid_request_error");
  const nowhere = clientOf({baseURL: `${told("VOCABOX_BASE")}/v1/v1`, maxRetries: 0});
  await checks.throws("a wrong base address", OpenAI.NotFoundError, () => nowhere.models.list(), (error) => error.message.length > 20);
  await checks.throws("a timeout", OpenAI.APIConnectionTimeoutError, () => speak({input: SAID}, {timeout: 1, maxRetries: 0}));

  const leaving = new AbortController();
  const asked = speak({input: SAID}, {signal: leaving.signal});
  leaving.abort();
  await checks.throws("an abort before the answer", OpenAI.APIUserAbortError, () => asked);
  const during = new AbortController();
  const begun = await speak({input: `${SAID} ${ANSWERED}`, response_format: "pcm"}, {signal: during.signal});
  const read = async () => {
    for await (const _ of begun.body) during.abort();
  };
  await checks.throws("an abort of a stream", Error, read, (error) => error.name === "AbortError");
}

/** Refusals that pass by themselves: the key has 30 calls a minute, one each 2 s. */
async function retries() {
  const apiKey = told("VOCABOX_HASTY_KEY");
  const eager = clientOf({apiKey, maxRetries: 0});
  let refusal;
  for (let call = 0; call < 100 && !(Number(refusal?.headers?.get("retry-after-ms")) > 1000); call += 1) {
    refusal = await eager.models.list().catch((error) => error);
  }
  await checks.throws("too many calls", OpenAI.RateLimitError, () => Promise.reject(refusal), (error) => error.code === "rate_limit_exceeded");
  const before = answers.length;
  const listed = await clientOf({apiKey, maxRetries: 4}).models.list();
  const tries = answers.slice(before);
  checks.that("too many calls, tried again", listed.data.length > 0 && tries.length > 1 && tries[0].status === 429, tries);
  checks.that("not sooner than the refusal told", patient(tries), tries);
}

const client = clientOf();
const [said, answered] = await speech(client);
const talk = joined(said, answered);
await models(client);
await transcriptions(client, said, talk);
await streams(client, said, talk);
await translations(client);
await errors(client, said);
await retries();
checks.end("OpenAI's package");
