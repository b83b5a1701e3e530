// Operator: the accounts of the server and their keys, created, limited, revoked.

import { askAsOperator } from "./api.js";
import { button, el, say } from "./dom.js";
import { Fields } from "./form.js";
import { AccountCard } from "./operator_account.js";
import { timeOf } from "./operator_times.js";

const RPM = 60;

export async function view(signal) {
  const made = new Operator(signal);
  await made.load();
  return made.root;
}

class Operator {
  #accounts = [];
  #keys = new Map();
  #chosen = null;
  #fields = new Fields();
  #list = el("ul", {class: "plain accounts"});
  #found = el("p", {class: "hint", role: "status"});
  #place = el("div", {class: "stack place"});

  constructor(signal) {
    this.signal = signal;
    this.search = el("input", {type: "search", placeholder: "Search accounts", "aria-label": "Search accounts", on: {input: () => this.#show()}});
    this.root = el("section", {class: "page"}, el("div", {class: "row between"}, el("h1", {}, "Operator"), button("Refresh", () => this.load(), {icon: "again"})),
      el("div", {class: "columns operator"},
        el("section", {class: "card", "aria-label": "Accounts"}, el("h2", {}, "Accounts"), this.search, this.#found, this.#list), this.#place, this.#form()));
  }

  #form() {
    const fields = this.#fields;
    const name = el("input", {type: "text", required: true, dir: "auto", autocomplete: "off"});
    const rpm = el("input", {type: "number", min: "1", step: "1"});
    const expires = el("input", {type: "datetime-local"});
    const entitled = el("input", {type: "checkbox"});
    const empty = () => {
      [name.value, rpm.value, expires.value, entitled.checked] = ["", String(RPM), "", true];
    };
    empty();
    const form = el("form", {class: "card", "aria-label": "New account", on: {submit: async event => {
      event.preventDefault();
      fields.clear();
      try {
        const made = await askAsOperator("admin/accounts", {method: "POST", json: {name: name.value, rpm: rpm.value === "" ? undefined : +rpm.value,
          entitled: entitled.checked, expires: timeOf(expires) ?? undefined}});
        empty();
        this.#chosen = made.name;
        await this.load();
        say(`The account ${made.name} is created.`);
      } catch (error) {
        fields.show(error);
      }
    }}}, el("h2", {}, "New account"), fields.general, fields.add("name", "Name", name),
    el("div", {class: "options"}, fields.add("rpm", "Calls a minute", rpm), fields.add("expires", "May generate until", expires, {hint: "Empty: for ever"})),
    fields.add("entitled", "May generate", entitled, {inline: true}),
    el("div", {class: "row"}, el("button", {type: "submit", class: "button primary"}, el("span", {}, "Create the account"))));
    return form;
  }

  /** Asks for accounts and keys, and shows them. */
  async load() {
    const [{accounts}, {keys}] = await Promise.all([askAsOperator("admin/accounts", {signal: this.signal}), askAsOperator("admin/keys", {signal: this.signal})]);
    this.#accounts = accounts;
    this.#keys = Map.groupBy(keys, key => key.account);
    if (!accounts.some(({name}) => name === this.#chosen)) this.#chosen = accounts[0]?.name ?? null;
    this.#show();
    this.#open();
  }

  #show() {
    const word = this.search.value.toLowerCase();
    const shown = this.#accounts.filter(({name}) => name.toLowerCase().includes(word));
    this.#found.textContent = shown.length === this.#accounts.length ? `${shown.length} accounts` : `${shown.length} of ${this.#accounts.length} accounts`;
    this.#list.replaceChildren(...shown.map(account => this.#row(account)));
    const chosen = this.#list.querySelector("[aria-current]");
    if (chosen) requestAnimationFrame(() => { this.#list.scrollTop = chosen.offsetTop - this.#list.clientHeight / 2; });
  }

  #row(account) {
    const isChosen = account.name === this.#chosen;
    const inForce = (this.#keys.get(account.name) ?? []).filter(key => !key.revoked_at).length;
    const isOver = account.expires && new Date(account.expires) <= new Date();
    const state = !account.entitled ? "off" : isOver && "expired";
    return el("li", {class: "line"}, el("button", {type: "button", class: "account-row", "aria-current": isChosen && "true", on: {click: () => {
      this.#chosen = account.name;
      this.#show();
      this.#open();
      this.#list.querySelector("[aria-current]")?.focus({preventScroll: true});
      this.#place.scrollIntoView({block: "nearest"});
    }}}, el("span", {class: "voice-name clip", dir: "auto"}, account.name),
    el("span", {class: "hint"}, `${inForce} ${inForce === 1 ? "key" : "keys"}, ${account.rpm} a minute`), state && el("span", {class: "tag bad"}, state)));
  }

  #open() {
    const account = this.#accounts.find(({name}) => name === this.#chosen);
    if (!account) {
      this.#place.replaceChildren(el("p", {class: "hint"}, "No account was created yet."));
      return;
    }
    const card = new AccountCard(account, this.#keys.get(account.name) ?? [], {changed: () => this.load(), keysChanged: keys => {
      this.#keys.set(account.name, keys);
      this.#show();
    }});
    this.#place.replaceChildren(...card.cards);
  }
}
