// Server: whether it is ready, its models, voices and languages, and what is left of this key's minute.

import { BASE, ask, events, limits } from "./api.js";
import { button, el } from "./dom.js";
import { categoryName, languageName, voices } from "./voices.js";

export async function view(signal) {
  const card = el("div", {class: "columns even"});
  const load = async () => {
    const [state, voices] = await Promise.all([readiness(), catalog()]);
    card.replaceChildren(el("div", {class: "stack"}, state, key(signal)), voices);
  };
  await load();
  return el("section", {class: "page"}, el("div", {class: "row between"}, el("h1", {}, "Server"), button("Refresh", load, {icon: "again"})), card);
}

const facts = rows => el("dl", {class: "facts"}, rows.filter(([, value]) => value !== null && value !== undefined).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
const tags = names => el("div", {class: "tags"}, names.map(name => el("span", {class: "tag"}, name)));

async function readiness() {
  const asked = async () => {
    try {
      return [await ask("readyz"), null];
    } catch (error) {
      return [null, error];
    }
  };
  const [[ready, error], description] = await Promise.all([asked(), ask("openapi.json")]);
  const {status: _, device, ...models} = ready ?? {};
  const title = name => name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");
  const rows = Object.entries(models).map(([name, value]) => [title(name), [value].flat().filter(Boolean).length ? tags([value].flat()) : "not installed"]);
  return el("section", {class: "card"}, el("h2", {}, "State"),
    error ? el("div", {class: "error-box", role: "alert"}, el("p", {}, error.message)) : el("p", {}, el("span", {class: "tag good"}, "ready")),
    facts([["Version", description.info.version], ["Address", BASE.href], ["Device", device], ...rows]),
    el("div", {class: "row"}, el("a", {class: "button", href: new URL("docs", BASE)}, "API and its description")));
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
