// Each view at its work: what is spoken is heard, what is heard is written, a voice is cloned, a film is dubbed.

import { Watched, words } from "./checks.mjs";
import { spokenWords } from "./spoken.mjs";

const SAID = "The old bridge was closed for repairs until the end of spring. The ferry was full every day, and the river was high.";

/** The first bytes of each format that speech can be saved in. */
const FORMATS = {
  wav: bytes => bytes.toString("latin1", 0, 4) === "RIFF",
  flac: bytes => bytes.toString("latin1", 0, 4) === "fLaC",
  mp3: bytes => bytes[0] === 0xff && (bytes[1] & 0xe0) === 0xe0,
  opus: bytes => bytes.toString("latin1", 0, 4) === "OggS",
  aac: bytes => bytes[0] === 0xff && (bytes[1] & 0xf6) === 0xf0,
  pcm: bytes => bytes.length > 48_000 && bytes.length % 2 === 0,
};

export async function views(browser, config, checks) {
  const watched = await Watched.open(browser, config);
  await watched.signIn();
  await watched.page.getByRole("heading", {name: "Speak", level: 1}).waitFor();
  for (const [what, run] of Object.entries({speak, spokenWords, blend, listen, microphone, history, clone, dub, server, signOut})) {
    if (!config.only || config.only.includes(what)) await checks.part(what, () => run(watched, checks, config));
  }
  await watched.close(checks, "views");
}

const text = page => page.getByLabel("Text", {exact: true});

async function speak(watched, checks) {
  const {page} = watched;
  await watched.view("Speak");
  await page.getByLabel("Search voices").fill("emma british");
  await page.locator(".voice", {hasText: "Emma"}).getByRole("radio").check();
  checks.that("the search leaves one voice", await page.locator(".voice").count() === 1, await page.locator(".voice").allTextContents());
  await watched.heardElement(page.getByRole("button", {name: "Preview Emma"}));
  checks.that("a preview is played", true);
  await page.getByLabel("Search voices").fill("");
  await page.getByLabel("Language of the voice").selectOption({label: "Swahili"});
  checks.that("the filter leaves the language's voices", (await page.locator(".voice").allTextContents()).every(each => each.includes("Swahili")));
  await page.getByLabel("Language of the voice").selectOption("");
  await text(page).fill(SAID);
  await text(page).press("Control+Enter");
  const peak = await watched.heardSound();
  checks.that("the stream is heard", peak > 0.02, peak);
  await page.getByRole("button", {name: "Download"}).waitFor();
  const seconds = +await page.getByRole("slider", {name: "Position in the speech"}).getAttribute("aria-valuemax");
  checks.that("all of it is there", seconds > 5 && seconds < 15, seconds);
  for (const [format, fits] of Object.entries(FORMATS)) {
    await page.getByLabel("Format of the file").selectOption(format);
    const {name, bytes} = await watched.download(page.getByRole("button", {name: "Download"}));
    checks.that(`it is saved as ${format}`, fits(bytes), `${name} ${bytes.subarray(0, 8).toString("hex")}`);
  }
  await page.getByRole("slider", {name: "Position in the speech"}).press("Home");
  const painted = await page.locator(".take canvas").evaluate(canvas => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, at) => at % 4 === 3 && value > 0).length / (data.length / 4);
  });
  checks.that("the waveform is drawn", painted > 0.1, painted);
  await text(page).fill("مرحبا");
  const direction = await text(page).evaluate(area => getComputedStyle(area).direction);
  checks.that("a text from right to left is written so", direction === "rtl", direction);
  await text(page).fill(`${SAID} `.repeat(8));
  await page.getByRole("button", {name: "Speak", exact: true}).click();
  await page.getByRole("button", {name: "Stop", exact: true}).first().click();
  await page.getByRole("button", {name: "Speak", exact: true}).waitFor();
  checks.that("speech can be stopped", true);
}

async function blend(watched, checks) {
  const {page} = watched;
  await watched.view("Speak");
  await page.getByLabel("Search voices").fill("");
  await page.locator(".voice", {hasText: "Heart"}).getByRole("radio").check();
  await page.getByRole("button", {name: "Add Michael to a blend"}).click();
  await page.getByLabel("Weight of Michael").fill("3");
  const voice = await page.getByLabel("Voice", {exact: true}).inputValue();
  checks.that("sliders make a blend", voice === "af_heart(1)+am_michael(3)", voice);
  await text(page).fill("Two voices in one.");
  await page.evaluate(() => { window.loudest = 0; });
  await page.getByRole("button", {name: "Speak", exact: true}).click();
  checks.that("the blend is heard", await watched.heardSound() > 0.02);
  await page.getByRole("button", {name: "Download"}).waitFor();
}

