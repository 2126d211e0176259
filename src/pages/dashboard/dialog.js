// @ts-check
/// <reference lib="dom" />
// Asks the operator before something is removed, and tells what came of it.

import { element } from "./table.js";

const MESSAGE_MS = 8000;

/**
 * Asks whether something is really to be done.
 * @param {string} title
 * @param {string} text what it means
 * @param {string} yes what the button says that does it
 * @returns {Promise<boolean>}
 */
export function confirmed(title, text, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (element("confirm"));
  element("confirm-title").textContent = title;
  element("confirm-text").textContent = text;
  element("confirm-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Says what was done, or what went wrong.
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
 * @returns {Promise<string | undefined>} what went wrong
 */
export async function remove(url) {
  try {
    const response = await fetch(url, { method: "DELETE" });
    if (response.ok) return undefined;
    if (response.status === 401) location.reload();
    return (await response.json()).message;
  } catch {
    return "the server does not answer";
  }
}
