// The operator: accounts and keys from the page, with their effect on the API; and what others see of it.

import { Watched } from "./checks.mjs";

export async function operator(browser, config, checks) {
  for (const [what, run] of Object.entries({absent, refused, accounts, both})) {
    await checks.part(what, async () => {
      const watched = await Watched.open(browser, config, run === absent ? {url: config.stopping_url} : {});
      await run(watched, checks, config);
      await watched.close(checks, `operator: ${what}`);
    });
  }
}

/** Opens the page and signs in as the operator. */
export async function signInAsOperator({page, url}, key) {
  await page.goto(url);
  await page.getByRole("link", {name: "sign in as the operator"}).click();
  await page.getByRole("heading", {name: "Operator", level: 1}).waitFor();
  await page.getByLabel("Key").fill(key);
  await page.getByRole("button", {name: "Sign in"}).click();
}

const kept = page => page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie, location.href].join(" "));

async function absent(watched, checks, config) {
  watched.expected.push(/404/);
  await signInAsOperator(watched, config.operator_key);
  const error = watched.page.getByRole("alert").filter({hasText: "--admin-key-file"});
  await error.waitFor();
  checks.that("a server without the option says so", true);
}

async function refused(watched, checks, config) {
  const {page} = watched;
  watched.expected.push(/401/);
  for (const key of ["0123456789abcdef0123456789abcdef", config.key]) {
    await signInAsOperator(watched, key);
    await page.getByRole("alert").filter({hasText: "not the operator's key"}).waitFor();
    checks.that("another key is refused beside its field", await page.getByLabel("Key").getAttribute("aria-invalid") === "true");
  }
  checks.that("it is not kept", (await kept(page)).startsWith("0 0 "), await kept(page));
  checks.that("no view is offered", await page.getByRole("navigation").getByRole("link").count() === 0);
}

/** The status and the limit of calls a minute that the API tells a key. */
async function called(config, key, path = "voice/history", body = undefined) {
  const headers = {Authorization: `Bearer ${key}`, ...body && {"Content-Type": "application/json"}};
  const answer = await fetch(new URL(path, config.url), {method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body)});
  await answer.arrayBuffer();
  return `${answer.status} ${answer.headers.get("X-RateLimit-Limit")}`;
}

async function newAccount(page, name, rpm) {
  const form = page.getByRole("form", {name: "New account"});
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Calls a minute").fill(String(rpm));
  await form.getByRole("button", {name: "Create the account"}).click();
}

/** Creates a key of the account that is shown; returns it. */
async function newKey(page, name, rpm = "") {
  const form = page.getByRole("form", {name: "New key"});
  await form.getByLabel("Name of the key").fill(name);
  await form.getByLabel("Calls a minute of this key").fill(String(rpm));
  await form.getByRole("button", {name: "Create the key"}).click();
  const shown = page.getByLabel("The new key");
  await shown.waitFor();
  await page.getByRole("button", {name: `Revoke ${name}`}).waitFor();
  return shown.inputValue();
}

