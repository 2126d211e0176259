/** Sessions by the rules that most tests need; a test names only what it is about. */
import { KeyStore } from "../../src/session/key_store.ts";
import type { SessionPolicy } from "../../src/session/session_policy.ts";
import { SessionManager, type SessionManagerOptions } from "../../src/session/session_manager.ts";

/** What a test gives of the options; what it leaves out has a value of its own here. */
export interface SessionSetup extends Partial<Omit<SessionManagerOptions, "policy">> {
  readonly clock: SessionManagerOptions["clock"];
  readonly events: SessionManagerOptions["events"];
  readonly policy?: Partial<Omit<SessionPolicy, "waitMs">> & {
    readonly waitMs?: Partial<SessionPolicy["waitMs"]>;
  };
}

/** Anybody may publish, 10 sessions at a time, which hold for 30 s; keys never expire. */
export function sessionManager({ policy, ...options }: SessionSetup): SessionManager {
  return new SessionManager({
    keys: new KeyStore(options.clock, 0),
    auth: "open",
    maxSessions: 10,
    maxWaiting: 10,
    ...options,
    policy: { ...POLICY, ...policy, waitMs: { ...POLICY.waitMs, ...policy?.waitMs } },
  });
}

const POLICY: SessionPolicy = {
  holdMs: 30_000,
  firstWaitMs: 1_800_000,
  unheardWaitMs: 30_000,
  waitMs: { rtmp: 30_000, icecast: 30_000, srt: 1_800_000 },
  deadAir: { afterMs: 20_000, belowDb: -45 },
  timeline: { maxDelayMs: 10_000, targetMs: 1000 },
};
