// Refusals and what goes wrong: keys, rates, fields, a server that stops; and the first view's weight, a path prefix, the keyboard.

import http from "node:http";

import { Watched } from "./checks.mjs";

const FIRST_VIEW_BYTES_MAX = 150 * 1024;

export async function refusals(browser, config, checks) {
  for (const [what, run] of Object.entries({firstView, wrongKeys, revokedWhileSignedIn, expired, calledTooOften, fields, keyboard, behindPrefix, stopped})) {
    if (config.only && !config.only.includes(what)) continue;
    await checks.part(what, async () => {
      const watched = await Watched.open(browser, config, run === stopped ? {url: config.stopping_url} : {});
      await run(watched, checks, config, browser);
      await watched.close(checks, what);
    });
  }
}

async function firstView({context, page, url}, checks) {
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  let bytes = 0, requests = 0;
  network.on("Network.loadingFinished", event => {
    bytes += event.encodedDataLength;
    requests++;
  });
  const began = performance.now();
  await page.goto(url);
  await page.getByLabel("Key").fill("a");
  const usable = performance.now() - began;
  await page.waitForLoadState("networkidle");
  checks.that("the first view has at most 150 KiB", bytes > 1000 && bytes <= FIRST_VIEW_BYTES_MAX, bytes);
  console.log(`first view: ${bytes} bytes in ${requests} requests, usable after ${usable.toFixed(0)} ms`);
}

async function wrongKeys(watched, checks, config) {
  const {page} = watched;
  watched.expected.push(/401/);
  for (const key of ["satryx_live_wrong", config.revoked_key]) {
    await watched.signIn(key);
    const error = page.getByRole("alert").filter({hasText: "key"});
    await error.first().waitFor();
    checks.that("a wrong or revoked key is refused beside its field", await page.getByLabel("Key").getAttribute("aria-invalid") === "true", await error.first().textContent());
  }
  checks.that("it is not kept", await page.evaluate(() => sessionStorage.length) === 0);
}

async function revokedWhileSignedIn(watched, checks, config) {
  const {page} = watched;
  watched.expected.push(/401/);
  await watched.signIn();
  await page.getByRole("heading", {name: "Speak", level: 1}).waitFor();
  checks.that("the key is in no address", !page.url().includes("satryx"));
  await page.evaluate(key => sessionStorage.setItem("vocabox-key", key), config.revoked_key);
  await page.reload();
  await page.getByRole("button", {name: "Sign in"}).waitFor();
  checks.that("a key that is revoked leads back to the sign-in", await page.getByRole("alert").filter({hasText: "key"}).first().isVisible());
}

async function expired(watched, checks, config) {
  const {page} = watched;
  watched.expected.push(/403/);
  await watched.signIn(config.expired_key);
  await page.getByLabel("Text", {exact: true}).fill("Hello.");
  await page.getByRole("button", {name: "Speak", exact: true}).click();
  const error = page.getByText("not active for this account");
  await error.waitFor();
  checks.that("an account that is expired is told so", true);
}

async function calledTooOften(watched, checks, config) {
  const {page} = watched;
  watched.expected.push(/429/);
  await watched.signIn(config.limited_key);
  await page.getByLabel("Text", {exact: true}).fill("Hello.");
  const speak = page.getByRole("button", {name: "Speak", exact: true});
  for (let call = 0; call < 3; call++) {
    await speak.click();
    await page.waitForFunction(() => document.querySelector("button[type=submit]").textContent === "Speak");
  }
  const left = page.getByText(/Next try possible in \d+ s/);
  await left.waitFor();
  const seconds = +(await left.textContent()).match(/\d+/)[0];
  checks.that("a call too much is told with the time of the next", seconds >= 1 && seconds <= 60, seconds);
  await page.waitForFunction(from => {
    const shown = document.querySelector(".countdown").textContent.match(/in (\d+) s/);
    return !shown || +shown[1] < from;
  }, seconds);
  checks.that("the time counts down", true);
  checks.that("what is left of the minute is shown", /^0 of \d+ calls left$/.test(await page.locator(".left").textContent()), await page.locator(".left").textContent());
}

