// The shell: signing in, the views, what is left of the key's minute, a server that is gone.

import { ask, events, limits, lives, setKey, signedIn } from "./api.js";
import { button, el, say } from "./dom.js";
import { Fields } from "./form.js";

/** The views: name in the address, title, module. A module's `view` gets a signal that ends with it, and returns an element. */
const VIEWS = [
  ["speak", "Speak", () => import("./speak.js")],
  ["listen", "Listen", () => import("./listen.js")],
  ["clone", "Clone", () => import("./clone.js")],
  ["dub", "Dub", () => import("./dub.js")],
  ["history", "History", () => import("./history.js")],
  ["server", "Server", () => import("./server.js")],
];

const of = id => document.getElementById(id);
let leave = new AbortController();
let isShown = false;

async function show() {
  leave.abort();
  const here = leave = new AbortController();
  if (!signedIn()) {
    signIn();
    return;
  }
  const named = location.hash.slice(1).split("?")[0];
  const [name, title, load] = VIEWS.find(([view]) => view === named) ?? VIEWS[0];
  for (const link of of("nav").children) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  [of("nav").hidden, of("account").hidden] = [false, false];
  document.title = `${title} · vocabox`;
  const main = of("main");
  main.setAttribute("aria-busy", "true");
  try {
    const made = await (await load()).view(here.signal);
    if (here.signal.aborted) return;
    main.replaceChildren(made);
  } catch (error) {
    if (here.signal.aborted || error.status === 401) return;
    main.replaceChildren(el("section", {class: "page"}, el("h1", {}, title), el("div", {class: "error-box", role: "alert"}, el("p", {}, error.message)),
      button("Try again", show, {icon: "again"})));
  } finally {
    main.removeAttribute("aria-busy");
  }
  // A page that has just been loaded keeps its first stop, the link that skips to the content.
  if (isShown && document.activeElement === document.body) main.focus({preventScroll: true});
  isShown = true;
  scrollTo(0, 0);
}

function signIn(why = "") {
  [of("nav").hidden, of("account").hidden] = [true, true];
  isShown = true;
  document.title = "Sign in · vocabox";
  const fields = new Fields();
  const key = el("input", {type: "password", autocomplete: "off", spellcheck: "false", required: true, placeholder: "satryx_live_…"});
  const submit = el("button", {type: "submit", class: "button primary"}, el("span", {}, "Sign in"));
  const form = el("form", {class: "card narrow", on: {submit: async event => {
    event.preventDefault();
    submit.disabled = true;
    fields.clear();
    // A key has visible ASCII characters only; others cannot be sent in a header.
    setKey(key.value.trim().replace(/[^\x21-\x7e]/g, "") || "-");
    try {
      await ask("voice/voices");
      say("You are signed in.");
      await show();
    } catch (error) {
      setKey(null);
      refused(error.message, error.retryAfterS);
    } finally {
      submit.disabled = false;
    }
  }}}, el("h1", {}, "Sign in"), fields.general, fields.add("key", "Key", key, {hint: "The operator of this server makes keys (vocabox key create). The key stays in this tab and is forgotten when it is closed."}),
  submit, el("p", {class: "hint"}, "For programs: ", el("a", {href: "docs"}, "the API and its description"), "."));
  const refused = (sentence, retryAfterS) => fields.show(Object.assign(new Error(sentence), {field: retryAfterS ? null : "key", retryAfterS}));
  of("main").replaceChildren(el("div", {class: "page center"}, form));
  if (why) refused(why);
  else key.focus();
}

function signOut() {
  leave.abort();
  setKey(null);
  history.replaceState(null, "", location.pathname);
  import("./projects.js").then(({forgetProjects}) => forgetProjects());
  signIn();
  say("You are signed out.");
}

function shell() {
  of("nav").append(...VIEWS.map(([name, title]) => el("a", {href: `#${name}`}, title)));
  const left = el("span", {class: "left", title: "Calls that this key has left in this minute"});
  of("account").append(left, button("Sign out", signOut));
  events.addEventListener("limits", () => {
    left.textContent = `${limits.remaining} of ${limits.limit} calls left`;
    left.classList.toggle("low", limits.remaining < 3);
  });
  of("skip").addEventListener("click", event => {
    event.preventDefault();
    of("main").focus();
  });
  addEventListener("hashchange", show);
  events.addEventListener("denied", ({detail}) => {
    if (of("nav").hidden) return;
    leave.abort();
    setKey(null);
    signIn(detail);
  });
  events.addEventListener("down", gone);
}

let waiting = false;

/** Says that the server does not answer, until it does. */
async function gone() {
  if (waiting) return;
  waiting = true;
  of("down").textContent = "The server does not answer. This page goes on trying; what is on it stays.";
  of("down").hidden = false;
  do await new Promise(resolve => setTimeout(resolve, 2000)); while (!await lives());
  of("down").hidden = true;
  waiting = false;
  say("The server answers again.");
}

shell();
show();
