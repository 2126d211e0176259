// @ts-check
/// <reference lib="dom" />
// What a browser needs where a broadcast counts time anew: after a restart, a return, a change.

/**
 * Resets the browser's parser before it reads a segment that counts time anew (another
 * discontinuity sequence number): WebKitGTK drops whatever is earlier than what it began with.
 * @param {any} hls an Hls of hls.js
 * @param {any} Events the events of hls.js
 * @param {() => void} onBreak called when the first segment behind such a place is in the buffer
 */
export function resetAtBreaks(hls, Events, onBreak = () => {}) {
  /** @type {number | undefined} */
  let continuity;
  /** @type {SourceBuffer | undefined} */
  let buffer;
  /** @param {number} cc hls.js counts discontinuities by it */
  const isBreak = (cc) => continuity !== undefined && continuity !== cc;
  /** @param {string} _ @param {{ tracks: { audio?: { buffer: SourceBuffer } } }} data */
  const onCreated = (_, { tracks }) => buffer = tracks.audio?.buffer;
  /** @param {string} _ @param {{ frag: { cc: number } }} data */
  const onLoading = (_, { frag }) => {
    if (isBreak(frag.cc)) resetParser(buffer);
  };
  /** @param {string} _ @param {{ frag: { cc: number } }} data */
  const onBuffered = (_, { frag }) => {
    if (isBreak(frag.cc)) onBreak();
    continuity = frag.cc;
  };
  hls.on(Events.BUFFER_CREATED, onCreated);
  hls.on(Events.FRAG_LOADING, onLoading);
  hls.on(Events.FRAG_BUFFERED, onBuffered);
}

/**
 * See Media Source Extensions 3.5.4.
 * @param {SourceBuffer | undefined} buffer
 */
function resetParser(buffer) {
  if (buffer === undefined) return;
  if (buffer.updating) {
    buffer.addEventListener("updateend", () => resetParser(buffer), { once: true });
  } else buffer.abort();
}
