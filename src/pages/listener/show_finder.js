// @ts-check
// Which shows somebody looks for, and in which order.

/** @typedef {import("./show.js").ShowStatus} ShowStatus */

/** From so many shows on, they can be searched and sorted. */
export const MANY_SHOWS = 12;

/**
 * The shows in which all words of `search` occur: in the name, the title or the artist.
 * @param {readonly ShowStatus[]} shows those that began first come first
 * @param {object} wanted
 * @param {string} wanted.search
 * @param {string} wanted.order `start`: as they are; `name`; `listeners`: the most first
 */
export function findShows(shows, { search, order }) {
  const words = plain(search).split(/\s+/);
  const found = shows.filter(({ name, title, artist }) => {
    const text = plain(`${name} ${title ?? ""} ${artist ?? ""}`);
    return words.every((word) => text.includes(word));
  });
  const compare = ORDERS[order];
  return compare === undefined ? found : found.sort(compare);
}

/** @type {Record<string, (a: ShowStatus, b: ShowStatus) => number>} */
const ORDERS = {
  name: (a, b) => titleOf(a).localeCompare(titleOf(b), undefined, { numeric: true }),
  listeners: (a, b) => b.listeners - a.listeners,
};

/** @param {ShowStatus} show */
function titleOf({ title, name }) {
  return title ?? name;
}

/** Without case and accents. @param {string} text */
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
