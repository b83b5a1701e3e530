// Checks, and pages that are watched: no error in the console, no request to another origin.

export class Checks {
  count = 0;
  wrong = 0;

  that(what, holds, told = "") {
    this.count++;
    if (holds) {
      console.log(`ok     ${what}`);
      return;
    }
    this.wrong++;
    console.log(`WRONG  ${what}: ${String(told).slice(0, 400)}`);
  }

  /** Runs a part; what it throws is a wrong check. */
  async part(what, run) {
    try {
      await run();
    } catch (error) {
      this.that(what, false, error.message);
    }
  }
}

/** Before any script of the page: what goes to a context's destination is measured, too, and elements that play are counted. */
function listenToContexts() {
  const play = HTMLMediaElement.prototype.play;
  window.plays = 0;
  HTMLMediaElement.prototype.play = async function () {
    await play.call(this);
    window.plays++;
  };
  const connect = AudioNode.prototype.connect;
  const analysers = new Map();
  window.loudest = 0;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) {
      if (!analysers.has(to.context)) analysers.set(to.context, to.context.createAnalyser());
      connect.call(this, analysers.get(to.context));
    }
    return connect.call(this, to, ...rest);
  };
  const samples = new Float32Array(2048);
  setInterval(() => {
    for (const analyser of analysers.values()) {
      analyser.getFloatTimeDomainData(samples);
      for (const sample of samples) window.loudest = Math.max(window.loudest, Math.abs(sample));
    }
  }, 20);
}

/** A browser context with a page whose errors and requests are noted. */
export class Watched {
  /** What the page may say: expressions for its expected errors. */
  expected = [];
  #said = [];
  #elsewhere = [];

  static async open(browser, config, {url = config.url, ...options} = {}) {
    const made = new Watched();
    made.config = config;
    made.url = url;
    made.context = await browser.newContext({viewport: {width: 1280, height: 860}, locale: "en-GB", acceptDownloads: true, reducedMotion: "reduce", ...options});
    await made.context.grantPermissions(["microphone", "clipboard-read", "clipboard-write"]);
    await made.context.addInitScript(listenToContexts);
    const page = made.page = await made.context.newPage();
    page.setDefaultTimeout(config.patience_s * 1000);
    page.on("console", message => ["error", "warning"].includes(message.type()) && made.#said.push(`${message.text()} ${message.location().url}`));
    page.on("pageerror", error => made.#said.push(error.message));
    const {host} = new URL(url);
    made.context.on("request", request => {
      const asked = new URL(request.url());
      if (!["blob:", "data:"].includes(asked.protocol) && asked.host !== host) made.#elsewhere.push(request.url());
    });
    return made;
  }

  /** Opens the console and signs in. */
  async signIn(key = this.config.key) {
    await this.page.goto(this.url);
    await this.page.getByLabel("Key").fill(key);
    await this.page.getByRole("button", {name: "Sign in"}).click();
  }

  async view(name) {
    await this.page.getByRole("navigation").getByRole("link", {name, exact: true}).click();
    await this.page.getByRole("heading", {name, exact: true, level: 1}).waitFor();
  }

  /** Checks that nothing unexpected was said or asked for, and closes the page. */
  async close(checks, what) {
    const said = this.#said.filter(line => !this.expected.some(expected => expected.test(line)));
    checks.that(`${what}: no error in the console`, said.length === 0, said.join("; "));
    checks.that(`${what}: no request to another origin`, this.#elsewhere.length === 0, this.#elsewhere.join(" "));
    await this.context.close();
  }

  /** Waits until what the page plays through Web Audio is louder than silence. */
  async heardSound() {
    await this.page.waitForFunction(() => window.loudest > 0.02);
    return this.page.evaluate(() => window.loudest);
  }

  /** Clicks what makes an element play, and waits until it does. */
  async heardElement(locator) {
    const before = await this.page.evaluate(() => window.plays);
    await locator.click();
    await this.page.waitForFunction(count => window.plays > count, before);
  }

  /** Plays an audio or video element for a moment, on a busy machine until something is heard; returns the loudest sample, the seconds that passed and the picture's width. */
  playedElement(locator) {
    return locator.evaluate(async media => {
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      const samples = new Float32Array(2048);
      media.currentTime = 0;
      await media.play();
      context.createMediaStreamSource(media.captureStream()).connect(analyser);
      let loudest = 0;
      while ((media.currentTime < 1.5 || loudest < 0.02) && !media.ended) {
        await new Promise(done => setTimeout(done, 20));
        analyser.getFloatTimeDomainData(samples);
        for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
      }
      media.pause();
      await context.close();
      return {loudest, seconds: media.currentTime, width: media.videoWidth ?? 0};
    });
  }

  /** Clicks what starts a download; returns its name and bytes. */
  async download(locator) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), locator.click()]);
    const parts = [];
    for await (const part of await download.createReadStream()) parts.push(part);
    return {name: download.suggestedFilename(), bytes: Buffer.concat(parts)};
  }
}

/** The words of a text, in lower case. */
export const words = text => text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
