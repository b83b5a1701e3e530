// Sound that this page still has: what was spoken and heard since it was opened, by the id of the history item. The server keeps none.

import { events } from "./api.js";

const BYTES_MAX = 256 * 1024 * 1024;
const kept = new Map();

/** Keeps a sound; the oldest go when all have more than 256 MiB. */
export function keep(id, blob) {
  kept.set(id, blob);
  let bytes = [...kept.values()].reduce((sum, each) => sum + each.size, 0);
  for (const [oldest, each] of kept) {
    if (bytes <= BYTES_MAX || kept.size === 1) break;
    kept.delete(oldest);
    bytes -= each.size;
  }
}

export const keptSound = id => kept.get(id) ?? null;
export const forget = id => kept.delete(id);
events.addEventListener("forget", () => kept.clear());
