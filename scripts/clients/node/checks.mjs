// What the programs of this folder share: checks of calls, texts compared by words, WAV files.

// Of words of a sentence that is spoken and heard again.
const LIKENESS_MIN = 0.85;
const WAV_HEAD_BYTES = 44;
export const RATE = 24_000;

export const SAID = "Copper conducts heat better than iron does, and iron is harder than copper.";
export const ANSWERED = "The old bridge was closed for repairs until the end of spring, and the ferry was full every day.";

/** The environment variable `name`, which node_packages.py sets. */
export function told(name) {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run scripts/clients/node_packages.py`);
  return value;
}

/** The calls so far. */
export class Checks {
  calls = 0;
  wrong = 0;

  /** Notes a call, and whether it did what it should. */
  that(call, holds, found = "") {
    this.calls += 1;
    if (holds) {
      console.log(`ok     ${call}`);
    } else {
      this.wrong += 1;
      const text = found instanceof Error ? `${found.constructor.name}: ${found.message}` : (JSON.stringify(found) ?? "");
      console.log(`WRONG  ${call}: ${text.slice(0, 300)}`);
    }
  }

  /** Notes a call whose text should be `said`. */
  heard(call, text, said = SAID) {
    this.that(call, likeness(words(text), words(said)) >= LIKENESS_MIN, text);
  }

  /** Notes a call that should throw an error of class `expected`, of which `holds`. */
  async throws(call, expected, ask, holds = () => true) {
    try {
      const answer = await ask();
      this.that(call, false, answer);
    } catch (error) {
      this.that(call, error instanceof expected && holds(error), error);
    }
  }

  /** Prints the count; the process ends with code 1 if a call was wrong. */
  end(name) {
    console.log(`${this.calls} checks of ${name}, ${this.wrong} wrong`);
    process.exitCode = this.wrong ? 1 : 0;
  }
}

function words(text) {
  return text.toLowerCase().match(/[a-z]+/g) ?? [];
}

/** Twice the length of the longest common subsequence divided by the sum of the lengths: 1 for equal lists, 0 for others. */
function likeness(a, b) {
  let row = new Array(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    for (let at = 0; at < b.length; at += 1) {
      next.push(word === b[at] ? row[at] + 1 : Math.max(next[at], row[at + 1]));
    }
    row = next;
  }
  return (2 * row[b.length]) / (a.length + b.length || 1);
}

/** The samples (16 bits, RATE) of a WAV file of the server's speech. */
export function samples(wav) {
  return wav.subarray(WAV_HEAD_BYTES);
}

/** WAV files of the server's speech, one after the other, with half a second after each. */
export function joined(...files) {
  const data = Buffer.concat(files.flatMap((file) => [samples(file), Buffer.alloc(RATE)]));
  const head = Buffer.from(files[0].subarray(0, WAV_HEAD_BYTES));
  // The head of streamed sound tells no length.
  head.writeUInt32LE(WAV_HEAD_BYTES - 8 + data.length, 4);
  head.writeUInt32LE(data.length, WAV_HEAD_BYTES - 4);
  return Buffer.concat([head, data]);
}
