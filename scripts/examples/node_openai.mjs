#!/usr/bin/env node
// Speaks a sentence and has it transcribed, with OpenAI's package.

import OpenAI, {toFile} from "openai";

const client = new OpenAI({baseURL: `${process.env.VOCABOX_BASE}/v1`, apiKey: process.env.VOCABOX_KEY});

const speech = await client.audio.speech.create({model: "tts-1", voice: "nova", input: "Good morning from this machine."});
const file = await toFile(Buffer.from(await speech.arrayBuffer()), "speech.mp3");
const heard = await client.audio.transcriptions.create({model: "whisper-1", file, language: "en"});
console.log(heard.text);
