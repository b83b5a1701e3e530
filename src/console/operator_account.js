// One account of the operator's view: its limits, its keys, its end.

import { askAsOperator } from "./api.js";
import { agree, button, copy, el, say, select } from "./dom.js";
import { Fields } from "./form.js";
import { localTime, timeOf } from "./operator_times.js";

const QUOTAS = [
  ["quota_clones", "Cloned voices", 1], ["quota_jobs", "Dubbing jobs at once", 1],
  ["quota_dub_hours", "Hours in dubbing jobs", 1], ["quota_dub_disk", "MiB of dubbing files", 1024 * 1024],
];

const day = time => time ? new Date(time).toLocaleString(undefined, {dateStyle: "short", timeStyle: "short"}) : "";
const path = (...parts) => ["admin", ...parts.map(encodeURIComponent)].join("/");

/** The cards of an account. `changed` is called after a change of the account, and shows it anew; `keysChanged` hears its keys. */
export class AccountCard {
  #limits = new Fields();
  #making = new Fields();
  #shown = el("div", {class: "note new-key", hidden: true});

  constructor(account, keys, {changed, keysChanged}) {
    Object.assign(this, {account, keys, changed, keysChanged});
    this.cards = [this.#limitsCard(), this.#keysCard()];
  }

  #limitsCard() {
    const {account} = this;
    const fields = this.#limits;
    const whole = value => el("input", {type: "number", min: "0", step: "1", value: value === null ? "" : String(value), placeholder: "the server's"});
    const rpm = el("input", {type: "number", min: "1", step: "1", required: true, value: String(account.rpm)});
    const expires = el("input", {type: "datetime-local", value: localTime(account.expires)});
    const entitled = el("input", {type: "checkbox", checked: account.entitled});
    const quotas = QUOTAS.map(([name, label, unit]) => [name, label, unit, whole(account[name] === null ? null : Math.round(account[name] / unit * 100) / 100)]);
    quotas.forEach(([, , unit, field]) => { if (unit !== 1) field.step = "any"; });
    const before = new Map([expires, ...quotas.map(([, , , field]) => field)].map(field => [field, field.value]));
    // What a field cannot show to the last digit is sent only after it was changed.
    const changed = field => field.value !== before.get(field);
    const form = el("form", {class: "card", "aria-label": "Limits", on: {submit: async event => {
      event.preventDefault();
      const bounds = quotas.filter(([, , , field]) => changed(field))
        .map(([name, , unit, field]) => [name, field.value === "" ? "default" : Math.round(+field.value * unit)]);
      const json = {rpm: +rpm.value, entitled: entitled.checked, expires: changed(expires) ? timeOf(expires) ?? "never" : undefined, ...Object.fromEntries(bounds)};
      await this.#do(fields, async () => {
        await askAsOperator(path("accounts", account.name), {method: "PATCH", json});
        return `The limits of ${account.name} are saved.`;
      });
    }}}, el("div", {class: "row between"}, el("h2", {dir: "auto", class: "clip"}, account.name), el("span", {class: "hint"}, `since ${day(account.created_at)}`)), fields.general,
    el("div", {class: "options"}, fields.add("rpm", "Calls a minute of each key", rpm), fields.add("expires", "May generate until", expires, {hint: "Empty: for ever"}),
      quotas.map(([name, label, , field]) => fields.add(name, label, field))),
    fields.add("entitled", "May generate", entitled, {inline: true}),
    el("div", {class: "row"}, el("button", {type: "submit", class: "button primary"}, el("span", {}, "Save the limits")),
      button("Delete the account", () => this.#delete(), {icon: "trash", kind: "danger push"})));
    return form;
  }

  #keysCard() {
    const fields = this.#making;
    const name = el("input", {type: "text", required: true, dir: "auto", autocomplete: "off"});
    const env = select([["live", "live"], ["test", "test"]], "live");
    const limit = () => el("input", {type: "number", min: "1", step: "1", placeholder: "the account's"});
    const [rpm, concurrent] = [limit(), limit()];
    concurrent.placeholder = "the server's";
    const number = field => field.value === "" ? undefined : +field.value;
    const form = el("form", {class: "stack-small", "aria-label": "New key", on: {submit: async event => {
      event.preventDefault();
      fields.clear();
      try {
        const made = await askAsOperator("admin/keys", {method: "POST",
          json: {account: this.account.name, name: name.value, env: env.value, rpm: number(rpm), concurrent: number(concurrent)}});
        [name.value, rpm.value, concurrent.value] = ["", "", ""];
        this.#show(made);
        await this.#again();
      } catch (error) {
        fields.show(error);
      }
    }}}, el("h3", {}, "New key"), fields.general,
    el("div", {class: "options"}, fields.add("name", "Name of the key", name, {hint: "The history shows it"}), fields.add("env", "For", env),
      fields.add("rpm", "Calls a minute of this key", rpm), fields.add("concurrent", "Generations at once", concurrent)),
    el("div", {class: "row"}, el("button", {type: "submit", class: "button"}, el("span", {}, "Create the key"))));
    this.table = el("div", {});
    this.#list();
    return el("section", {class: "card", "aria-label": "Keys"}, el("h2", {}, "Keys"), this.#shown, this.table, form);
  }

  #list() {
    const heads = ["Name and id", "Limits", "Created", "Last used", "State"].map(head => el("th", {scope: "col"}, head));
    const rows = this.keys.map(key => el("tr", {}, el("td", {class: "text"}, el("bdi", {}, key.name), " ", el("code", {class: "hint"}, key.key_id)),
      el("td", {}, [key.rpm && `${key.rpm} a minute`, key.concurrent && `${key.concurrent} at once`].filter(Boolean).join(", ") || "the account's"),
      el("td", {}, day(key.created_at)), el("td", {}, day(key.last_used_at) || "never"),
      el("td", {}, key.revoked_at ? el("span", {class: "tag bad"}, "revoked") : el("span", {class: "tag good"}, key.env)),
      el("td", {class: "actions"}, !key.revoked_at && button("Revoke", () => this.#revoke(key), {"aria-label": `Revoke ${key.name}`}))));
    this.table.replaceChildren(rows.length
      ? el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Keys of the account"}, el("table", {class: "cards keys-of"},
        el("thead", {}, el("tr", {}, heads, el("th", {scope: "col"}, el("span", {class: "unseen"}, "Actions")))), el("tbody", {}, rows)))
      : el("p", {class: "hint"}, "This account has no key yet."));
  }

  /** Shows a new key, which cannot be shown again. */
  #show({key, key_id: id, name}) {
    const shown = el("input", {readOnly: true, class: "chosen", value: key, "aria-label": "The new key", on: {focus: () => shown.select()}});
    this.#shown.replaceChildren(el("p", {}, "The key ", el("bdi", {}, name), ` (${id}) is shown this once. Give it to its user now: the server keeps no copy.`),
      shown, el("div", {class: "row"}, button("Copy the key", () => copy(key), {icon: "copy"}),
        button("I have it", () => { this.#shown.hidden = true; this.#shown.replaceChildren(); })));
    this.#shown.hidden = false;
    shown.focus();
    say("The key is created.");
  }

  /** The keys anew, while what was just created stays on the page. */
  async #again() {
    this.keys = (await askAsOperator("admin/keys", {query: {account: this.account.name}})).keys;
    this.#list();
    this.keysChanged(this.keys);
  }

  async #do(fields, run) {
    fields.clear();
    try {
      const told = await run();
      await this.changed();
      say(told);
    } catch (error) {
      fields.show(error);
    }
  }

  async #revoke(key) {
    if (!await agree(`Revoke the key ${key.name} (${key.key_id})? Programs that use it are refused at once.`, "Revoke")) return;
    this.#making.clear();
    try {
      await askAsOperator(path("keys", key.key_id), {method: "DELETE"});
      await this.#again();
      say(`The key ${key.name} is revoked.`);
    } catch (error) {
      this.#making.show(error);
    }
  }

  async #delete() {
    const {name} = this.account;
    const keep = el("input", {type: "checkbox"});
    const question = `Delete the account ${name}, its keys, cloned voices and jobs? Its keys are refused at once.`;
    const label = el("label", {class: "row tight"}, keep, "Keep its history until it is too old");
    if (!await agree(question, "Delete", label)) return;
    await this.#do(this.#limits, async () => {
      await askAsOperator(path("accounts", name), {method: "DELETE", query: {history: keep.checked ? "keep" : "purge"}});
      return `The account ${name} is deleted.`;
    });
  }
}
