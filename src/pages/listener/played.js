// @ts-check
/// <reference lib="dom" />
// The list of what was played before.

/** @typedef {import("./show.js").ShownTitle} ShownTitle */

/** What is shown now, to know what has changed. */
let shown = "";

/**
 * Shows what was heard before what is heard now. The compact page has no room for it.
 * @param {ShownTitle[]} titles the latest first
 */
export function renderPlayed(titles) {
  const played = document.getElementById("played");
  const list = played?.querySelector("ol");
  const what = titles.map(({ at }) => at).join();
  if (!played || !list || what === shown) return;
  shown = what;
  played.hidden = titles.length === 0;
  list.replaceChildren(...titles.map(entry));
}

/** @param {ShownTitle} played */
function entry({ title, artist, at }) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.dateTime = at;
  time.textContent = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  item.append(time);
  const song = document.createElement("p");
  for (const text of [title, artist]) {
    if (text === null) continue;
    const span = document.createElement("span");
    span.dir = "auto";
    span.textContent = text;
    song.append(span);
  }
  item.append(song);
  return item;
}