async function fields(watched, checks) {
  const {page} = watched;
  watched.expected.push(/400/);
  await watched.signIn();
  const text = page.getByLabel("Text", {exact: true});
  await text.fill("\u2003");
  await page.getByRole("button", {name: "Speak", exact: true}).click();
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
  const [told, isText] = [await page.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-describedby").split(" ").at(-1)).textContent), await text.evaluate(area => area === document.activeElement)];
  checks.that("an error stands beside its field, in the API's words", isText && told.includes("text"), told);
  await text.fill("Hello.");
  checks.that("it goes when the field is changed", await text.getAttribute("aria-invalid") === null);
}

async function keyboard(watched, checks) {
  const {page, config, url} = watched;
  await page.goto(url);
  await page.getByLabel("Key").fill(config.key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", {name: "Speak", level: 1}).waitFor();
  await page.reload();
  await page.getByRole("heading", {name: "Speak", level: 1}).waitFor();
  await page.keyboard.press("Tab");
  checks.that("the first stop skips to the content", await page.evaluate(() => document.activeElement.id) === "skip");
  await page.keyboard.press("Enter");
  checks.that("it moves the focus there", await page.evaluate(() => document.activeElement.id) === "main");
  await page.keyboard.press("Tab");
  checks.that("the next stop is the text", await page.evaluate(() => document.activeElement.tagName) === "TEXTAREA");
  await page.locator(".voice input:checked").focus();
  const before = await page.getByLabel("Voice", {exact: true}).inputValue();
  await page.keyboard.press("ArrowDown");
  const after = await page.getByLabel("Voice", {exact: true}).inputValue();
  checks.that("arrows choose a voice", before !== after, `${before} ${after}`);
}

/** A proxy that has the server below `/voices/`. */
async function behindPrefix(watched, checks, config, browser) {
  await watched.page.goto("about:blank");
  const target = new URL(config.url);
  const proxy = http.createServer((asked, answer) => {
    if (!asked.url.startsWith("/voices/")) {
      answer.writeHead(404).end();
      return;
    }
    const passed = http.request({host: target.hostname, port: target.port, path: asked.url.slice(7), method: asked.method, headers: asked.headers}, told => {
      answer.writeHead(told.statusCode, told.rawHeaders);
      told.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise(done => proxy.listen(0, "127.0.0.1", done));
  const below = await Watched.open(browser, config, {url: `http://127.0.0.1:${proxy.address().port}/voices/`});
  await below.signIn();
  await below.page.getByLabel("Text", {exact: true}).fill("Below a path.");
  await below.page.getByRole("button", {name: "Speak", exact: true}).click();
  checks.that("below a path of a proxy it speaks, too", await below.heardSound() > 0.02);
  await below.page.getByRole("button", {name: "Download"}).waitFor();
  for (const view of ["Listen", "Clone", "Dub", "History", "Server"]) await below.view(view);
  await below.page.getByRole("link", {name: "API and its description"}).click();
  for (const slash of ["", "/"]) {
    await below.page.goto(`${below.url}docs${slash}`);
    const box = below.page.locator("#healthz");
    await box.locator("summary").click();
    await box.getByRole("button", {name: "Try it"}).click();
    await box.getByText(/^200 /).waitFor();
  }
  checks.that("and so does the description", true);
  await below.close(checks, "below a path");
  proxy.close();
  proxy.closeAllConnections();
}

/** The script that started this one stops the server when it reads the line. */
async function stopped(watched, checks, config) {
  const {page} = watched;
  // Chromium names a connection that ends in several ways, by how far the request was.
  watched.expected.push(/net::ERR_|503/);
  await page.goto(watched.url);
  await page.getByLabel("Key").fill(config.stopping_key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", {name: "Speak", level: 1}).waitFor();
  await page.getByLabel("Text", {exact: true}).fill("Hello.");
  await watched.context.setOffline(true);
  await page.getByRole("button", {name: "Speak", exact: true}).click();
  const banner = page.locator("#down");
  await banner.waitFor();
  await watched.context.setOffline(false);
  await banner.waitFor({state: "hidden"});
  checks.that("a server that is back is told", true);
  console.log("stop the server");
  await page.waitForFunction(async () => !await fetch("healthz").then(told => told.ok, () => false), undefined, {polling: 200});
  await page.getByRole("button", {name: "Speak", exact: true}).click();
  await banner.waitFor();
  checks.that("a server that is gone is said", (await banner.textContent()).includes("does not answer"));
  checks.that("the text stays", await page.getByLabel("Text", {exact: true}).inputValue() === "Hello.");
}
