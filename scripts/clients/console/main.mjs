// Drives the console in Chromium, as `scripts/clients/console.py` tells by JSON: url, key, recording, reader, film, revoked_key,
// expired_key, limited_key, operator_key, stopping_url, stopping_key, chromium, patience_s; shots, only (names of parts) or null.

import { readFileSync } from "node:fs";

import { chromium } from "playwright-core";

import { Checks } from "./checks.mjs";
import { looks } from "./looks.mjs";
import { operator } from "./operator.mjs";
import { refusals } from "./refusals.mjs";
import { views } from "./views.mjs";

const config = JSON.parse(readFileSync(0, "utf8"));
const checks = new Checks();
const browser = await chromium.launch({executablePath: config.chromium, args: [
  "--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${config.recording}`,
  // Nothing is asked for that the page does not ask for.
  "--disable-background-networking", "--disable-component-update", "--no-first-run",
]});
for (const [name, run] of Object.entries({views, operator, looks, refusals})) {
  if (!config.parts || config.parts.includes(name)) await run(browser, config, checks);
}
await browser.close();
console.log(`${checks.count} checks, ${checks.wrong} wrong; Chromium ${browser.version()}`);
process.exitCode = checks.wrong ? 1 : 0;
