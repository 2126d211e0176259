// @ts-check
/// <reference lib="dom" />
// What the lock screen, headphones and media keys show and do.

/**
 * What is told to the system.
 * @typedef {object} Playing
 * @property {"playing" | "paused" | "none"} state
 * @property {string} title
 * @property {string} artist
 */

/**
 * Has the system show what is played, and its buttons work.
 * @param {object} options
 * @param {string} options.artwork the URL of a square PNG of 512 pixels
 * @param {() => void} options.play
 * @param {() => void} options.pause
 * @param {() => void} options.stop
 * @returns {(playing: Playing) => void} to be called with what is played, also where it is the same
 */
export function setUpMediaSession({ artwork, play, pause, stop }) {
  if (!("mediaSession" in navigator)) return () => {};
  const { mediaSession } = navigator;
  const src = new URL(artwork, location.href).href;
  mediaSession.setActionHandler("play", play);
  mediaSession.setActionHandler("pause", pause);
  mediaSession.setActionHandler("stop", stop);
  let announced = "";
  return ({ state, title, artist }) => {
    mediaSession.playbackState = state;
    const what = JSON.stringify([title, artist]);
    if (what === announced) return;
    announced = what;
    mediaSession.metadata = new MediaMetadata({
      title,
      artist,
      artwork: [{ src, sizes: "512x512", type: "image/png" }],
    });
  };
}
