/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
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

// bcrypt takes up to 0.3 s of the thread that it runs on, so it has one of its own.
self.onmessage = (event: MessageEvent<BcryptQuestion>) => {
  const { id, password, hash } = event.data;
  const answer: BcryptAnswer = { id, matches: bcrypt.compareSync(password, hash) };
  self.postMessage(answer);
};
