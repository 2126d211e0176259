// @ts-check
/// <reference lib="dom" />
// What hls.js needs where a broadcast changes between AAC and MP3.

/**
 * A track of hls.js: `codec` is empty where the browser takes MP3 as it is; `levelCodec` is that of
 * the first segment.
 * @typedef {{ container: string, codec: string, levelCodec?: string, buffer?: SourceBuffer }} Track
 */

/**
 * Options of an Hls with which it tells the browser that MP3 follows AAC, or AAC MP3. By itself it
 * does not see that where it has no name for MP3, nor where AAC came first.
 * @param {any} Hls
 */
export function withCodecChanges({ DefaultConfig: { bufferController: BufferController } }) {
  return {
    bufferController: class extends BufferController {
      /** @param {string} event @param {{ audio?: Track }} data */
      onBufferCodecs(event, data) {
        /** @type {Track | undefined} */
        const current = this.tracks.audio;
        if (current?.buffer !== undefined) {
          delete current.levelCodec;
          for (const track of [current, data.audio]) {
            if (track?.container === MP3_CONTAINER) track.codec ||= "mp3";
          }
        }
        super.onBufferCodecs(event, data);
      }
    },
  };
}

/**
 * Has a buffer take such a change: the browser knows MP3 by its container alone, and is to go by the
 * timestamps of AAC again behind MP3, which has none.
 * @param {any} hls an Hls of hls.js
 * @param {any} Events the events of hls.js
 */
export function changeCodecs(hls, Events) {
  /** @param {string} _ @param {{ tracks: { audio?: { buffer: SourceBuffer } } }} data */
  const onCreated = (_, { tracks: { audio } }) => {
    if (audio?.buffer.changeType === undefined) return;
    const { buffer } = audio;
    const changeType = buffer.changeType.bind(buffer);
    buffer.changeType = (type) => {
      const isMp3 = type.startsWith(MP3_CONTAINER);
      changeType(isMp3 ? MP3_CONTAINER : type);
      if (!isMp3) buffer.mode = "segments";
    };
  };
  hls.on(Events.BUFFER_CREATED, onCreated);
}

const MP3_CONTAINER = "audio/mpeg";
