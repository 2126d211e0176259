/** The core of the server: sessions, events, and what else doors, outputs and web servers use. */
import type { Config } from "../config.ts";
import { DjAuthority } from "../dj/dj_authority.ts";
import { djLine } from "../dj/dj_list.ts";
import { FallbackFiles } from "../fallback/fallback_files.ts";
import { derivedKey } from "../fleet/derived_key.ts";
import { SignedKeys } from "../fleet/ownership/signed_keys.ts";
import { Listeners } from "../hls/listeners.ts";
import { Hooks } from "../hook/hooks.ts";
import type { ConnectionLimits } from "../http/connection_limits.ts";
import { ListeningSockets } from "../listening/listening_sockets.ts";
import type { Authority } from "../session/authority.ts";
import type { Clock } from "../session/clock.ts";
import { logEvent } from "../session/log_events.ts";
import { EventBus } from "../session/events.ts";
import { type Keys, KeyStore } from "../session/key_store.ts";
import type { AuthMode } from "../session/publish_rights.ts";
import { SessionManager } from "../session/session_manager.ts";
import { Health } from "../stat/health.ts";
import type { CertificateFiles } from "../tls/certificate_files.ts";
import { TokenAuthority } from "../tokens/token_authority.ts";
import type { Reload } from "./reload.ts";
import { type Fleet, openFleet } from "./fleet.ts";
import { Stops } from "./stops.ts";
import { openCertificate } from "./tls.ts";
import { openTokens, type Tokens } from "./tokens.ts";
import { connectionLimits, reloadOf } from "./web_limits.ts";

/** A key lives this part longer than a session may last. */
const KEY_GRACE = 1 / 60;

/** How long a name stays taken for who published it and never sent any audio. */
const UNHEARD_WAIT_MS = 30_000;

/** What the other parts are built on. */
export interface Core {
  readonly config: Config;
  readonly clock: Clock;
  /** Whoever starts something adds how to stop it. */
  readonly stops: Stops;
  readonly events: EventBus;
  readonly keys: Keys;
  /** Who is asked who may publish; `undefined` where nobody is. */
  readonly authority: Authority | undefined;
  /** Lets DJs in, where the mode is that. */
  readonly djs: DjAuthority;
  /** Checks tokens; `undefined` where nobody is let in by one. */
  readonly tokens: Tokens | undefined;
  /** What is heard instead of DJs; none is read yet. */
  readonly fallbacks: FallbackFiles;
  readonly sessions: SessionManager;
  /** Applies the limits on sessions. */
  readonly reloadLimits: Reload;
  /** What is wrong at the moment. */
  readonly health: Health;
  readonly sockets: ListeningSockets;
  readonly hooks: Hooks;
  /** Applies where hooks go and what signs them. */
  readonly reloadHooks: Reload;
  readonly listeners: Listeners;
  /** Of the HTTP servers. */
  readonly webLimits: ConnectionLimits;
  /** Applies them. */
  readonly reloadWebLimits: Reload;
  /** What doors with TLS have; `undefined` where there are none. */
  readonly certificate: CertificateFiles | undefined;
  /** What makes this box one of several; `undefined` where it is alone. */
  readonly fleet: Fleet | undefined;
}

/**
 * Makes the core. Nobody can reach it yet.
 * @throws {CertificateError}
 */
export async function startCore(config: Config, clock: Clock): Promise<Core> {
  const certificate = await openCertificate(config, clock);
  const stops = new Stops();
  stops.add(() => certificate?.close());
  const events = new EventBus();
  const health = new Health();
  const sockets = new ListeningSockets(clock);
  health.add("listening", () => sockets.problems);
  // Before all others, so that it hears of their end.
  const hooks = new Hooks({ clock, events, ...config.hook });
  stops.add(() => hooks.close());
  health.add("hook", () => hooks.failing ? ["The hook server does not take events"] : []);
  health.add("tls", () => certificate?.problems ?? []);
  const djs = new DjAuthority({ clock });
  const keys = openKeys(config, clock, djs);
  const tokens = openTokens({ config, clock, stops, health });
  const authorities: Partial<Record<AuthMode, Authority | undefined>> = {
    hook: hooks.authority,
    dj: djs,
    jwt: tokens && new TokenAuthority({ clock, ...tokens, ...config.tokens }),
  };
  const authority = authorities[config.auth.mode];
  const fallbacks = new FallbackFiles();
  const sessions = new SessionManager({
    clock,
    events,
    keys,
    auth: config.auth.mode,
    authority,
    maxSessions: config.session.maxSessions,
    maxWaiting: config.srt.maxWaiting,
    policy: {
      holdMs: config.hls.holdMs,
      firstWaitMs: config.srt.connectionTimeoutMs,
      waitMs: {
        rtmp: config.hls.holdMs,
        icecast: config.hls.holdMs,
        srt: config.srt.connectionTimeoutMs,
      },
      unheardWaitMs: UNHEARD_WAIT_MS,
      fallback: { source: fallbacks, forMs: config.fallback.forMs },
      deadAir: config.deadAir,
      timeline: { maxDelayMs: config.hls.maxDelayMs, targetMs: config.hls.targetDurationMs },
    },
  });
  events.subscribe(logEvent);
  const webLimits = connectionLimits(config);
  const listeners = new Listeners(config.hls.targetDurationMs, () => clock.awake());
  const fleet = openFleet({
    ...{ config, clock, stops, health, sessions, listeners, keys, events },
  });
  return {
    ...{ config, clock, stops, events, keys, authority, djs, sessions, health, sockets, hooks },
    ...{ certificate, tokens, fallbacks, listeners, fleet },
    reloadLimits: ({ session, srt }) => () => {
      sessions.openness.limits = { maxSessions: session.maxSessions, maxWaiting: srt.maxWaiting };
    },
    reloadHooks: ({ hook }) => () => hooks.replace(hook),
    webLimits,
    reloadWebLimits: reloadOf(webLimits),
  };
}

/** In a fleet each box knows the keys of all. */
function openKeys(
  { auth, control, fleet }: Config,
  clock: Clock,
  djs: Pick<DjAuthority, "list">,
): Keys {
  const lifeMs = auth.ttlMs * (1 + KEY_GRACE);
  if (fleet.redis === undefined) return new KeyStore(clock, lifeMs);
  const rightOf = (user: string) => {
    const dj = djs.list.get(user);
    return dj && djLine(dj);
  };
  return new SignedKeys({
    ...{ clock, lifeMs, signingKey: derivedKey(control.cookieKey, "publish key") },
    rightOf: auth.mode === "dj" ? rightOf : () => "",
  });
}
