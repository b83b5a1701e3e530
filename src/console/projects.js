// Dubbing projects: what is edited, and the film, in the browser's own database, so that a reload loses nothing.

import { ownKey } from "./api.js";

const STORE = "projects";
let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("vocabox", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, {keyPath: "id"});
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function run(mode, ask) {
  const store = (await database()).transaction(STORE, mode).objectStore(STORE);
  return new Promise((resolve, reject) => {
    const request = ask(store);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** What tells a key's projects from another key's: 32 bits (FNV-1a), from which no key can be found. */
function markOfKey() {
  let hash = 0x811c9dc5;
  for (const letter of ownKey()) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}

/** The projects of this browser and this key, the newest first; none where it keeps nothing, as in some private windows. */
export async function projects() {
  try {
    const mark = markOfKey();
    return (await run("readonly", store => store.getAll())).filter(project => project.mark === mark).sort((a, b) => b.at - a.at);
  } catch {
    return [];
  }
}

/** Keeps a project; without its film where the browser has no room for that. */
export async function keepProject(project) {
  project = {...project, mark: markOfKey()};
  try {
    await run("readwrite", store => store.put(project));
  } catch {
    await run("readwrite", store => store.put({...project, file: null})).catch(() => {});
  }
}

export const dropProject = id => run("readwrite", store => store.delete(id)).catch(() => {});
export const forgetProjects = () => run("readwrite", store => store.clear()).catch(() => {});
