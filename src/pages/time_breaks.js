// @ts-check
/// <reference lib="dom" />
// What a browser needs where the timestamps of a broadcast begin anew: after a restart of the
// server, after the DJ's return, or after a change of the audio's format.

/**
 * Resets the browser's parser before it reads a segment with another discontinuity sequence number,
 * in which timestamps begin anew. Without that, WebKitGTK drops audio with earlier timestamps.
 * @param {any} hls an Hls of hls.js
 * @param {any} Events the events of hls.js
 * @param {() => void} onBreak called when the first segment of new timestamps is in the buffer
 */
export function resetAtBreaks(hls, Events, onBreak = () => {}) {
  /** @type {number | undefined} */
  let continuity;
  /** @type {SourceBuffer | undefined} */
  let buffer;
  /** @param {number} cc the discontinuity sequence number, as hls.js has it */
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
 * Resets the parser of `buffer` (Media Source Extensions 3.5.4), once it can be reset.
 * @param {SourceBuffer | undefined} buffer
 */
function resetParser(buffer) {
  if (buffer === undefined) return;
  if (buffer.updating) {
    buffer.addEventListener("updateend", () => resetParser(buffer), { once: true });
  } else buffer.abort();
}
