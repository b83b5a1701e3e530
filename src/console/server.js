// Server: whether it is ready, its load, its models and their licences, its voices and languages, and what is left of this key's minute.

import { BASE, ask, events, isOperator, limits } from "./api.js";
import { button, el } from "./dom.js";
import { categoryName, languageName, voices } from "./voices.js";

export async function view(signal) {
  const place = el("div", {class: "stack"});
  const load = async () => {
    const [state, packs, voices] = await Promise.all([readiness(), models(), catalog()]);
    place.replaceChildren(el("div", {class: "columns even"}, el("div", {class: "stack"}, state, key(signal)), voices), packs);
  };
  await load();
  return el("section", {class: "page"}, el("div", {class: "row between"}, el("h1", {}, "Server"), button("Refresh", load, {icon: "again"})), place);
}

const facts = rows => el("dl", {class: "facts"}, rows.filter(([, value]) => value !== null && value !== undefined).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
const tags = names => el("div", {class: "tags"}, names.map(name => el("span", {class: "tag"}, name)));

/** What a pack of a kind is for. */
const KINDS = {speak: "speaks", transcribe: "transcribes", detect: "finds speech", embed: "knows speakers", compare: "compares voices",
  segment: "tells speakers apart", translate: "translates", convert: "converts voices"};

const size = bytes => bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e6).toFixed(1)} MB`;

async function readiness() {
  const asked = async () => {
    try {
      return [await ask("readyz"), null];
    } catch (error) {
      return [null, error];
    }
  };
  const [[ready, error], description] = await Promise.all([asked(), ask("openapi.json")]);
  const queue = ready?.queue;
  const load = queue && el("meter", {min: "0", max: String(queue.lanes), "aria-label": "Steps that compute", value: queue.running});
  return el("section", {class: "card"}, el("h2", {}, "State"),
    error ? el("div", {class: "error-box", role: "alert"}, el("p", {}, error.message)) : el("p", {}, el("span", {class: "tag good"}, "ready")),
    facts([["Version", description.info.version], ["Address", BASE.href], ["Device", ready?.device],
      ["Load", queue && el("div", {class: "stack-small"}, load, el("span", {}, `${queue.running} of ${queue.lanes} lanes compute`))],
      ["Queue", queue && `${queue.requests} ${queue.requests === 1 ? "request" : "requests"} in the server, ${queue.waiting} of their steps wait for a lane`]]),
    el("div", {class: "row"}, el("a", {class: "button", href: new URL("docs", BASE)}, "API and its description"),
      !isOperator() && el("a", {class: "button", href: "#operator"}, "Sign in as the operator")));
}

async function models() {
  const {packs} = await ask("voice/models");
  const heads = ["Model", "What it does", "Licence", "Engine", "Device", "Size"].map(name => el("th", {scope: "col"}, name));
  const rows = packs.map(pack => el("tr", {}, el("td", {class: "text"}, pack.title, el("div", {class: "hint"}, pack.name)),
    el("td", {}, KINDS[pack.kind] ?? pack.kind), el("td", {}, pack.licence), el("td", {}, pack.engine), el("td", {}, pack.device), el("td", {}, size(pack.bytes))));
  return el("section", {class: "card"}, el("h2", {}, "Models"),
    rows.length ? el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Models"},
      el("table", {class: "cards"}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)))
      : el("p", {class: "hint"}, "No model is fetched."));
}

function key(signal) {
  const bar = el("meter", {min: "0", "aria-label": "Calls left"});
  const list = el("div");
  const show = () => {
    if (!limits) return;
    bar.max = limits.limit;
    bar.value = limits.remaining;
    list.replaceChildren(facts([["Calls a minute", String(limits.limit)], ["Left now", String(limits.remaining)],
      ["All available again", limits.resetS ? `in ${limits.resetS} s` : "now"]]));
  };
  show();
  events.addEventListener("limits", show, {signal});
  return el("section", {class: "card"}, el("h2", {}, "This key's minute"), bar, list,
    el("p", {class: "hint"}, "As the last answer told. A call costs one; asking for a dubbing job costs none."));
}

async function catalog() {
  const {voices: all, languages} = await voices();
  const count = new Map();
  for (const voice of all) count.set(voice.category, (count.get(voice.category) ?? 0) + 1);
  const names = field => languages.filter(each => each[field]).map(each => languageName(each.code)).sort();
  return el("section", {class: "card"}, el("h2", {}, "Voices and languages"),
    facts([["Voices", [...count].map(([category, number]) => `${number} ${categoryName(category).toLowerCase()}`).join(", ")],
      ["Engines", tags([...new Set(all.map(voice => voice.engine))])],
      ["Speaks", tags(names("tts"))], ["Dubs into", names("dub").length ? tags(names("dub")) : "no language"],
      ["Transcribes", el("details", {}, el("summary", {}, `${names("stt").length} languages`), tags(names("stt")))]]));
}
