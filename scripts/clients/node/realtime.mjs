// Realtime transcription by the clients of OpenAI's package: the one over `ws`, and the one over the WebSocket of browsers, which
// sends the key as a subprotocol. Both speak only wss, so this program stands before the server with TLS, as a proxy does.

import fs from "node:fs";
import net from "node:net";
import tls from "node:tls";
import {OpenAIRealtimeWS} from "openai/realtime/ws";
import {OpenAIRealtimeWebSocket} from "openai/realtime/websocket";
import {ANSWERED, Checks, RATE, SAID, samples, told} from "./checks.mjs";
import {clientOf} from "./client.mjs";

const STEP_BYTES = RATE / 10;
const checks = new Checks();

/** A proxy with TLS before the server; resolves to it once it listens. */
async function proxy() {
  const {hostname, port} = new URL(told("VOCABOX_BASE"));
  const certificate = fs.readFileSync(told("VOCABOX_CERTIFICATE"));
  const server = tls.createServer({key: certificate, cert: certificate}, (client) => {
    const upstream = net.connect(Number(port), hostname);
    client.pipe(upstream).pipe(client);
    for (const [one, other] of [[client, upstream], [upstream, client]]) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  return server;
}

/** A connection whose events can be awaited. */
class Session {
  events = [];
  #waiting = [];

  constructor(connection) {
    this.connection = connection;
    connection.on("event", (event) => this.#note(event));
    connection.on("error", (error) => this.#note({type: "failed", error}));
  }

  #note(event) {
    this.events.push(event);
    this.#waiting = this.#waiting.filter((look) => !look());
  }

  /** Event `number` of `type`; any error of the connection or the server rejects, unless it is awaited. */
  until(type, number = 1) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.all(type)[number - 1];
        const failed = this.events.find((event) => event.type === "failed");
        if (found) resolve(found);
        else if (failed) reject(failed.error);
        return Boolean(found ?? failed);
      };
      if (!look()) this.#waiting.push(look);
    });
  }

  all(type) {
    return this.events.filter((event) => event.type === type);
  }

  update(input) {
    this.connection.send({type: "session.update", session: {type: "transcription", audio: {input}}});
  }

  append(pcm) {
    for (let at = 0; at < pcm.length; at += STEP_BYTES) {
      const audio = pcm.subarray(at, at + STEP_BYTES).toString("base64");
      this.connection.send({type: "input_audio_buffer.append", audio});
    }
  }
}

const client = clientOf();
const server = await proxy();
const secured = clientOf({baseURL: `https://localhost:${server.address().port}/v1`});
const speak = async (input, voice) => {
  const answer = await client.audio.speech.create({model: "tts-1", voice, input, response_format: "wav"});
  return samples(Buffer.from(await answer.arrayBuffer()));
};
const said = await speak(SAID, "alloy");
const answered = await speak(ANSWERED, "am_adam");
const format = {type: "audio/pcm", rate: RATE};
const TRANSCRIPTION = "conversation.item.input_audio_transcription";

{
  const session = new Session(new OpenAIRealtimeWS({intent: "transcription"}, secured));
  const created = await session.until("session.created");
  checks.that("ws: a session is created", created.session.type === "transcription", created);
  // A model of OpenAI's that knows no turns.
  session.update({format, transcription: {model: "gpt-realtime-whisper", language: "en"}});
  const updated = await session.until("session.updated");
  const {input} = updated.session.audio;
  checks.that("ws: it is changed", input.turn_detection === null && input.transcription.language === "en", updated);
  session.append(said);
  session.connection.send({type: "input_audio_buffer.commit"});
  const completed = await session.until(`${TRANSCRIPTION}.completed`);
  checks.heard("ws: a commit is transcribed", completed.transcript);
  checks.that("ws: its usage", completed.usage.type === "duration" && completed.usage.seconds >= 3, completed);
  const item = await session.until("conversation.item.added");
  checks.that("ws: its item", item.item.id === completed.item_id && item.item.role === "user", item);
  session.connection.send({type: "input_audio_buffer.clear"});
  await session.until("input_audio_buffer.cleared");
  session.connection.send({type: "input_audio_buffer.commit"});
  const error = await session.until("error");
  checks.that("ws: an empty commit is an error", error.error.type === "invalid_request_error", error);
  const closed = new Promise((closes) => session.connection.socket.on("close", closes));
  session.connection.close({code: 1000, reason: "done"});
  checks.that("ws: it is closed", (await closed) === 1000);
}
{
  const session = new Session(new OpenAIRealtimeWebSocket({intent: "transcription"}, secured));
  await session.until("session.created");
  checks.that("WebSocket: the key is not repeated", session.connection.socket.protocol === "realtime", session.connection.socket.protocol);
  const turns = {type: "server_vad", threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 400};
  session.update({format, transcription: {model: "whisper-1", language: "en"}, turn_detection: turns});
  await session.until("session.updated");
  const pause = Buffer.alloc(RATE * 2);
  session.append(Buffer.concat([said, pause, answered, pause]));
  checks.heard("WebSocket: the first utterance", (await session.until(`${TRANSCRIPTION}.completed`)).transcript);
  checks.heard("WebSocket: the second utterance", (await session.until(`${TRANSCRIPTION}.completed`, 2)).transcript, ANSWERED);
  const turned = ["started", "stopped"].map((what) => session.all(`input_audio_buffer.speech_${what}`).length);
  checks.that("WebSocket: starts and ends of speech", turned[0] === 2 && turned[1] === 2, turned);
  const deltas = session.all(`${TRANSCRIPTION}.delta`).map(({delta}) => delta).join("");
  checks.heard("WebSocket: deltas", deltas, `${SAID} ${ANSWERED}`);
  session.connection.close();
}
{
  const session = new Session(new OpenAIRealtimeWS({intent: "transcription"}, clientOf({apiKey: "sk-wrong", baseURL: secured.baseURL})));
  await checks.throws("ws: a wrong key", Error, () => session.until("session.created"), (error) => error.message.includes("401"));
}
server.close();
server.unref();
checks.end("realtime transcription");
