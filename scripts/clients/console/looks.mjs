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
  await page.locator(".take").getByRole("button", {name: "Play", exact: true}).waitFor();
  await page.locator(".word").nth(1).click();
  await page.locator(".take").getByRole("button", {name: "Pause"}).click();
  await page.locator(".word.now").waitFor();
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
  await page.getByRole("link", {name: "Sign in as the operator"}).click();
  await page.getByRole("heading", {name: "Operator", level: 1}).waitFor();
  await look("operator-sign-in");
  await page.getByLabel("Key").fill(config.operator_key);
  await page.getByRole("button", {name: "Sign in"}).click();
  const form = page.getByRole("form", {name: "New account"});
  await form.getByLabel("Name").fill(`Clinic ${size}`);
  await form.getByRole("button", {name: "Create the account"}).click();
  await page.getByRole("form", {name: "Limits"}).getByRole("heading", {name: `Clinic ${size}`}).waitFor();
  const key = page.getByRole("form", {name: "New key"});
  await key.getByLabel("Name of the key").fill("Ward 3");
  await key.getByRole("button", {name: "Create the key"}).click();
  await page.getByRole("button", {name: "Revoke Ward 3"}).waitFor();
  await look("operator");
  await page.getByRole("button", {name: "I have it"}).click();
  await page.getByRole("button", {name: "Delete the account"}).click();
  await look("operator-question");
}
