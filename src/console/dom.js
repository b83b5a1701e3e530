// Elements, icons, announcements and questions: what all views draw with.

const SVG = "http://www.w3.org/2000/svg";
const AS_PROPERTY = new Set(["value", "checked", "disabled", "hidden", "textContent", "src", "controls", "open", "selected", "readOnly"]);

/** Makes an element. `given` has attributes, properties, `on` (listeners by event) and `class`; absent and false ones are left out. */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "on") for (const [event, run] of Object.entries(value)) made.addEventListener(event, run);
    else if (AS_PROPERTY.has(name)) made[name] = value;
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return made;
}

const PATHS = {
  play: "M8 5.500v13l10.500-6.500z", pause: "M8 5v14M16 5v14", stop: "M6.500 6.500h11v11h-11z",
  download: "M12 4v11m0 0-4.500-4.500M12 15l4.500-4.500M5 20h14", mic: "M12 3.500a2.500 2.500 0 0 0-2.500 2.500v6a2.500 2.500 0 0 0 5 0V6A2.500 2.500 0 0 0 12 3.500zM6 11.500a6 6 0 0 0 12 0M12 17.500V21",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7M10.500 11v5M13.500 11v5", copy: "M9 9h10.500v10.500H9zM6 15H4.500V4.500H15V6",
  plus: "M12 5.500v13M5.500 12h13", close: "M6.500 6.500l11 11M17.500 6.500l-11 11", again: "M19 12a7 7 0 1 1-2.300-5.200M19.500 4v4h-4",
  split: "M12 4v16M8.500 12H4m0 0 2.500-2.500M4 12l2.500 2.500M15.500 12H20m0 0-2.500-2.500M20 12l-2.500 2.500", merge: "M12 4v16M3.500 12h5m0 0L6 9.500M8.500 12 6 14.500M20.500 12h-5m0 0L18 9.500M15.500 12l2.500 2.500",
  upload: "M12 16V5m0 0L7.500 9.500M12 5l4.500 4.500M5 20h14",
};

/** A drawing beside a word; assistive technology does not see it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon icon-${name}`})) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon and a word; `quiet` shows the icon alone and keeps the word as its label. */
export function button(label, run, {icon: named, kind = "", quiet = false, ...given} = {}) {
  const label_of = quiet ? {"aria-label": label, title: label} : {};
  const classes = `button ${kind} ${quiet ? "quiet" : ""}`.trim();
  return el("button", {type: "button", class: classes, ...label_of, ...given, on: {click: run}},
    named && icon(named), !quiet && el("span", {}, label));
}

/** Changes the icon and the word of a button that `button` made. */
export function relabel(made, label, named) {
  if (made.hasAttribute("aria-label")) {
    made.setAttribute("aria-label", label);
    made.title = label;
  } else made.querySelector("span").textContent = label;
  if (named) made.querySelector("svg")?.replaceWith(icon(named));
}

export function select(options, value, given = {}) {
  const made = el("select", given, options.map(([code, name]) => el("option", {value: code}, name)));
  made.value = value;
  return made;
}

/** Tells assistive technology a sentence. */
export function say(sentence) {
  const region = document.getElementById("said");
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = sentence; });
}

/** Asks a question, with a choice beside it if one is given; resolves to whether the user agreed. */
export function agree(question, action, choice = null) {
  return new Promise(resolve => {
    const close = agreed => () => { dialog.close(); dialog.remove(); resolve(agreed); };
    const dialog = el("dialog", {"aria-label": question, on: {cancel: event => { event.preventDefault(); close(false)(); }}},
      el("p", {dir: "auto"}, question), choice && el("div", {class: "choice"}, choice),
      el("div", {class: "row end"}, button("Cancel", close(false)), button(action, close(true), {kind: "danger"})));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Gives the user a file. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el("a", {href: url, download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Copies a text; pages that are not of HTTPS or this machine have only the old way. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", {"aria-hidden": "true", class: "unseen", value: text});
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("The text is copied.");
}

/** A field that files can be dropped on or chosen with. */
export function dropZone({label, hint, accept, multiple = false, take}) {
  const input = el("input", {type: "file", accept, multiple, class: "unseen-input", "aria-label": label,
    on: {change: () => { take([...input.files]); input.value = ""; }}});
  const zone = el("label", {class: "drop", on: {
    dragover: event => { event.preventDefault(); zone.classList.add("over"); },
    dragleave: () => zone.classList.remove("over"),
    drop: event => {
      event.preventDefault();
      zone.classList.remove("over");
      const files = [...event.dataTransfer.files];
      if (files.length) take(multiple ? files : files.slice(0, 1));
    }}}, icon("upload"), el("strong", {}, label), hint && el("span", {class: "hint"}, hint), input);
  return zone;
}

/** Seconds as m:ss, or h:mm:ss; with tenths if they are asked for. */
export function clock(seconds, tenths = false) {
  const whole = Math.max(0, tenths ? Math.floor(seconds * 10 + 1e-6) / 10 : Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const second = tenths ? s.toFixed(1).padStart(4, "0") : String(Math.floor(s)).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${second}` : `${m}:${second}`;
}

/** The beginning of a text, as a file's name. */
export const fileName = (text, usual) => text.slice(0, 40).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").toLowerCase() || usual;
