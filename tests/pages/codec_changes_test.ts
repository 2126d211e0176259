/** What makes hls.js change between AAC and MP3. */
import assert from "node:assert/strict";
import { changeCodecs, withCodecChanges } from "../../src/pages/codec_changes.js";

/** A track of hls.js, as far as it matters here. */
interface Track {
  container: string;
  codec: string;
  levelCodec?: string;
  buffer?: SourceBuffer;
}

/** As much of hls.js' own controller as is needed: it notes which codecs it is told. */
class BufferController {
  tracks: { audio?: Track } = {};
  told: [before: string | undefined, now: string | undefined][] = [];

  onBufferCodecs(_: string, { audio }: { audio?: Track }): void {
    const { codec, levelCodec } = this.tracks.audio ?? {};
    this.told.push([levelCodec ?? codec, audio?.codec]);
  }
}

function controller(): BufferController {
  const Hls = { DefaultConfig: { bufferController: BufferController } };
  const made: unknown = new (withCodecChanges(Hls).bufferController)();
  assert.ok(made instanceof BufferController);
  return made;
}

const buffer = {} as SourceBuffer;

Deno.test("MP3 that the browser takes as it is has a name beside AAC", () => {
  const hls = controller();
  hls.tracks.audio = {
    container: "audio/mp4",
    codec: "mp4a.40.2",
    levelCodec: "mp4a.40.2",
    buffer,
  };
  hls.onBufferCodecs("", { audio: { container: "audio/mpeg", codec: "" } });
  hls.tracks.audio = { container: "audio/mpeg", codec: "", levelCodec: "mp4a.40.2", buffer };
  hls.onBufferCodecs("", { audio: { container: "audio/mp4", codec: "mp4a.40.2" } });
  assert.deepEqual(hls.told, [["mp4a.40.2", "mp3"], ["mp3", "mp4a.40.2"]]);
});

Deno.test("the first buffer is made as hls.js makes it", () => {
  const hls = controller();
  hls.onBufferCodecs("", { audio: { container: "audio/mpeg", codec: "" } });
  hls.onBufferCodecs("", {});
  assert.deepEqual(hls.told, [[undefined, ""], [undefined, undefined]]);
});

Deno.test("a buffer of MP3 is told its container alone, and one of AAC goes by timestamps", () => {
  const types: string[] = [];
  const buffer = { mode: "sequence", changeType: (type: string) => types.push(type) };
  const handlers = new Map<string, (event: string, data: unknown) => void>();
  changeCodecs(
    {
      on: (event: string, handle: (event: string, data: unknown) => void) =>
        handlers.set(event, handle),
    },
    { BUFFER_CREATED: "created" },
  );
  handlers.get("created")?.("created", { tracks: {} });
  handlers.get("created")?.("created", { tracks: { audio: { buffer } } });
  buffer.changeType("audio/mpeg;codecs=mp3");
  assert.equal(buffer.mode, "sequence");
  buffer.changeType("audio/mp4;codecs=mp4a.40.2");
  assert.equal(buffer.mode, "segments");
  assert.deepEqual(types, ["audio/mpeg", "audio/mp4;codecs=mp4a.40.2"]);
});
