// The shell: signing in, the views, what is left of the key's minute, a server that is gone.

import { ask, askAsOperator, events, isOperator, limits, lives, setKey, setOperatorKey, signedIn } from "./api.js";
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
const OPERATOR = ["operator", "Operator", () => import("./operator.js")];

/** The views of the keys that the page has. */
const views = () => [...signedIn() ? VIEWS : [], ...isOperator() ? [OPERATOR] : []];

const of = id => document.getElementById(id);
let leave = new AbortController();
let isShown = false;
/** Whether a key is being tried, whose refusal is told beside its field. */
let entering = false;

async function show() {
  leave.abort();
  const here = leave = new AbortController();
  const named = location.hash.slice(1).split("?")[0];
  if (named === OPERATOR[0] && !isOperator()) {
    signInAsOperator();
    return;
  }
  const known = views().find(([view]) => view === named);
  if (!known && !signedIn() && (named || !isOperator())) {
    signIn();
    return;
  }
  const [name, title, load] = known ?? views()[0];
  navigate(name);
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

/** Shows the views that there are, and which of them is shown; none is, where the page asks for a key. */
function navigate(shown) {
  const nav = of("nav");
  const all = views();
  if ([...nav.children].map(link => link.hash.slice(1)).join() !== all.map(([name]) => name).join()) {
    nav.replaceChildren(...all.map(([name, title]) => el("a", {href: `#${name}`}, title)));
  }
  for (const link of nav.children) {
    if (link.hash === `#${shown}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  nav.hidden = of("account").hidden = !all.length;
}

/** A form that takes a key. `accept` tries it, and throws where the server refuses it. */
function entry({title, hint, placeholder, accept, more}, why) {
  isShown = true;
  document.title = `${title} · vocabox`;
  const fields = new Fields();
  const key = el("input", {type: "password", autocomplete: "off", spellcheck: "false", required: true, placeholder});
  const submit = el("button", {type: "submit", class: "button primary"}, el("span", {}, "Sign in"));
  const form = el("form", {class: "card narrow", on: {submit: async event => {
    event.preventDefault();
    submit.disabled = entering = true;
    fields.clear();
    try {
      // A key has visible ASCII characters only; others cannot be sent in a header.
      await accept(key.value.trim().replace(/[^\x21-\x7e]/g, "") || "-");
      say("You are signed in.");
      await show();
    } catch (error) {
      refused(error.message, error.retryAfterS);
    } finally {
      submit.disabled = entering = false;
    }
  }}}, el("h1", {}, title), fields.general, fields.add("key", "Key", key, {hint}), submit, more);
  const refused = (sentence, retryAfterS) => fields.show(Object.assign(new Error(sentence), {field: retryAfterS ? null : "key", retryAfterS}));
  of("main").replaceChildren(el("div", {class: "page center"}, form));
  if (why) refused(why);
  else key.focus();
}

function signIn(why = "") {
  [of("nav").hidden, of("account").hidden] = [true, true];
  entry({
    title: "Sign in", placeholder: "satryx_live_…",
    hint: "The operator of this server makes keys (vocabox key create). The key stays in this tab and is forgotten when it is closed.",
    accept: async key => {
      setKey(key);
      try {
        await ask("voice/voices");
      } catch (error) {
        setKey(null);
        throw error;
      }
    },
    more: [el("p", {class: "hint"}, "For programs: ", el("a", {href: "docs"}, "the API and its description"), "."),
      el("p", {class: "hint"}, "For accounts and keys: ", el("a", {href: "#operator"}, "sign in as the operator"), ".")],
  }, why);
}

function signInAsOperator(why = "") {
  navigate(null);
  entry({
    title: "Operator", placeholder: "The key of --admin-key-file",
    hint: "It is in the file that the server was given as --admin-key-file. It stays in this tab and is forgotten when it is closed.",
    accept: async key => {
      setOperatorKey(key);
      try {
        await askAsOperator("admin/accounts");
      } catch (error) {
        setOperatorKey(null);
        throw error;
      }
    },
    more: [!signedIn() && el("p", {class: "hint"}, el("a", {href: "#speak"}, "Sign in with the key of an account"))],
  }, why);
}

function signOut() {
  leave.abort();
  setKey(null);
  setOperatorKey(null);
  history.replaceState(null, "", location.pathname);
  import("./projects.js").then(({forgetProjects}) => forgetProjects());
  signIn();
  say("You are signed out.");
}

function shell() {
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
  events.addEventListener("denied", ({detail: {sentence, asOperator}}) => {
    if (entering || of("nav").hidden) return;
    leave.abort();
    if (asOperator) {
      setOperatorKey(null);
      signInAsOperator(sentence);
    } else {
      setKey(null);
      signIn(sentence);
    }
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
