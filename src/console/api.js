// The client of the API: the key, requests, errors, what is left of the key's minute.

/** The server's root, which may be below a path of a proxy. */
export const BASE = new URL("../", import.meta.url);

/** Events: `limits` after an answer to the key, `denied` when the key or the operator's is refused, `forget` when the page has no key any more and
 * what it did with it has to go, `down` when the server does not answer. */
export const events = new EventTarget();

/** What is left of the key's minute, as the last answer told; null before one did. */
export let limits = null;

const KEY = "vocabox-key";
const OPERATOR_KEY = "vocabox-operator-key";
let key = sessionStorage.getItem(KEY);
let operatorKey = sessionStorage.getItem(OPERATOR_KEY);

export const signedIn = () => key !== null;
export const ownKey = () => key;
export const isOperator = () => operatorKey !== null;

/** Keeps the operator's key until the tab is closed; null forgets it. */
export function setOperatorKey(given) {
  operatorKey = given;
  if (given === null) sessionStorage.removeItem(OPERATOR_KEY);
  else sessionStorage.setItem(OPERATOR_KEY, given);
}

export function setKey(given) {
  key = given;
  limits = null;
  if (given !== null) {
    sessionStorage.setItem(KEY, given);
    return;
  }
  sessionStorage.removeItem(KEY);
  events.dispatchEvent(new Event("forget"));
}

/** An answer that is an error: the API's sentence, the field that the envelope names, and seconds after which to try again. */
export class ApiError extends Error {
  constructor(status, sentence, field, retryAfterS) {
    super(sentence);
    Object.assign(this, {status, field, retryAfterS});
  }
}

/** The server did not answer. */
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer. It may have been stopped, or the network is down.");
  }
}

function unreachable() {
  events.dispatchEvent(new Event("down"));
  return new Unreachable();
}

function note(header) {
  const [limit, remaining, reset] = ["Limit", "Remaining", "Reset"].map(name => header(`X-RateLimit-${name}`));
  if (limit === null) return;
  limits = {limit: +limit, remaining: +remaining, resetS: +reset, at: Date.now()};
  events.dispatchEvent(new Event("limits"));
}

function fault(status, body, header, asOperator = false) {
  let told = {};
  try { told = JSON.parse(body); } catch { /* A proxy's page. */ }
  const sentence = told.detail ?? told.error?.message ?? `The server answered with the status ${status}.`;
  const retry = header("Retry-After");
  const made = new ApiError(status, sentence, told.error?.param ?? null, retry === null ? null : +retry);
  if (status === 401) events.dispatchEvent(new CustomEvent("denied", {detail: {sentence, asOperator}}));
  return made;
}

const authorized = (headers, own = key) => own === null ? headers : {...headers, Authorization: `Bearer ${own}`};

/** Calls an endpoint; returns its answer. Throws an ApiError, Unreachable, or an AbortError where `signal` ended it. */
export async function call(path, {method = "GET", json, form, signal, query, asOperator = false} = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(query ?? {})) if (value !== "" && value !== null) url.searchParams.set(name, value);
  const headers = authorized(json === undefined ? {} : {"Content-Type": "application/json"}, asOperator ? operatorKey : key);
  let answer;
  try {
    answer = await fetch(url, {method, headers, signal, body: json === undefined ? form : JSON.stringify(json), cache: "no-store"});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  const header = name => answer.headers.get(name);
  note(header);
  if (!answer.ok) throw fault(answer.status, await answer.text(), header, asOperator);
  return answer;
}

export const ask = async (path, options) => (await call(path, options)).json();
export const askAsOperator = (path, options) => ask(path, {...options, asOperator: true});
export const blobOf = async (path, options) => (await call(path, options)).blob();

/** The data of the events of an answer, as they arrive. Throws an ApiError where one tells a fault. */
export async function* eventsOf(answer) {
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  let text = "";
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    const whole = (text + decoder.decode(value, {stream: true})).split("\n\n");
    text = whole.pop();
    for (const event of whole) {
      const told = JSON.parse(event.slice("data: ".length));
      if (told.detail) throw new ApiError(answer.status, told.detail, null, null);
      yield told;
    }
  }
}

/** Sends a form by POST; `progress` hears what part of it is sent, from 0 to 1. Returns the JSON of the answer. */
export function upload(path, form, {progress, signal} = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", new URL(path, BASE));
    for (const [name, value] of Object.entries(authorized({}))) request.setRequestHeader(name, value);
    request.upload.onprogress = event => event.lengthComputable && progress?.(event.loaded / event.total);
    request.onload = () => {
      const header = name => request.getResponseHeader(name);
      note(header);
      if (request.status >= 400) reject(fault(request.status, request.responseText, header));
      else resolve(JSON.parse(request.responseText));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** A form's data, without what is absent or empty. */
export function formOf(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) form.append(name, value, value.name ?? `${name}.wav`);
    else if (value !== undefined && value !== null && value !== "") form.append(name, String(value));
  }
  return form;
}

/** Whether the server lives. */
export async function lives() {
  try {
    return (await fetch(new URL("healthz", BASE), {cache: "no-store"})).ok;
  } catch {
    return false;
  }
}
