// Words light up while they are spoken: by the clock of the sound, after a pause, a jump and a repetition, and without moving the focus.

import { words } from "./checks.mjs";

const TEXT = "The old bridge was closed for repairs until the end of spring. The ferry was full every day, and the river was high. "
  + "The village had not seen so much water since the great flood.";
/** Seconds by which what is lit may be off the server's times, because the page is drawn when the browser finds the time. */
const OFF_S = 0.5;

const plain = word => words(word ?? "").join("");

/** Notes each change of the lit word with the position of the sound, moves of the focus, and what live regions say. */
function watchWords() {
  window.lit = [];
  window.moves = [];
  window.told = [];
  const slider = () => document.querySelector(".take [role=slider]");
  const note = () => {
    const word = document.querySelector(".spoken .word.now")?.textContent ?? null;
    if (slider() && word !== (window.lit.at(-1)?.word ?? null)) window.lit.push({word, at: +slider().getAttribute("aria-valuenow")});
    requestAnimationFrame(note);
  };
  note();
  document.addEventListener("focusin", ({target}) => window.moves.push(target.tagName));
  const regions = [...document.querySelectorAll("[aria-live], [role=status], [role=log], [role=alert]")];
  const observer = new MutationObserver(all => all.forEach(({target}) => window.told.push(target.textContent)));
  for (const region of regions) observer.observe(region, {childList: true, characterData: true, subtree: true});
}

/** The words of the text and their times, as the server tells them without the page. */
const timesOf = (page, body) => page.evaluate(async json => {
  const headers = {Authorization: `Bearer ${sessionStorage.getItem("vocabox-key")}`, "Content-Type": "application/json"};
  return (await (await fetch("voice/tts?word_timestamps=true", {method: "POST", headers, body: JSON.stringify(json)})).json()).words;
}, body);

export async function spokenWords(watched, checks) {
  const {page} = watched;
  // Without a take of the part before.
  await watched.view("Speak");
  await page.reload();
  await page.getByRole("heading", {name: "Speak", level: 1}).waitFor();
  await page.locator(".voice", {hasText: "Heart"}).getByRole("radio").check();
  const field = page.getByLabel("Text", {exact: true});
  await field.fill(TEXT);
  const times = await timesOf(page, {text: TEXT, voice_id: "af_heart", speed: 1, stability: 0.5, similarity: 0.75});
  await page.evaluate(watchWords);
  await field.press("Control+Enter");
  const take = page.locator(".take");
  const lit = take.locator(".word.now");
  await lit.waitFor();
  checks.that("a word lights up while the sound is played", await take.getByRole("button", {name: "Pause"}).isVisible());
  await take.getByRole("button", {name: "Play", exact: true}).waitFor();
  await page.getByRole("button", {name: "Download"}).waitFor();
  const seen = await page.evaluate(() => ({lit: window.lit, moves: window.moves, told: window.told, at: document.activeElement.tagName}));
  const order = seen.lit.filter(({word}) => word);
  let at = -1;
  const inOrder = order.every(({word}) => {
    at = times.findIndex((time, number) => number > at && time.word === word);
    return at >= 0;
  });
  checks.that("the words light up in their order", inOrder && order.length > times.length / 2, JSON.stringify(order));
  at = -1;
  const off = order.map(({word, at: position}) => {
    at = times.findIndex((time, number) => number > at && time.word === word);
    return Math.abs(position - times[at].start);
  }).sort((a, b) => a - b);
  checks.that("they light up when they are heard", off[Math.floor(off.length / 2)] < OFF_S, off);
  checks.that("after the end none is lit", await lit.count() === 0);
  checks.that("the focus stays where it was", seen.at === "TEXTAREA" && seen.moves.length === 0, JSON.stringify(seen.moves));
  checks.that("screen readers are told of the end only", seen.told.filter(Boolean).every(told => /complete/.test(told)) && seen.told.length < 4, seen.told);
  const live = await take.locator(".spoken").evaluate(spoken => spoken.closest("[aria-live], [role=status], [role=log], [role=alert]") !== null);
  checks.that("the text is in no live region", !live);
  checks.that("the text is all there", await take.locator(".spoken").textContent() === TEXT, await take.locator(".spoken").textContent());

  const slider = take.getByRole("slider");
  const word = times[14];
  // All in the page: on a busy machine the sound goes on while this program waits for its turn.
  const clicked = await take.evaluate(async (take, n) => {
    const [slider, words] = [take.querySelector("[role=slider]"), [...take.querySelectorAll(".spoken .word")]];
    const before = slider.getAttribute("aria-valuenow");
    words[n].click();
    const lit = () => words.findIndex(word => word.classList.contains("now"));
    for (let frame = 0; frame < 300 && (slider.getAttribute("aria-valuenow") === before || lit() < 0); frame++) await new Promise(requestAnimationFrame);
    const pause = [...take.querySelectorAll("button")].find(button => (button.ariaLabel ?? button.textContent).trim() === "Pause");
    const told = {position: +slider.getAttribute("aria-valuenow"), lit: lit(), plays: pause !== undefined};
    pause?.click();
    return told;
  }, 14);
  const behind = clicked.position - word.start;
  checks.that("a click on a word plays from there", clicked.plays && behind > -0.5 && behind < 2.5 && clicked.lit >= 14, `${JSON.stringify(clicked)} ${word.start}`);
  const paused = await page.evaluate(async () => {
    const now = () => document.querySelector(".spoken .word.now")?.textContent;
    const before = now();
    for (let frame = 0; frame < 40; frame++) await new Promise(requestAnimationFrame);
    return [before, now()];
  });
  checks.that("a pause holds the light", paused[0] !== undefined && paused[0] === paused[1], paused);
  await slider.press("Home");
  checks.that("at the start the first word is lit", await lit.textContent() === times[0].word, await lit.textContent());
  for (let step = 0; step < 2; step++) await slider.press("ArrowRight");
  const there = times.findLast(({start}) => start <= 4);
  checks.that("a jump lights up the word that is there", plain(await lit.textContent()) === plain(there.word), `${await lit.textContent()} ${JSON.stringify(there)}`);
  await slider.press("Home");
  await take.getByRole("button", {name: "Play", exact: true}).click();
  await page.waitForFunction(said => document.querySelector(".spoken .word.now")?.textContent === said, times[3].word);
  checks.that("it lights up when it is played again", true);
  await take.getByRole("button", {name: "Stop", exact: true}).click();

  const calm = () => take.locator(".word").first().evaluate(each => [getComputedStyle(each).transitionDuration, getComputedStyle(each.closest(".spoken")).scrollBehavior].join());
  checks.that("nothing glides where less motion is asked for", await calm() === "0s,auto", await calm());
  await page.emulateMedia({reducedMotion: "no-preference"});
  checks.that("it does elsewhere", /smooth/.test(await calm()), await calm());
  await page.emulateMedia({reducedMotion: "reduce"});
  await otherScripts(watched, checks, field, take);
}

