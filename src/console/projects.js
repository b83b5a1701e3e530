// Dubbing projects: what is edited, and the film, in the browser's own database, so that a reload loses nothing.

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

/** The projects of this browser, the newest first; none where it keeps nothing, as in some private windows. */
export async function projects() {
  try {
    return (await run("readonly", store => store.getAll())).sort((a, b) => b.at - a.at);
  } catch {
    return [];
  }
}

/** Keeps a project; without its film where the browser has no room for that. */
export async function keepProject(project) {
  try {
    await run("readwrite", store => store.put(project));
  } catch {
    await run("readwrite", store => store.put({...project, file: null})).catch(() => {});
  }
}

export const dropProject = id => run("readwrite", store => store.delete(id)).catch(() => {});
export const forgetProjects = () => run("readwrite", store => store.clear()).catch(() => {});
