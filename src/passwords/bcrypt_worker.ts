/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** The worker that compares passwords with bcrypt hashes. */
import bcrypt from "bcryptjs";

/** What the worker is asked. */
export interface BcryptQuestion {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

/** What the worker answers. */
export interface BcryptAnswer {
  readonly id: number;
  readonly matches: boolean;
}

// One comparison keeps its thread busy for up to 0.3 s, so it runs in a thread of its own.
self.onmessage = (event: MessageEvent<BcryptQuestion>) => {
  const { id, password, hash } = event.data;
  const answer: BcryptAnswer = { id, matches: bcrypt.compareSync(password, hash) };
  self.postMessage(answer);
};