async function listen(watched, checks, config) {
  const {page} = watched;
  await watched.view("Listen");
  await page.getByLabel("Tell speakers apart").check();
  await page.locator("input[type=file]").setInputFiles(config.recording);
  const card = page.locator("section.card", {has: page.locator("audio")}).first();
  await card.locator(".transcript").waitFor();
  const told = words((await card.locator(".segment p").allTextContents()).join(" ")).join(" ");
  checks.that("a recording is transcribed", /best of times.*worst of times/.test(told), told);
  checks.that("its speaker is told", await card.locator(".speaker").count() === 1, await card.locator(".speaker").allTextContents());
  const word = card.locator(".word").nth(40);
  await word.click();
  await card.locator(".word.now").waitFor();
  const [said, lit, at] = [await word.textContent(), await card.locator(".word.now").textContent(), await card.locator("audio").evaluate(media => media.currentTime)];
  checks.that("a click on a word seeks and lights it up", at > 1 && lit.length > 0, `${said} ${lit} ${at}`);
  const played = await watched.playedElement(card.locator("audio"));
  checks.that("the recording is played", played.loudest > 0.02, JSON.stringify(played));
  const saved = {};
  for (const format of ["txt", "srt", "vtt", "json"]) {
    saved[format] = (await watched.download(card.getByRole("button", {name: `Save as ${format}`}))).bytes.toString();
  }
  checks.that("it is saved as text", words(saved.txt).join(" ").includes("best of times"), saved.txt);
  checks.that("it is saved as SRT", /^1\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\n.+/.test(saved.srt), saved.srt);
  const long = saved.srt.split("\n").filter(line => !line.includes("-->")).filter(line => line.length > 42);
  checks.that("no line of the subtitles is too long", long.length === 0, long);
  checks.that("it is saved as VTT", saved.vtt.startsWith("WEBVTT\n\n00:00:"), saved.vtt);
  checks.that("it is saved as JSON", JSON.parse(saved.json).segments[0].words.length > 0);
  await page.locator("input[type=file]").setInputFiles({name: "noise.wav", mimeType: "audio/wav", buffer: Buffer.from("no sound at all")});
  watched.expected.push(/400 .*\/voice\/stt/, /ERR_|MEDIA_/);
  const refused = page.getByRole("region", {name: "noise.wav"}).getByRole("alert");
  await refused.waitFor();
  checks.that("what is no recording is refused in the API's words", /file/.test(await refused.textContent()), await refused.textContent());
}

async function microphone(watched, checks) {
  const {page} = watched;
  await watched.view("Listen");
  await page.getByLabel("Language", {exact: true}).selectOption("en");
  await page.getByRole("button", {name: "Record", exact: true}).click();
  const said = page.getByRole("log", {name: "What is said"});
  // In any utterance: the first may be the end of a word, because the recording is played in a loop from the start of the browser.
  await page.waitForFunction(() => [...document.querySelectorAll("[role=log] p:not(.hint)")].some(p => /[a-z]{3,} [a-z]{2,}/i.test(p.textContent)));
  checks.that("words come while the microphone is open", true);
  await page.waitForFunction(() => document.querySelector("[role=log] p:not(.partial):not(.hint)"));
  const meter = await page.getByLabel("Level of the microphone").first().elementHandle();
  await page.waitForFunction(meter => meter.value > 5, meter);
  checks.that("the meter shows the level", true);
  const known = "times|wisdom|foolishness|age|epoch|season";
  await page.waitForFunction(known => new RegExp(known, "i").test(document.querySelector("[role=log]").textContent), known);
  checks.that("what the microphone hears is written", true, await said.textContent());
  await page.getByRole("button", {name: "Stop"}).click();
  const card = page.locator("section.card", {has: page.getByRole("button", {name: "Transcribe the whole recording"})}).first();
  await card.waitFor();
  const played = await watched.playedElement(card.locator("audio"));
  checks.that("the recording of the microphone is played", played.loudest > 0.02, JSON.stringify(played));
}

