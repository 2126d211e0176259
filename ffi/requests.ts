/**
 * What a listener decides about callers before it accepts them.
 *
 * @module
 */
import { decodeSockaddr, formatAddress, type SrtAddress } from "./address.ts";
import { SRT_ERROR, SRT_REJX_ISE } from "./constants.ts";
import type { SrtHook, SrtLibrary } from "./library.ts";

/** A caller whose handshake waits for an answer. */
export interface SrtRequest {
  readonly peer: SrtAddress;
  /** The stream id that the caller gave; empty if none. */
  readonly streamId: string;
}

/**
 * Decides about a caller: the code that it is refused with (`SRT_REJX_…`), or `undefined` to let it
 * in. All that comes to this port waits meanwhile, so it has to answer from what is known.
 */
export type AnswerRequest = (request: SrtRequest) => number | undefined;

/**
 * Answers the requests that come to one listener. libsrt asks on a thread of its own, which waits
 * until the event loop has called {@linkcode AnswerRequest}: whoever waits for that thread without
 * turning the event loop waits for ever.
 */
export class RequestHook implements SrtHook {
  readonly #srt: SrtLibrary;
  readonly #listener: number;
  readonly #answer: AnswerRequest;
  readonly #callback: Deno.UnsafeCallback<typeof CALLBACK>;
  /** Callers that were let in and have not been accepted yet, by address. */
  readonly #expected = new Map<string, Expected>();
  #closing: Promise<void> | undefined;

  /**
   * @param listener libsrt's number of a socket that is bound, and does not listen yet
   * @throws {SrtError} if libsrt does not take it
   */
  constructor(srt: SrtLibrary, listener: number, answer: AnswerRequest) {
    this.#srt = srt;
    this.#listener = listener;
    this.#answer = answer;
    this.#callback = new Deno.UnsafeCallback(
      CALLBACK,
      (_opaque, socket, _version, peer, streamId) => this.#decide(socket, peer, streamId),
    );
    try {
      const { symbols } = srt;
      const set = symbols.srt_listen_callback(listener, this.#callback.pointer, null);
      srt.check(set, "answer requests");
    } catch (error) {
      this.#callback.close();
      throw error;
    }
    srt.hooks.add(this);
  }

  /** A caller was accepted. */
  accepted(peer: SrtAddress): void {
    this.#expected.delete(formatAddress(peer));
  }

  /**
   * Callers that were let in and whose handshake failed after that, as with another passphrase: they
   * have not been accepted in all of {@linkcode EXPECTED_LOOKS} looks, of which this is one.
   */
  takeFailed(): SrtAddress[] {
    const failed: SrtAddress[] = [];
    for (const [key, expected] of this.#expected) {
      if (++expected.looks < EXPECTED_LOOKS) continue;
      failed.push(expected.peer);
      this.#expected.delete(key);
    }
    return failed;
  }

  detach(): void {
    this.#srt.symbols.srt_listen_callback(this.#listener, null, null);
  }

  /** Closes the listener too, on another thread, so that who is asked about can still be answered. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    // The only failure is that libsrt has already done away with a broken socket.
    await this.#srt.symbols.srt_close_elsewhere(this.#listener);
    this.#srt.hooks.delete(this);
    this.#callback.close();
  }

  /** @returns what libsrt wants: 0 to let the caller in */
  #decide(socket: number, peer: Deno.PointerValue, streamId: Deno.PointerValue): number {
    try {
      const request = readRequest(peer, streamId);
      const code = this.#answer(request);
      if (code === undefined) {
        this.#expect(request.peer);
        return 0;
      }
      this.#srt.symbols.srt_setrejectreason(socket, code);
    } catch (error) {
      // It must not be thrown into libsrt's thread.
      reportError(error);
      this.#srt.symbols.srt_setrejectreason(socket, SRT_REJX_ISE);
    }
    return SRT_ERROR;
  }

  #expect(peer: SrtAddress): void {
    const key = formatAddress(peer);
    if (!this.#expected.has(key)) this.#expected.set(key, { peer, looks: 0 });
  }
}

/** A caller that is to be accepted soon, and in how many looks it was not. */
interface Expected {
  readonly peer: SrtAddress;
  looks: number;
}

/** Looks come once a second while the poller can accept. */
const EXPECTED_LOOKS = 3;

/** `srt_listen_callback_fn`: (what was given, socket, handshake version, sockaddr, stream id). */
const CALLBACK = {
  parameters: ["pointer", "i32", "i32", "pointer", "pointer"],
  result: "i32",
} as const satisfies Deno.UnsafeCallbackDefinition;

/** As much as an IPv6 address takes, which is in a union with that of IPv4. */
const SOCKADDR_IN6_BYTES = 28;

function readRequest(peer: Deno.PointerValue, streamId: Deno.PointerValue): SrtRequest {
  if (peer === null) throw new TypeError("Cannot read request: it has no address");
  const sockaddr = Deno.UnsafePointerView.getArrayBuffer(peer, SOCKADDR_IN6_BYTES);
  return {
    peer: decodeSockaddr(new Uint8Array(sockaddr)),
    streamId: streamId === null ? "" : Deno.UnsafePointerView.getCString(streamId),
  };
}
