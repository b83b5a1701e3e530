// Calls the server by Vercel's AI SDK (`ai`, `@ai-sdk/openai` with a base URL): speech, transcription whole and as a stream, errors.

import {createOpenAI} from "@ai-sdk/openai";
import {APICallError, experimental_streamTranscribe as streamTranscribe, generateSpeech, transcribe} from "ai";
import {ANSWERED, Checks, RATE, SAID, joined, samples, told} from "./checks.mjs";

const STEP_BYTES = RATE / 10;
const checks = new Checks();
const openai = createOpenAI({baseURL: `${told("VOCABOX_BASE")}/v1`, apiKey: told("VOCABOX_KEY")});

async function speech() {
  const speak = async (body, model = "tts-1") => (await generateSpeech({model: openai.speech(model), text: SAID, ...body})).audio;
  const plain = await speak({});
  checks.that("speech is mp3", plain.mediaType === "audio/mpeg" && plain.format === "mp3", [plain.mediaType, plain.format]);
  const heard = await transcribe({model: openai.transcription("whisper-1"), audio: plain.uint8Array});
  checks.heard("transcription of it", heard.text);
  for (const [outputFormat, mediaType] of Object.entries({opus: "audio/ogg", aac: "audio/aac", flac: "audio/flac", wav: "audio/wav"})) {
    const made = await speak({outputFormat, voice: "nova", speed: 1.1, instructions: "Be kind."}, "gpt-4o-mini-tts");
    const length = made.uint8Array.length;
    checks.that(`speech as ${outputFormat}`, length > 10_000 && made.mediaType === mediaType, [made.mediaType, length]);
  }
  return [plain, await speak({outputFormat: "wav"}), await speak({outputFormat: "wav", text: ANSWERED, voice: "am_adam"})];
}

async function transcriptions(mp3, said, talk) {
  const hear = (model, audio, options) =>
    transcribe({model: openai.transcription(model), audio, providerOptions: {openai: options ?? {}}});
  const whole = await hear("whisper-1", said);
  checks.heard("transcription by whisper-1", whole.text);
  checks.that("its language is a code", whole.language === "en", whole.language);
  checks.that("its length", whole.durationInSeconds > 3 && whole.durationInSeconds < 9, whole.durationInSeconds);
  const [segment] = whole.segments;
  checks.that("its segments", segment.text.length > 5 && segment.endSecond > segment.startSecond, whole.segments);
  const worded = await transcribe({model: openai.transcription("whisper-1"), audio: said, timestampGranularities: ["word"]});
  checks.that("times of words", worded.words.length > 8 && worded.words[1].startSecond >= worded.words[0].endSecond, worded.words);
  const based = await hear("gpt-4o-mini-transcribe", mp3.base64, {language: "en", prompt: "Metals.", temperature: 0});
  checks.heard("transcription of base64", based.text);
  const guided = await hear("gpt-transcribe", said, {languages: ["en"], keywords: ["copper", "iron"]});
  checks.heard("transcription with keywords", guided.text);
  const diarized = await hear("gpt-4o-transcribe-diarize", talk);
  const speakers = diarized.providerMetadata.openai.segments.map(({speaker}) => speaker);
  checks.that("speakers", speakers[0] === "A" && speakers.at(-1) === "B", speakers);
  const strategy = {chunkingStrategy: {type: "server_vad", threshold: 0.5, silenceDurationMs: 300}};
  checks.heard("transcription with a strategy of chunks", (await hear("gpt-4o-transcribe", said, strategy)).text);
}

/** Transcription over the realtime endpoint: sound as a stream, one commit at its end. */
async function streamed(said) {
  const pcm = samples(said);
  for (const model of ["gpt-realtime-whisper", "gpt-transcribe"]) {
    const audio = new ReadableStream({
      start(controller) {
        for (let at = 0; at < pcm.length; at += STEP_BYTES) controller.enqueue(pcm.subarray(at, at + STEP_BYTES));
        controller.close();
      },
    });
    const result = streamTranscribe({
      model: openai.transcription(model),
      audio,
      inputAudioFormat: {type: "audio/pcm", rate: RATE},
      providerOptions: {openai: {language: "en"}},
    });
    const parts = [];
    for await (const part of result.fullStream) parts.push(part);
    const deltas = parts.filter(({type}) => type === "transcript-delta").map(({delta}) => delta);
    checks.heard(`stream by ${model}`, await result.text);
    checks.heard("its deltas", deltas.join(""));
  }
}

async function errors(said) {
  const speak = (body) => generateSpeech({model: openai.speech("tts-1"), text: SAID, maxRetries: 0, ...body});
  const wrong = createOpenAI({baseURL: `${told("VOCABOX_BASE")}/v1`, apiKey: "sk-wrong"});
  const unauthorized = () => generateSpeech({model: wrong.speech("tts-1"), text: SAID});
  await checks.throws("a wrong key", APICallError, unauthorized, (error) => error.statusCode === 401 && !error.isRetryable);
  const unknown = (error) => error.statusCode === 400 && error.data.error.param === "voice" && error.message === error.data.error.message;
  await checks.throws("an unknown voice", APICallError, () => speak({voice: "nothing"}), unknown);
  const hear = (audio) => transcribe({model: openai.transcription("whisper-1"), audio, maxRetries: 0});
  await checks.throws("no recording", APICallError, () => hear(Buffer.from("no sound")), (error) => error.statusCode === 400);
  const silence = joined(Buffer.concat([said.subarray(0, 44), Buffer.alloc(RATE * 2)]));
  checks.that("silence is an empty text", (await hear(silence)).text === "");
  const abortSignal = AbortSignal.timeout(1);
  await checks.throws("a timeout", Error, () => speak({abortSignal}), (error) => /Abort|Timeout/.test(error.name));
}

const [mp3, first, second] = await speech();
const said = Buffer.from(first.uint8Array);
await transcriptions(mp3, said, joined(said, Buffer.from(second.uint8Array)));
await streamed(said);
await errors(said);
checks.end("Vercel's AI SDK");