/** Texts from right to left, without spaces, with markup; words that the voice leaves out are not lit. */
async function otherScripts({page}, checks, field, take) {
  const spoken = take.locator(".spoken p");
  const speak = async text => {
    await field.fill(text);
    await page.getByRole("button", {name: "Speak", exact: true}).click();
    await page.getByRole("button", {name: "Stop", exact: true}).first().waitFor();
    await page.getByRole("button", {name: "Speak", exact: true}).waitFor();
    await take.getByRole("button", {name: "Download"}).waitFor();
    await page.waitForFunction(() => document.querySelectorAll(".spoken .word").length > 0);
    return [await spoken.textContent(), await spoken.locator(".word").allTextContents(), await spoken.evaluate(text => getComputedStyle(text).direction)];
  };
  const [rtl, rtlWords, direction] = await speak("שלום Good morning, doctor.");
  checks.that("a text from right to left is written so, and its words light up", rtl === "שלום Good morning, doctor." && direction === "rtl" && rtlWords.some(word => /Good/.test(word)), JSON.stringify([rtl, rtlWords, direction]));
  const [dense, denseWords] = await speak("Good早上好morning。世界hello");
  checks.that("a text without spaces is whole, and lights up", dense === "Good早上好morning。世界hello" && denseWords.length > 0, JSON.stringify([dense, denseWords]));
  const [marked, markedWords] = await speak("[Lagos](/lˈeɪɡɑs/) is warm.");
  checks.that("markup is not shown", marked === "Lagos is warm." && markedWords.length === 3, JSON.stringify([marked, markedWords]));
  const [ssml, ssmlWords] = await speak("<speak>Good <break time=\"300ms\"/>morning.</speak>");
  checks.that("SSML is not shown", ssml === "Good morning." && ssmlWords.length === 2, JSON.stringify([ssml, ssmlWords]));
}
