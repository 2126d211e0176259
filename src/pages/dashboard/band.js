// @ts-check
/// <reference lib="dom" />
// The band at the top of the dashboard: what is wrong now, the worst first.

import { element, setText } from "./table.js";

/** @typedef {import("./troubles.js").Trouble} Trouble */

/** The list of troubles. A screen reader reads each once, when it begins. */
export class Band {
  /** By key. @type {Map<string, HTMLLIElement>} */
  #lines = new Map();
  #list = element("troubles");
  #onOpen;

  /** @param {(id: number) => void} onOpen called when the operator wants to see a session */
  constructor(onOpen) {
    this.#onOpen = onOpen;
  }

  /** @param {Trouble[]} troubles the worst first */
  show(troubles) {
    /** @type {Map<string, HTMLLIElement>} */
    const shown = new Map();
    for (const trouble of troubles) {
      const line = this.#lines.get(trouble.key) ?? this.#lineOf(trouble);
      line.classList.toggle("critical", trouble.critical);
      setText(/** @type {Element} */ (line.querySelector(".text")), trouble.text);
      shown.set(trouble.key, line);
      this.#lines.delete(trouble.key);
    }
    for (const line of this.#lines.values()) line.remove();
    this.#lines = shown;
    // What is in its place stays there, so that it keeps the focus and is not read again.
    let next = this.#list.firstElementChild;
    for (const line of shown.values()) {
      if (line === next) next = next.nextElementSibling;
      else this.#list.insertBefore(line, next);
    }
  }

  /** @param {Trouble} trouble */
  #lineOf({ alert, sessions }) {
    const line = document.createElement("li");
    const [session, ...others] = sessions;
    if (session !== undefined && others.length === 0) {
      const name = document.createElement("button");
      name.textContent = session.name;
      name.setAttribute("aria-label", `${session.name}: show its details`);
      name.addEventListener("click", () => this.#onOpen(session.id));
      line.append(name, " ");
    }
    const text = document.createElement("span");
    text.className = "text";
    const code = document.createElement("code");
    code.textContent = alert;
    code.title = "What to do at this alert is in docs/operations.md, under Alerts";
    line.append(text, " ", code);
    return line;
  }
}
