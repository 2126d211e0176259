/**
 * Dead air in whole shows, encoded and fed to a session faster than they would be sent: every silence
 * is found, and neither speech nor classical music is taken for one. `DEAD_AIR_MINUTES` says how long
 * shows are, and has them encoded in more ways.
 */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { EventKind, SessionEvent } from "../../src/session/events.ts";
import { EventBus } from "../../src/session/events.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import type { DeadAirLimits } from "../../src/session/dead_air.ts";
import { accessUnits } from "../../testing/audio/access_units.ts";
import { classical, pianissimo } from "../../testing/audio/classical.ts";
import { shipped } from "../../testing/audio/encoded_streams.ts";
import { encodeByFdkaac, isFdkaacInstalled } from "../../testing/audio/fdkaac.ts";
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

const MINUTES = Deno.env.get("DEAD_AIR_MINUTES");
const IS_LONG = MINUTES !== undefined;
const SECONDS = 60 * Number(MINUTES ?? 2);
const HAS_FDKAAC = await isFdkaacInstalled();
/** At this rate, frames last a whole number of milliseconds. */
const RATE = 32_000;

/** Silence lasts so long in shows that have some, and so does sound between. */
const SILENCE_S = 40;
const SOUND_S = 30;
/** Every real silence is found within this time. */
const FOUND_WITHIN_S = 25;
/** Digital silence is found after 10 s, and the last second is judged together. */
const ZERO_WITHIN_S = 12;
/** Sound has to last for 2 s, and the last second is judged together. */
const OVER_WITHIN_S = 4;

const NONE = new Uint8Array();

interface Show {
  readonly config: AudioConfig;
  readonly frames: readonly Uint8Array[];
}

interface Encoding {
  readonly title: string;
  /** Whether there is no encoder for it. */
  readonly ignore: boolean;
  readonly encode: (programme: Programme) => Promise<Show>;
}

const aac = (title: string, options: string): Encoding => {
  const output = ["-c:a", "aac", ...options.split(" "), "-f", "adts"];
  const encode = async (programme: Programme) => {
    return accessUnits(await encodeProgramme(programme, { rate: RATE, output }));
  };
  return { title, ignore: false, encode };
};
const mp3 = (title: string, options: string): Encoding => {
  const output = ["-c:a", "libmp3lame", ...options.split(" "), "-write_xing", "0", "-f", "mp3"];
  const encode = async (programme: Programme) => {
    return mp3Frames(await encodeProgramme(programme, { rate: RATE, output }));
  };
  return { title, ignore: false, encode };
};
const fdk = (title: string, channels: 1 | 2, options: string): Encoding => {
  const encode = async (programme: Programme) => {
    const how = { rate: RATE, channels, options: options.split(" ") };
    return accessUnits(await encodeByFdkaac(programme, how));
  };
  return { title: `${title}, by fdkaac`, ignore: !HAS_FDKAAC, encode };
};

/** What shows are encoded to: a constant and a variable bitrate, and all there is where they are long. */
const ENCODINGS: readonly Encoding[] = [
  aac("AAC-LC, 64 kb/s", "-b:a 64k"),
  mp3("MP3, VBR", "-q:a 4"),
  ...!IS_LONG ? [] : [
    aac("AAC-LC, VBR", "-q:a 1"),
    mp3("MP3, 64 kb/s", "-b:a 64k"),
    fdk("HE-AAC, 32 kb/s", 1, "-p 5 -b 32000"),
    fdk("HE-AAC, VBR", 2, "-p 5 -m 3"),
    fdk("HE-AAC v2, 32 kb/s", 2, "-p 29 -b 32000"),
  ],
];

for (const { title, ignore, encode } of ENCODINGS) {
  Deno.test(`speech is no dead air, however long: ${title}`, { ignore }, async () => {
    const show = speech({ rate: RATE, seconds: SECONDS, levelDb: -28 });
    assert.deepEqual(told(await encode(show)), []);
  });

  Deno.test(`classical music is no dead air, however long: ${title}`, { ignore }, async () => {
    const show = classical({ rate: RATE, seconds: SECONDS, levelDb: -15 });
    assert.deepEqual(told(await encode(show)), []);
  });

  Deno.test(`every silence is found within ${FOUND_WITHIN_S} s: ${title}`, { ignore }, async () => {
    const rounds = Math.max(1, Math.floor(SECONDS / 2 / (SOUND_S + SILENCE_S)));
    const events = told(await encode(withSilences(rounds)));
    assert.equal(events.length, 4 * rounds);
    const late = events.map(({ kind, second }, i) => {
      const isSilent = i % 2 === 0;
      assert.equal(kind, isSilent ? "dead-air" : "sound");
      const turn = SOUND_S + (i >> 1) * (SOUND_S + SILENCE_S) + (isSilent ? 0 : SILENCE_S);
      const within = isSilent ? FOUND_WITHIN_S : OVER_WITHIN_S;
      assert.ok(second > turn && second <= turn + within, `${kind} at ${second}, not ${turn}`);
      return second - turn;
    });
    if (!IS_LONG) return;
    const most = (first: number, each: number) => {
      return Math.max(...late.filter((_, i) => i % each === first)).toFixed(1);
    };
    console.log(
      `${title}: ${2 * rounds} silences, found within ${
        most(0, 4)
      } s where they are digital, and ` +
        `${most(2, 4)} s where there is hiss; over within ${most(1, 2)} s`,
    );
  });
}

Deno.test("a pianissimo that lasts is dead air, unless a lower level is asked for", async () => {
  const show = pianissimo({ rate: RATE, seconds: 40, levelDb: -52 });
  const { encode } = aac("", "-b:a 64k");
  const encoded = await encode(show);
  assert.deepEqual(told(encoded).map(({ kind }) => kind), ["dead-air"]);
  assert.deepEqual(told(encoded, { afterMs: 20_000, belowDb: -60 }), []);
  assert.deepEqual(told(encoded, { afterMs: 60_000, belowDb: -45 }), []);
});

for (const kind of ["he-aac-v1_44100_stereo_64k", "he-aac-v2_44100_stereo_32k"]) {
  Deno.test(`digital silence of HE-AAC is found in 10 s, as encoders send it: ${kind}`, async () => {
    const { config, frames } = await shipped(`${kind}.aac`);
    const silence = await shipped(`${kind}_silence.aac`);
    const frameS = config.samplesPerFrame / config.sampleRate;
    const some = (seconds: number, frames: readonly Uint8Array[]) => {
      return Array.from({ length: seconds / frameS }, (_, i) => frames[i % frames.length] ?? NONE);
    };
    const show = [...some(5, frames), ...some(20, silence.frames), ...some(5, frames)];
    const events = told({ config, frames: show });
    assert.deepEqual(events.map(({ kind }) => kind), ["dead-air", "sound"]);
    const [found, over] = events.map(({ second }) => second);
    assert.ok(found && found > 15 && found <= 5 + ZERO_WITHIN_S, `found at ${found}`);
    assert.ok(over && over > 25 && over <= 25 + OVER_WITHIN_S, `over at ${over}`);
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
function told(
  { config, frames }: Show,
  deadAir: DeadAirLimits = { afterMs: 20_000, belowDb: -45 },
): { kind: EventKind; second: number }[] {
  const clock = new FakeClock();
  const events = new EventBus();
  const found: { kind: EventKind; second: number }[] = [];
  events.subscribe(({ kind }: SessionEvent) => {
    if (kind === "dead-air" || kind === "sound") {
      found.push({ kind, second: clock.monotonic() / 1000 });
    }
  });
  const sessions = sessionManager({ clock, events, policy: { deadAir } });
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
