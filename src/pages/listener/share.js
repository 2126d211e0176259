// @ts-check
/// <reference lib="dom" />
// The dialog with links to share.

import { drawQrCode } from "../qr_code.js";
import { setUpDialog } from "./dialog.js";

const EMBED_HEIGHT = 96;
const SAID_MS = 2500;

/** The parameter of a link that begins at a moment of the show. */
const MOMENT = "t";

/**
 * Fills the dialog with links, a QR code and the code to embed the page, and makes its buttons work.
 * @param {string} name the broadcast's name
 * @param {() => number | undefined} heard the wall time of what is heard, where others can hear it
 *   later, in milliseconds since the epoch
 */
export function setUpSharing(name, heard) {
  const dialog = document.getElementById("share-dialog");
  const code = dialog?.querySelector("#share-code svg");
  if (!dialog || !code) return;
  const page = pageWithoutToken();
  const fields = {
    "share-link": page,
    "share-embed": `<iframe src="${page}?embed" title="${name}, live" width="100%" ` +
      `height="${EMBED_HEIGHT}" allow="autoplay" loading="lazy" frameborder="0"></iframe>`,
    "share-playlist": `${page}playlist.m3u8`,
  };
  for (const [id, text] of Object.entries(fields)) input(id).value = text;
  setUpDialog("share-dialog", "share", () => {
    const at = heard();
    input("share-moment").closest(".field")?.toggleAttribute("hidden", at === undefined);
    if (at !== undefined) input("share-moment").value = `${page}?${MOMENT}=${moment(at)}`;
    // Without its library, the dialog has the link alone.
    drawQrCode(code, page, dialog.dataset.library ?? "").catch(() => code.replaceChildren());
  });
  for (const copier of dialog.querySelectorAll("[data-copies]")) {
    copier.addEventListener("click", async () => {
      const id = copier.getAttribute("data-copies") ?? "";
      say(await copy(input(id)) ? "Copied" : "Selected, to be copied");
    });
  }
}

/**
 * The moment at which the link to this page begins, in milliseconds since the epoch; `undefined` for
 * any other link.
 */
export function sharedMoment() {
  const text = new URLSearchParams(location.search).get(MOMENT);
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/** A token is for one listener, who may not know that it stands before the name in the address. */
function pageWithoutToken() {
  return new URL("./", location.href).href.replace(/\/(?:~|%7e)[^/]*(\/[^/]+\/)$/i, "$1");
}

/** @param {number} at */
function moment(at) {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (document.getElementById(id));
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {string} text */
function say(text) {
  const said = document.getElementById("share-said");
  if (said === null) return;
  said.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => said.textContent = "", SAID_MS);
}

/**
 * Copies the text of a field, also where a page may not use the clipboard, as over plain HTTP.
 * @param {HTMLInputElement} field
 */
async function copy(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