async function history(watched, checks) {
  const {page} = watched;
  await watched.view("History");
  const rows = page.locator("tbody tr");
  const all = await rows.count();
  await page.getByLabel("Kind").selectOption("tts");
  await page.waitForFunction(() => [...document.querySelectorAll("tbody tr")].every(row => row.children[1].textContent.startsWith("Speech")));
  const speech = await rows.count();
  checks.that("history is filtered", speech > 0 && speech < all, `${speech} of ${all}`);
  await rows.first().getByRole("button", {name: "Copy the text"}).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  checks.that("a text is copied", copied === await rows.first().locator("td.text").textContent(), copied);
  await watched.heardElement(page.getByRole("button", {name: "Replay"}).first());
  checks.that("what this page has kept is played again", true);
  const total = async () => +(await page.getByRole("status").filter({hasText: " of "}).textContent()).match(/of (\d+)/)[1];
  const before = await total();
  await rows.last().getByRole("button", {name: "Delete"}).click();
  await page.getByRole("dialog").getByRole("button", {name: "Delete"}).click();
  await page.waitForFunction(left => document.querySelector("main [role=status]").textContent.includes(`of ${left}`), before - 1);
  checks.that("an item is deleted", await total() === before - 1);
  await page.getByLabel("Search").fill("no such text");
  checks.that("the search leaves nothing", await rows.count() === 0);
}

async function clone(watched, checks, config) {
  const {page} = watched;
  await watched.view("Clone");
  await page.getByRole("button", {name: "Record", exact: true}).click();
  await page.waitForFunction(() => /0:0[1-9]/.test(document.querySelector("output")?.textContent ?? ""));
  await page.getByRole("button", {name: "Stop"}).click();
  await page.locator("li", {hasText: "at least 3 s are needed"}).waitFor();
  checks.that("a short recording is told before it is sent", true);
  await page.locator("input[type=file]").setInputFiles(config.reader);
  await page.locator("li", {hasText: /About \d+ s of speech[:.]/, hasNotText: "at least"}).waitFor();
  await page.getByLabel("Name").fill("The reader");
  await page.getByLabel("The speaker has agreed").check();
  await page.getByRole("button", {name: "Make the voice"}).click();
  const made = page.getByRole("region", {name: "New voice"});
  await made.waitFor({timeout: 180_000});
  const [original, sample] = [await watched.playedElement(made.getByLabel("Recording")), await watched.playedElement(made.getByLabel("New voice"))];
  checks.that("the clone is heard beside its recording", original.loudest > 0.02 && sample.loudest > 0.02, JSON.stringify([original, sample]));
  await page.getByRole("button", {name: "Speak with it"}).click();
  await page.getByRole("heading", {name: "Speak", level: 1}).waitFor();
  await text(page).fill("This is the voice of the reader.");
  await page.evaluate(() => { window.loudest = 0; });
  await page.getByLabel("Exaggeration").waitFor();
  await page.getByRole("button", {name: "Speak", exact: true}).click();
  checks.that("a text is spoken with the clone", await watched.heardSound() > 0.02);
  await page.getByRole("button", {name: "Download"}).waitFor();
  await page.reload();
  await watched.view("Clone");
  await watched.heardElement(page.getByRole("button", {name: "Preview The reader"}));
  checks.that("a clone has a preview of the server", true);
  await page.getByRole("button", {name: "Delete The reader"}).first().click();
  await page.getByRole("dialog").getByRole("button", {name: "Delete"}).click();
  await page.getByText("No voice was cloned yet").waitFor();
  checks.that("the clone is deleted", true);
}

