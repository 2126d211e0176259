// @ts-check
/// <reference lib="dom" />
// Asks before something is done, says what was done, and changes or deletes what is at a URL.

import { element } from "./table.js";

const MESSAGE_MS = 8000;

/**
 * Asks whether to do something.
 * @param {string} title
 * @param {string} text what it means
 * @param {string} yes the label of the button that confirms
 * @returns {Promise<boolean>}
 */
export function confirmed(title, text, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (element("confirm"));
  element("confirm-title").textContent = title;
  element("confirm-text").textContent = text;
  element("confirm-yes").textContent = yes;
  dialog.showModal();
  const asked = new AbortController();
  return new Promise((resolve) => {
    const answer = (/** @type {boolean} */ isYes) => {
      asked.abort();
      resolve(isYes);
    };
    const { signal } = asked;
    // Its event `close` comes later, perhaps when the next question is asked already.
    dialog.addEventListener("submit", ({ submitter }) => {
      answer(submitter === element("confirm-yes"));
    }, { signal });
    dialog.addEventListener("close", () => {
      if (!dialog.open) answer(false);
    }, { signal });
  });
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Shows for a while what was done, or what went wrong.
 * @param {string} text
 */
export function tell(text) {
  const message = element("message");
  message.hidden = false;
  message.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => message.hidden = true, MESSAGE_MS);
}

/**
 * Deletes what is at `url`.
 * @param {string} url
 * @returns {Promise<string | undefined>} what went wrong; `undefined` where it is deleted
 */
export function remove(url) {
  return change(url, "DELETE");
}

/**
 * Changes what is at `url`.
 * @param {string} url
 * @param {"PUT" | "DELETE"} method
 * @returns {Promise<string | undefined>} what went wrong; `undefined` where it is done
 */
export async function change(url, method) {
  try {
    const response = await fetch(url, { method });
    if (response.ok) return undefined;
    if (response.status === 401) location.reload();
    return (await response.json()).message;
  } catch {
    return "the server does not answer";
  }
}