async function accounts(watched, checks, config) {
  const {page} = watched;
  watched.expected.push(/400/);
  await signInAsOperator(watched, config.operator_key);
  await page.getByRole("heading", {name: "Accounts"}).waitFor();
  checks.that("only the operator's view is offered", (await page.getByRole("navigation").getByRole("link").allTextContents()).join() === "Operator");
  checks.that("the key is in the tab's storage only", /^1 0 {2}\S+#operator$/.test(await kept(page)) && !page.url().includes(config.operator_key), await kept(page));
  await newAccount(page, "Praxis Öl & Söhne", 40);
  const limits = page.getByRole("form", {name: "Limits"});
  await limits.getByRole("heading", {name: "Praxis Öl & Söhne"}).waitFor();
  const first = await newKey(page, "ward 3", 7);
  checks.that("a new key is shown and works with its limit", await called(config, first) === "200 7", await called(config, first));
  await page.getByRole("button", {name: "Copy the key"}).click();
  checks.that("it is copied", await page.evaluate(() => navigator.clipboard.readText()) === first);
  await page.getByRole("button", {name: "I have it"}).click();
  checks.that("it is shown once", !(await page.content()).includes(first.slice(12)) && await page.getByLabel("The new key").count() === 0);
  const second = await newKey(page, "ward 4");
  checks.that("a key without a limit has the account's", await called(config, second) === "200 40", await called(config, second));

  await newAccount(page, "Praxis Öl & Söhne", 40);
  await page.getByRole("form", {name: "New account"}).getByRole("alert").filter({hasText: "exists already"}).waitFor();
  checks.that("a name that is taken is refused in the API's words", true);
  await newAccount(page, "Other", 50);
  await limits.getByRole("heading", {name: "Other"}).waitFor();
  const other = await newKey(page, "other");
  checks.that("the form is as it was for the next account", await called(config, other, "voice/tts", {text: "Hi."}) === "200 50", await called(config, other, "voice/tts", {text: "Hi."}));
  checks.that("the list counts the new key", (await page.locator(".account-row[aria-current]").textContent()).includes("1 key, 50 a minute"), await page.locator(".account-row[aria-current]").textContent());

  await page.getByLabel("Search accounts").fill("praxis");
  checks.that("accounts are searched", await page.locator(".account-row").count() === 1);
  await page.locator(".account-row").click();
  await limits.getByRole("heading", {name: "Praxis Öl & Söhne"}).waitFor();
  const rpm = limits.getByLabel("Calls a minute of each key");
  await rpm.fill("100001");
  await limits.getByRole("button", {name: "Save the limits"}).click();
  await limits.getByText("1 to 100000 calls a minute").waitFor();
  checks.that("a limit out of its range is refused beside its field", await rpm.getAttribute("aria-invalid") === "true");
  await rpm.fill("30");
  await limits.getByLabel("May generate", {exact: true}).uncheck();
  await limits.getByLabel("May generate until").fill("2031-05-06T07:08");
  await limits.getByLabel("MiB of dubbing files").fill("512");
  await limits.getByRole("button", {name: "Save the limits"}).click();
  await page.locator(".account-row .tag", {hasText: "off"}).waitFor();
  const speech = {text: "Hi."};
  checks.that("the limits count at once", await called(config, second) === "200 30" && await called(config, second, "voice/tts", speech) === "403 30", await called(config, second));
  checks.that("another account has its own", await called(config, other) === "200 50", await called(config, other));
  await page.reload();
  await page.getByLabel("Search accounts").fill("praxis");
  await page.locator(".account-row").click();
  const saved = [await rpm.inputValue(), await limits.getByLabel("May generate until").inputValue(), await limits.getByLabel("MiB of dubbing files").inputValue(), await limits.getByLabel("May generate", {exact: true}).isChecked()];
  checks.that("after a reload the limits are those that were saved", saved.join() === "30,2031-05-06T07:08,512,false", saved);
  checks.that("no secret is on the page", !(await page.content()).includes("satryx_live_"));

  await page.getByRole("button", {name: "Revoke ward 3"}).click();
  await page.getByRole("dialog").getByRole("button", {name: "Revoke"}).click();
  await page.locator("td .tag", {hasText: "revoked"}).waitFor();
  checks.that("a revoked key is refused at once", (await called(config, first)).startsWith("401") && (await called(config, second)).startsWith("200"));
  await page.getByRole("button", {name: "Delete the account"}).click();
  await page.getByRole("dialog").getByRole("button", {name: "Cancel"}).click();
  checks.that("a question that is declined changes nothing", (await called(config, second)).startsWith("200"));
  await page.getByRole("button", {name: "Delete the account"}).click();
  await page.getByRole("dialog").getByRole("button", {name: "Delete"}).click();
  await page.getByText(/^0 of \d+ accounts$/).waitFor();
  checks.that("a deleted account is gone with its keys", (await called(config, second)).startsWith("401") && (await called(config, other)).startsWith("200"));
  await page.getByRole("button", {name: "Sign out"}).click();
  await page.getByRole("heading", {name: "Sign in"}).waitFor();
  checks.that("signing out forgets the key", (await kept(page)).startsWith("0 0 "), await kept(page));
}

async function both(watched, checks, config) {
  const {page} = watched;
  watched.expected.push(/401/);
  await watched.signIn();
  await watched.view("Server");
  await page.getByRole("link", {name: "Sign in as the operator"}).click();
  await page.getByLabel("Key").fill(config.operator_key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", {name: "Accounts"}).waitFor();
  checks.that("with both keys all views are there", await page.getByRole("navigation").getByRole("link").count() === 7);
  await watched.view("History");
  await page.evaluate(() => sessionStorage.setItem("vocabox-operator-key", "0123456789abcdef0123456789abcdef"));
  await page.goto(`${watched.url}#operator`);
  await page.reload();
  await page.getByRole("alert").filter({hasText: "not the operator's key"}).waitFor();
  checks.that("a key of the operator that counts no more leads to its sign-in, and the account's stays", await page.evaluate(() => sessionStorage.getItem("vocabox-key")) === config.key);
  await watched.view("History");
}
