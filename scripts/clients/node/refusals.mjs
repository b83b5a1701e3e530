// OpenAI's package with a server that has a single place in its queue, and no packs that transcribe.

import OpenAI, {toFile} from "openai";
import {Checks} from "./checks.mjs";
import {answers, clientOf} from "./client.mjs";

const checks = new Checks();

const speak = async () => {
  const answer = await clientOf({maxRetries: 30}).audio.speech.create({model: "tts-1", voice: "alloy", input: "Hello there."});
  return (await answer.arrayBuffer()).byteLength;
};
const lengths = await Promise.all(Array.from({length: 5}, speak));
checks.that("a full queue, tried again", lengths.every((length) => length > 1000) && answers.length > 5, [lengths, answers]);
const refused = answers.filter(({status}) => status !== 200);
checks.that("each refusal is 503 and tells when to come again", refused.every(({status, after, ms}) => status === 503 && after > 0 && ms > 0), refused);

const before = answers.length;
const hear = async () =>
  clientOf({maxRetries: 2}).audio.transcriptions.create({model: "whisper-1", file: await toFile(Buffer.from("RIFF"), "speech.wav")});
await checks.throws("no engine", OpenAI.InternalServerError, hear, (error) => error.status === 503);
checks.that("it is not tried again", answers.length === before + 1, answers.slice(before));
checks.end("refusals");
