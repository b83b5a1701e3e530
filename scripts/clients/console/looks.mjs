// Each view at both widths and in both colour schemes: no violation that axe knows, nothing wider than the window; pictures of all.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { Watched } from "./checks.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SIZES = [[1280, 860], [390, 844]];
const SCHEMES = ["light", "dark"];

export async function looks(browser, config, checks) {
  for (const [width, height] of SIZES) {
    for (const colorScheme of SCHEMES) {
      await checks.part(`looks ${width} ${colorScheme}`, async () => {
        const watched = await Watched.open(browser, config, {viewport: {width, height}, colorScheme});
        await all(watched, checks, config, `${width}-${colorScheme}`);
        await watched.close(checks, `looks ${width} ${colorScheme}`);
      });
    }
  }
}

async function all(watched, checks, config, size) {
  const {page} = watched;
  watched.expected.push(/400/);
  const look = async name => {
    // The content security policy of the page keeps scripts out that are added as elements.
    const violations = await page.evaluate(async source => {
      if (!window.axe) (0, eval)(source);
      const {violations} = await window.axe.run(document, {resultTypes: ["violations"]});
      return violations.map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join(" | ")}`);
    }, AXE);
    checks.that(`${name} ${size}: no violation`, violations.length === 0, violations.join("\n"));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    checks.that(`${name} ${size}: nothing is wider than the window`, wide <= 0, wide);
    if (config.shots) await page.evaluate(() => scrollTo(0, 0));
    if (config.shots) await page.screenshot({path: path.join(config.shots, `${name}-${size}.png`), fullPage: true});
  };
  await page.goto(watched.url);
  await page.getByLabel("Key").waitFor();
  await look("sign-in");
  await watched.signIn();
  const text = page.getByLabel("Text", {exact: true});
  await text.fill("The river was high.");
  await page.getByRole("button", {name: "Add Michael to a blend"}).click();
  await page.getByRole("button", {name: "Speak", exact: true}).click();
  await page.getByRole("button", {name: "Download"}).waitFor();
  await look("speak");
  await text.fill("\u2003");
  await page.getByRole("button", {name: "Speak", exact: true}).click();
  await page.locator("[aria-invalid=true]").waitFor();
  await look("speak-error");
  await watched.view("Listen");
  await page.getByLabel("Tell speakers apart").check();
  await page.locator("input[type=file]").setInputFiles(config.reader);
  await page.locator(".transcript").waitFor();
  await look("listen");
  await watched.view("Clone");
  await page.locator("input[type=file]").setInputFiles(config.reader);
  await page.locator("li", {hasText: /About \d+ s of speech/}).waitFor();
  await look("clone");
  await watched.view("Dub");
  await look("dub-new");
  await page.locator("input[type=file]").setInputFiles(config.film);
  await page.getByRole("button", {name: "Render"}).waitFor();
  await page.locator(".timeline .span").first().waitFor();
  await look("dub");
  await page.getByRole("button", {name: "Close"}).click();
  await watched.view("History");
  await look("history");
  await page.getByRole("button", {name: "Delete"}).first().click();
  await look("question");
  await page.getByRole("dialog").getByRole("button", {name: "Cancel"}).click();
  await watched.view("Server");
  await look("server");
}