async function dub(watched, checks, config) {
  const {page} = watched;
  await watched.view("Dub");
  await page.locator("input[type=file]").setInputFiles(config.film);
  await page.getByRole("button", {name: "Close"}).waitFor();
  await page.reload();
  await page.getByRole("button", {name: "Render"}).waitFor();
  checks.that("an analysis survives a reload", await page.locator(".dub-line").count() > 0);
  const lines = page.locator(".dub-line");
  const first = await lines.count();
  const line = page.getByLabel("Text of line 1", {exact: true});
  checks.that("the film's lines are there", words(await line.inputValue()).length > 2, await line.inputValue());
  await page.getByRole("button", {name: "Split line 1", exact: true}).click();
  checks.that("a line is split", await lines.count() === first + 1);
  await page.getByRole("button", {name: "Merge line 1 with the next"}).click();
  checks.that("two lines are merged", await lines.count() === first);
  const end = page.getByLabel("End of line 1 in seconds");
  const before = +await end.inputValue();
  const handle = await page.locator(".timeline .end.stop").first().boundingBox();
  await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
  await page.mouse.down();
  await page.mouse.move(handle.x - 80, handle.y + handle.height / 2, {steps: 4});
  await page.mouse.up();
  checks.that("an end of a line is dragged on the waveform", +await end.inputValue() < before - 0.1, `${before} ${await end.inputValue()}`);
  await page.getByLabel("Into").selectOption("en");
  await page.getByRole("button", {name: "Translate the lines"}).click();
  await page.getByText("The lines are translated.").waitFor({state: "attached"});
  await line.fill("Good morning, and welcome back.");
  await end.fill("-1");
  await end.press("Tab");
  await page.getByRole("button", {name: "Render"}).click();
  watched.expected.push(/400 .*\/voice\/dub\/render/);
  const refused = page.getByRole("alert").filter({hasText: "end"});
  await refused.first().waitFor();
  checks.that("a wrong time is refused in the API's words", true);
  await end.fill("3.5");
  await end.press("Tab");
  await page.getByLabel("SPEAKER_00").selectOption("bm_george");
  await page.getByRole("button", {name: "Render"}).click();
  const dubbed = page.getByLabel("Dubbed");
  await dubbed.waitFor();
  const played = await watched.playedElement(dubbed);
  checks.that("the dubbed film is played", played.loudest > 0.02 && played.width > 0 && played.seconds > 1, JSON.stringify(played));
  const subtitles = (await watched.download(page.getByRole("button", {name: "VTT"}))).bytes.toString();
  checks.that("its subtitles are saved", subtitles.startsWith("WEBVTT") && subtitles.includes("welcome back"), subtitles);
  const film = await watched.download(page.getByRole("button", {name: "Film", exact: true}));
  checks.that("the film is saved", film.bytes.length > 10_000, `${film.name} ${film.bytes.length}`);
  await page.reload();
  await page.getByLabel("Dubbed").waitFor();
  checks.that("the dub survives a reload", await line.inputValue() === "Good morning, and welcome back.");
  await page.getByRole("button", {name: /^Delete film/}).first().click();
  await page.getByRole("dialog").getByRole("button", {name: "Delete"}).click();
  await page.getByRole("heading", {name: "New dub"}).waitFor();
  checks.that("the dub is deleted", await page.getByLabel("Dubbed").count() === 0);
}

async function signOut(watched, checks, config) {
  const {page} = watched;
  await page.getByRole("button", {name: "Sign out"}).click();
  await page.getByRole("heading", {name: "Sign in"}).waitFor();
  await page.getByLabel("Key").fill(config.key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", {name: "Speak", level: 1}).waitFor();
  checks.that("after signing out nothing is left of what was spoken", await text(page).inputValue() === "" && !await page.getByText("Spoken since").isVisible());
  await watched.view("Listen");
  checks.that("and of what was heard", await page.locator("audio").count() === 0);
  await watched.view("Dub");
  const left = await page.evaluate(() => new Promise(resolve => {
    const request = indexedDB.open("vocabox");
    request.onsuccess = () => { request.result.transaction("projects").objectStore("projects").count().onsuccess = event => resolve(event.target.result); };
  }));
  checks.that("and of what was dubbed", left === 0, left);
}

async function server(watched, checks) {
  const {page} = watched;
  await watched.view("Server");
  checks.that("the server is ready", await page.getByText("ready", {exact: true}).isVisible());
  const models = page.getByRole("region", {name: "Models"});
  const row = models.getByRole("row", {name: /Kokoro/});
  checks.that("its models are listed with their licences", /speaks.*Apache-2\.0/.test(await row.textContent()) && await models.getByRole("row").count() > 5, await models.textContent());
  const facts = await page.locator(".facts").first().textContent();
  checks.that("its load and its queue are told", /\d+ of \d+ lanes compute.*\d+ requests? in the server/.test(facts) && !facts.includes("object"), facts);
}
