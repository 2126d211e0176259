/** Keeps what goes wrong in low latency away from the broadcast. */
import type { FrameTap } from "../segmenter.ts";

/**
 * Hands on what `tap` is told of, until it throws for the first time: the way of frames goes on then.
 * @param onError called with what it threw, once
 */
export function guardedTap(tap: FrameTap, onError: (error: unknown) => void): FrameTap {
  let isBroken = false;
  const guarded = <T extends unknown[]>(call: (...values: T) => void) => (...values: T): void => {
    if (isBroken) return;
    try {
      call(...values);
    } catch (error) {
      isBroken = true;
      onError(error);
    }
  };
  return {
    configure: guarded((config) => tap.configure(config)),
    begin: guarded((segment) => tap.begin(segment)),
    write: guarded((data) => tap.write(data)),
    end: guarded(() => tap.end()),
  };
}
