// @ts-check
/// <reference lib="dom" />
// What an operator does with any broadcast that is served here, on whatever box it is: listen, and
// open its page.

import { player } from "./player.js";

/** Where listeners are served. @typedef {{ port: number, tlsPort?: number, path: string }} ServedHls */

/**
 * The URL of a playlist, on the host that the dashboard was opened by.
 * @param {ServedHls | null} hls null: listeners are served nowhere
 * @param {string} name
 * @returns {string | undefined}
 */
export function playlistOf(hls, name) {
  if (hls === null) return undefined;
  const { port, tlsPort, path } = hls;
  const at = location.protocol === "https:" ? tlsPort ?? port : port;
  return `${location.protocol}//${location.hostname}:${at}/${path}/${name}/playlist.m3u8`;
}

/**
 * Puts a button and a link into a cell.
 * @param {HTMLElement} cell
 * @param {string} name
 * @param {string} playlist
 */
export function addListening(cell, name, playlist) {
  const listen = actionButton(cell, "Listen", `Listen to ${name}`);
  listen.classList.add("listen");
  listen.addEventListener("click", () => {
    if (player.source === playlist) player.stop();
    else player.listen(playlist, name);
  });
  const page = document.createElement("a");
  page.href = new URL("./", playlist).href;
  page.target = "_blank";
  page.rel = "noopener";
  page.className = "plain";
  page.textContent = "Page";
  page.setAttribute("aria-label", `Page of ${name}, in a new tab`);
  cell.append(page);
}

/**
 * Shows whether it is listened to.
 * @param {HTMLElement} cell
 * @param {string | undefined} playlist
 */
export function showListening(cell, playlist) {
  const listen = cell.querySelector(".listen");
  listen?.setAttribute("aria-pressed", String(player.source === playlist));
}

/**
 * Puts a button into a cell.
 * @param {HTMLElement} cell
 * @param {string} text
 * @param {string} label what it does, for who does not see the row
 * @returns {HTMLButtonElement}
 */
export function actionButton(cell, text, label) {
  const button = document.createElement("button");
  button.className = "plain";
  button.textContent = text;
  button.setAttribute("aria-label", label);
  cell.append(button);
  return button;
}
