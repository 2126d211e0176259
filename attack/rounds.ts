/** What is tried on which server. */
import type { Attack, Phase } from "./attack.ts";
import { deafSecureReaders } from "./deaf_secure.ts";
import { configurationChanges, teardownRounds, titles } from "./floods.ts";
import { basicGuesses, bearerGuesses, keyGuesses, signInGuesses } from "./guesses.ts";
import { handshakes } from "./handshakes.ts";
import { SECURE_WEB_SLOTS, slowBodies, unreadErrors, waitingRequests } from "./http2_requests.ts";
import { oddRequests, oddStreams } from "./odd_inputs.ts";
import {
  garbageFlood,
  halfOpenSources,
  ICECAST_SLOTS,
  oddSources,
  oddTitles,
  slowSources,
  tinyChunks,
} from "./icecast.ts";
import { DESCRIPTORS, descriptors, fullDisk, standstill } from "./shortages.ts";
import {
  eventStreams,
  requestsOfOne,
  reservations,
  RTMP_SLOTS,
  rtmpSlots,
  rtmpSlotsOfMany,
  WEB_SLOTS,
} from "./slots.ts";
import { deafReaders, deafReceivers, slowHttp } from "./slow_http.ts";
import { RTMP_TIMEOUT_SECONDS, slowRtmp } from "./slow_rtmp.ts";
import { inductionsOnly, silentSrt, SRT_TIMEOUT_SECONDS, srtNoise } from "./slow_srt.ts";
import type { Credentials } from "./target.ts";
import { BACKEND, LISTENER, wrongTokens } from "./tokens.ts";
import { foreignOperator, foreignPublish } from "./websites.ts";

/** A server of its own, and what it has to stand. */
export interface Round {
  readonly title: string;
  readonly env: Readonly<Record<string, string>>;
  readonly credentials: Credentials;
  readonly descriptors?: number;
  /** Whether it has TLS, and is attacked there. */
  readonly tls?: boolean;
  /** Megabytes of the disk that it writes to; by default that of the temporary folder. */
  readonly diskMegabytes?: number;
  /**
   * How often all of it is done; default: once. What the runtime takes when something is used for the
   * first time it keeps, so then memory is compared with that after the first time.
   */
  readonly times?: number;
  /** Whether it is to be expected that the server logs errors. */
  readonly logsErrors?: boolean;
  readonly phases: readonly Phase[];
}

const SECRETS: Credentials = {
  bearer: "attack-bearer-token",
  basic: "dj:sesame",
  statToken: "attack-operator-token",
};
const NO_SECRETS: Credentials = { bearer: "", basic: "", statToken: "" };

const COMMON = {
  HLS_TARGET_DURATION: "2",
  RTMP_MAX_CONNECTIONS: `${RTMP_SLOTS}`,
  RTMP_CONNECTION_TIMEOUT: `${RTMP_TIMEOUT_SECONDS}`,
  ECHO_SRT_READ_TIMEOUT: `${SRT_TIMEOUT_SECONDS}`,
  TRUSTED_PROXIES: "127.0.0.0/8",
  WEB_MAX_PER_ADDRESS: `${WEB_SLOTS}`,
};

const LOCKED = {
  ...COMMON,
  ECHO_AUTH: "key",
  ECHO_BEARER_TOKEN: SECRETS.bearer,
  STAT_TOKEN: SECRETS.statToken,
};

/** One after the other. */
function inTurn(...attacks: readonly Attack[]): Phase[] {
  return attacks.map((attack) => ({ attacks: [attack] }));
}

