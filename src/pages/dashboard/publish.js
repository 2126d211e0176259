// @ts-check
/// <reference lib="dom" />
// What a DJ types into his encoder: operators make a key for a name here, and copy the texts.

import { drawQrCode } from "../qr_code.js";
import { element } from "./table.js";

const ENCODERS = "stat/1/encoders";
/** What stands where the server does not know a key, and the same in a URL. */
const PLACEHOLDER = "{KEY}";
const PLACEHOLDERS = /\{KEY\}|%7BKEY%7D/g;

/**
 * @typedef {object} Answer
 * @property {string} name
 * @property {string | null} key
 * @property {number | null} seconds for how long the key is valid; null where it has no end
 * @property {{ encoder: string, field: string, text: string }[]} settings
 * @property {string | null} larix the link that is in the QR code
 */

/** The dialog in which a name, and perhaps a DJ, becomes texts to copy. */
export class PublishDialog {
  #dialog = /** @type {HTMLDialogElement} */ (element("publish"));
  #name = /** @type {HTMLInputElement} */ (element("publish-name"));
  #dj = /** @type {HTMLSelectElement} */ (element("publish-dj"));
  #key = /** @type {HTMLInputElement} */ (element("publish-key"));
  /** Whether keys are needed at all. */
  #keys = true;
  /** @type {Answer | undefined} */
  #answer;

  constructor() {
    element("publish-open").addEventListener("click", () => this.open());
    element("publish-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.#dj.addEventListener("change", () => this.#clear());
    this.#name.addEventListener("input", () => this.#clear());
    this.#key.addEventListener("input", () => this.#show());
    // A key is not to be seen by who opens it next.
    this.#dialog.addEventListener("close", () => this.#clear());
  }

  /** @param {string} [name] the name of the broadcast, where that is known */
  async open(name) {
    this.#clear();
    if (name !== undefined) this.#name.value = name;
    this.#dialog.showModal();
    this.#name.focus();
    const answer = await ask(ENCODERS);
    if (answer.message !== undefined) {
      return this.#note(`Cannot tell who may publish: ${answer.message}.`);
    }
    this.#keys = answer.keys;
    const options = answer.djs.map((/** @type {{ user: string, names: string[] }} */ dj) => {
      return new Option(`${dj.user} (${dj.names.join(", ")})`, dj.user);
    });
    this.#dj.replaceChildren(new Option("whoever gets a new key", ""), ...options);
    element("publish-who").hidden = options.length === 0;
    this.#label();
  }

  async #ask() {
    const { value: name } = this.#name;
    const { value: dj } = this.#dj;
    const path = `${ENCODERS}/${name}`;
    const answer = dj === ""
      ? await ask(path, "POST")
      : await ask(`${path}?dj=${encodeURIComponent(dj)}`);
    if (answer.message !== undefined) return this.#note(`Cannot tell: ${answer.message}.`);
    this.#answer = answer;
    this.#note(noteOn(answer, dj));
    element("publish-own").hidden = answer.key !== PLACEHOLDER;
    await this.#show();
  }

  /** Shows the answer, with the key that was typed. */
  async #show() {
    const answer = this.#answer;
    if (answer === undefined) return;
    const typed = this.#key.checkValidity() ? this.#key.value : "";
    const filled = (/** @type {string} */ text) => text.replaceAll(PLACEHOLDERS, typed || "KEY");
    element("publish-settings").replaceChildren(
      ...answer.settings.flatMap(({ encoder, field, text }) => {
        return row(`${encoder}: ${field}`, filled(text));
      }),
    );
    const isWhole = answer.key !== PLACEHOLDER || typed !== "";
    element("publish-code").hidden = !isWhole || answer.larix === null;
    if (isWhole && answer.larix !== null) {
      const svg = /** @type {Element} */ (document.querySelector("#publish-code svg"));
      await drawQrCode(svg, filled(answer.larix), this.#dialog.dataset["library"] ?? "");
    }
  }

  #clear() {
    this.#answer = undefined;
    this.#key.value = "";
    this.#note("");
    element("publish-own").hidden = true;
    element("publish-code").hidden = true;
    element("publish-settings").replaceChildren();
    this.#label();
  }

  /** Says what the button does. */
  #label() {
    const makes = this.#keys && this.#dj.value === "";
    element("publish-make").textContent = makes ? "Make a key" : "Show";
  }

  /** @param {string} text */
  #note(text) {
    element("publish-note").textContent = text;
  }
}

/**
 * @param {Answer} answer
 * @param {string} dj
 */
function noteOn({ key, seconds }, dj) {
  if (key === null) return "Anybody may publish here: no key is needed.";
  if (dj !== "") {
    return `Echo keeps only a hash of ${dj}'s key. Who has lost it gets another by echo dj rotate.`;
  }
  const until = seconds === null ? "" : `in ${Math.round(seconds / 60)} minutes, or `;
  return `The key is shown this once. It ends ${until}when the server starts again.`;
}

/**
 * A text with a button that copies it.
 * @param {string} title
 * @param {string} text
 * @returns {HTMLElement[]}
 */
function row(title, text) {
  const term = document.createElement("dt");
  term.textContent = title;
  const place = document.createElement("dd");
  const code = document.createElement("code");
  code.textContent = text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${title}`);
  button.addEventListener("click", async () => {
    button.textContent = await copy(text, code) ? "Copied" : "Selected";
  });
  place.append(code, button);
  return [term, place];
}

/**
 * Without HTTPS pages may not copy: then the text is selected, so that a key press copies it.
 * @param {string} text
 * @param {HTMLElement} code
 */
async function copy(text, code) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(code);
    return false;
  }
}

/**
 * @param {string} url
 * @param {"GET" | "POST"} method
 * @returns {Promise<any>} the answer; with a `message` where there is none to be had
 */
async function ask(url, method = "GET") {
  try {
    const response = await fetch(url, { method });
    if (response.status === 401) location.reload();
    return await response.json();
  } catch {
    return { message: "the server does not answer" };
  }
}
