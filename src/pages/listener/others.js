// @ts-check
/// <reference lib="dom" />
// What else is on air, for those who find a show off air. Where the list of shows is public.

import { Polling } from "./polling.js";
import { findShows } from "./show_finder.js";
import { ShowRows } from "./show_rows.js";

/** @typedef {import("./show.js").ShowStatus} ShowStatus */

const POLL_MS = 10_000;
/** The list of all of them is behind a link. */
const MOST = 5;

/**
 * Finds where others are shown.
 * @param {object} options
 * @param {string} options.name the broadcast of this page
 * @param {Record<string, string>} options.labels what states are called
 * @returns {(isWanted: boolean) => void} shows others, or no longer; to be called every second or so
 */
export function setUpOthers({ name, labels }) {
  const section = document.getElementById("others");
  const list = section?.querySelector("ul");
  if (!section || !list) return () => {};
  const { index = "", folder = "" } = section.dataset;
  const rows = new ShowRows(list, { folder, labels });
  let isWanted = false;
  let isAsking = false;

  /** @type {Polling<{ shows: ShowStatus[] }>} */
  const polling = new Polling(`${index}index.json`, {
    intervalMs() {
      isAsking = isWanted && !document.hidden;
      return isAsking ? POLL_MS : Infinity;
    },
    onAnswer(answer) {
      const others = (answer?.shows ?? []).filter((show) => show.name !== name);
      rows.render(findShows(others, { search: "", order: "listeners" }).slice(0, MOST));
      section.hidden = !isWanted || others.length === 0;
    },
  });

  return (wanted) => {
    isWanted = wanted;
    if (!wanted) section.hidden = true;
    else if (!isAsking && !document.hidden) {
      isAsking = true;
      polling.now();
    }
    rows.tick();
  };
}