/** All rounds, by the name that chooses one. */
export const ROUNDS: Readonly<Record<string, Round>> = {
  keys: {
    title: "keys are needed",
    env: LOCKED,
    credentials: SECRETS,
    phases: [
      ...inTurn(
        rtmpSlots,
        rtmpSlotsOfMany,
        eventStreams,
        requestsOfOne,
        bearerGuesses,
        signInGuesses,
        keyGuesses,
        configurationChanges,
        titles,
        teardownRounds,
        oddRequests,
        oddStreams,
        inductionsOnly,
        srtNoise,
        foreignOperator,
      ),
      { attacks: [...slowHttp, deafReaders, deafReceivers, ...slowRtmp, silentSrt] },
    ],
  },
  passwords: {
    title: "passwords are checked",
    env: { ...COMMON, ECHO_AUTH: "key", ECHO_HTPASSWD_FILE: "users" },
    credentials: { ...NO_SECRETS, basic: SECRETS.basic },
    phases: inTurn(basicGuesses),
  },
  tokens: {
    title: "tokens are checked",
    env: { ...COMMON, ECHO_AUTH: "jwt", HLS_AUTH: "jwt", ECHO_JWKS_FILE: "keys" },
    credentials: { ...NO_SECRETS, bearer: BACKEND, listener: LISTENER },
    phases: inTurn(bearerGuesses, wrongTokens),
  },
  open: {
    title: "anybody may publish, no token",
    env: { ...COMMON, ECHO_AUTH: "open", ECHO_MAX_SESSIONS: "30" },
    credentials: NO_SECRETS,
    phases: [
      ...inTurn(foreignPublish, foreignOperator, eventStreams, reservations, rtmpSlots),
      { attacks: slowRtmp.slice(-1) },
    ],
  },
  icecast: {
    title: "sources of Icecast",
    env: {
      ...{ ...COMMON, ECHO_AUTH: "open", ICECAST_ENABLED: "1" },
      ICECAST_MAX_CONNECTIONS: `${ICECAST_SLOTS}`,
    },
    credentials: NO_SECRETS,
    phases: [
      ...inTurn(oddSources, oddTitles, tinyChunks, garbageFlood, halfOpenSources),
      { attacks: slowSources },
    ],
  },
  descriptors: {
    title: `${DESCRIPTORS} descriptors`,
    env: { ...COMMON, ECHO_AUTH: "open" },
    credentials: NO_SECRETS,
    descriptors: DESCRIPTORS,
    logsErrors: true,
    phases: inTurn(descriptors),
  },
  tls: {
    title: "TLS",
    env: {
      ...{ ...COMMON, ECHO_AUTH: "open", STAT_TOKEN: SECRETS.statToken },
      // Nobody is a proxy: what proxies ask for is answered by the routes each time.
      ...{ TRUSTED_PROXIES: "192.0.2.1", WEB_MAX_PER_ADDRESS: `${SECURE_WEB_SLOTS}` },
    },
    credentials: { ...NO_SECRETS, statToken: SECRETS.statToken },
    tls: true,
    times: 3,
    phases: [
      ...inTurn(rtmpSlots, oddRequests, oddStreams, waitingRequests, handshakes),
      { attacks: [unreadErrors, slowBodies] },
      { attacks: [...slowHttp, ...deafSecureReaders, ...slowRtmp.slice(0, 2)] },
    ],
  },
  "tls-descriptors": {
    title: `TLS with ${DESCRIPTORS} descriptors`,
    env: { ...COMMON, ECHO_AUTH: "open" },
    credentials: NO_SECRETS,
    tls: true,
    descriptors: DESCRIPTORS,
    logsErrors: true,
    phases: inTurn(descriptors),
  },
  standstill: {
    title: "a process that stands still",
    env: { ...COMMON, ECHO_AUTH: "open" },
    credentials: NO_SECRETS,
    phases: [{ attacks: [standstill], excuse: "the process stood still" }],
  },
  disk: {
    title: "a disk of 24 MB",
    env: { ...COMMON, ECHO_AUTH: "open" },
    credentials: NO_SECRETS,
    diskMegabytes: 24,
    logsErrors: true,
    phases: inTurn(fullDisk),
  },
};

/** What the soak attacks again and again; nothing in it needs a key. */
export const SOAK: Round = {
  title: "soak",
  env: {
    ...COMMON,
    ECHO_AUTH: "open",
    RTMP_MAX_CONNECTIONS: "1000",
    ECHO_MAX_SESSIONS: "1000",
    RTMP_CONNECTION_TIMEOUT: "60", // all connect before the first sends
  },
  credentials: NO_SECRETS,
  phases: inTurn(
    eventStreams,
    configurationChanges,
    titles,
    teardownRounds,
    oddRequests,
    oddStreams,
    inductionsOnly,
    srtNoise,
    foreignOperator,
  ),
};

/** What takes longer, and is left out of a short soak. */
export const SLOW_SOAK: Phase = { attacks: [...slowHttp, deafReaders, deafReceivers, silentSrt] };
