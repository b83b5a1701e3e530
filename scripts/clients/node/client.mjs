// Clients by OpenAI's package, whose answers are kept.

import OpenAI from "openai";
import {told} from "./checks.mjs";

/** Of each answer so far: its status, `retry-after` (s) and `retry-after-ms`, and when it was asked for and when it came (ms). */
export const answers = [];

/** A client of the server, by default with the server's key. */
export function clientOf(settings = {}) {
  const kept = async (...call) => {
    // By this the package looks whether fetch has FormData.
    if (call[0] === "data:,") return fetch(...call);
    const asked = performance.now();
    const answer = await fetch(...call);
    const {status, headers} = answer;
    answers.push({status, after: Number(headers.get("retry-after")), ms: Number(headers.get("retry-after-ms")), asked, came: performance.now()});
    return answer;
  };
  return new OpenAI({baseURL: `${told("VOCABOX_BASE")}/v1`, apiKey: told("VOCABOX_KEY"), fetch: kept, ...settings});
}

/** Whether each refusal of `some` answers to one call told when to come again, and the client came no sooner. */
export function patient(some) {
  const waits = some.slice(1).map((answer, at) => ({...some[at], waited: answer.asked - some[at].came}));
  // A timer of Node's may end up to 1 ms early.
  return waits.every(({after, ms, waited}) => after > 0 && ms > 0 && waited > ms - 2);
}
