// @ts-check
/// <reference lib="dom" />
// What the lock screen, headphones and media keys show and do.

/**
 * What is told to the system.
 * @typedef {object} Playing
 * @property {"playing" | "paused" | "none"} state
 * @property {string} title
 * @property {string} artist
 * @property {string} [artwork] the URL of a picture
 */

/**
 * Has the system show what is played, and its buttons work.
 * @param {object} options
 * @param {string} options.icon the URL of a square PNG of 512 pixels, for what has no picture
 * @param {() => void} options.play
 * @param {() => void} options.pause
 * @param {() => void} options.stop
 * @returns {(playing: Playing) => void} to be called with what is played, also where it is the same
 */
export function setUpMediaSession({ icon, play, pause, stop }) {
  if (!("mediaSession" in navigator)) return () => {};
  const { mediaSession } = navigator;
  const sized = { sizes: "512x512", type: "image/png" };
  mediaSession.setActionHandler("play", play);
  mediaSession.setActionHandler("pause", pause);
  mediaSession.setActionHandler("stop", stop);
  let announced = "";
  return ({ state, title, artist, artwork }) => {
    mediaSession.playbackState = state;
    const what = JSON.stringify([title, artist, artwork]);
    if (what === announced) return;
    announced = what;
    const src = new URL(artwork ?? icon, location.href).href;
    const picture = artwork === undefined ? { src, ...sized } : { src };
    mediaSession.metadata = new MediaMetadata({ title, artist, artwork: [picture] });
  };
}
