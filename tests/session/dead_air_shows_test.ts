/**
 * Dead air in whole shows, encoded and fed to a session faster than they would be sent: every silence
 * is found, and neither speech nor quiet music is taken for one. `DEAD_AIR_MINUTES` says how long shows
 * are.
 */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { EventKind, SessionEvent } from "../../src/session/events.ts";
import { EventBus } from "../../src/session/events.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { accessUnits } from "../../testing/audio/access_units.ts";
import { mp3Frames } from "../../testing/audio/mp3_streams.ts";
import {
  encodeProgramme,
  music,
  noise,
  type Programme,
  speech,
  together,
  zeros,
} from "../../testing/audio/programmes.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";

const SECONDS = 60 * Number(Deno.env.get("DEAD_AIR_MINUTES") ?? 2);
/** At this rate, frames last a whole number of milliseconds. */
const RATE = 32_000;

/** Silence lasts so long in shows that have some, and so does sound between. */
const SILENCE_S = 40;
const SOUND_S = 30;
/** Every real silence is found within this time. */
const FOUND_WITHIN_S = 25;
/** Sound has to last for 2 s, and the last second is judged together. */
const OVER_WITHIN_S = 4;

interface Show {
  readonly config: AudioConfig;
  readonly frames: readonly Uint8Array[];
}

/** What shows are encoded to. */
const ENCODINGS: Readonly<Record<string, (programme: Programme) => Promise<Show>>> = {
  "AAC-LC, 64 kb/s": async (programme) => {
    const output = ["-c:a", "aac", "-b:a", "64k", "-f", "adts"];
    return accessUnits(await encodeProgramme(programme, { rate: RATE, output }));
  },
  "MP3, 64 kb/s": async (programme) => {
    const output = ["-c:a", "libmp3lame", "-b:a", "64k", "-write_xing", "0", "-f", "mp3"];
    return mp3Frames(await encodeProgramme(programme, { rate: RATE, output }));
  },
};

for (const [encoding, encode] of Object.entries(ENCODINGS)) {
  Deno.test(`speech is no dead air, however long: ${encoding}`, async () => {
    const show = speech({ rate: RATE, seconds: SECONDS, levelDb: -28 });
    assert.deepEqual(told(await encode(show)), []);
  });

  Deno.test(`quiet music is no dead air, however long: ${encoding}`, async () => {
    const show = music({ rate: RATE, seconds: SECONDS, levelDb: -25 });
    assert.deepEqual(told(await encode(show)), []);
  });

  Deno.test(`every silence is found within ${FOUND_WITHIN_S} s: ${encoding}`, async () => {
    const rounds = Math.max(1, Math.floor(SECONDS / 2 / (SOUND_S + SILENCE_S)));
    const events = told(await encode(withSilences(rounds)));
    assert.equal(events.length, 4 * rounds);
    events.forEach(({ kind, second }, i) => {
      const isSilent = i % 2 === 0;
      assert.equal(kind, isSilent ? "dead-air" : "sound");
      const turn = SOUND_S + (i >> 1) * (SOUND_S + SILENCE_S) + (isSilent ? 0 : SILENCE_S);
      const within = isSilent ? FOUND_WITHIN_S : OVER_WITHIN_S;
      assert.ok(second > turn && second <= turn + within, `${kind} at ${second}, not ${turn}`);
    });
  });
}

/** Sound and digital silence, sound and hiss, so many times, and sound at last. */
function* withSilences(rounds: number): Programme {
  const sound = { rate: RATE, seconds: SOUND_S, levelDb: -25 };
  const silence = { rate: RATE, seconds: SILENCE_S, levelDb: -55 };
  for (let i = 0; i < rounds; i++) {
    yield* together(speech(sound), zeros(silence), music(sound), noise(silence));
  }
  yield* speech(sound);
}

/** What a session tells of how loud a show is, each with the second of the show. */
function told({ config, frames }: Show): { kind: EventKind; second: number }[] {
  const clock = new FakeClock();
  const events = new EventBus();
  const found: { kind: EventKind; second: number }[] = [];
  events.subscribe(({ kind }: SessionEvent) => {
    if (kind === "dead-air" || kind === "sound") {
      found.push({ kind, second: clock.monotonic() / 1000 });
    }
  });
  const sessions = sessionManager({ clock, events });
  const transport = { protocol: "rtmp", address: "192.0.2.1", close: () => {} } as const;
  const ingest = sessions.publish({ name: "show", key: undefined, transport });
  ingest.configure(config);
  for (const frame of frames) {
    ingest.write(frame, clock.monotonic());
    clock.advanceSync(config.samplesPerFrame * 1000 / config.sampleRate);
  }
  sessions.stop("shutdown", SERVER_REASON);
  return found;
}
