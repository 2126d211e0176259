/** Floods of connections, for a server that runs out of file descriptors. */
import { setTimeout as pause } from "node:timers/promises";
import { SrtCallers } from "../srt/srt_callers.ts";

const HOSTNAME = "127.0.0.1";
/** Between two attempts, or two looks at one. */
const PAUSE_MS = 50;

/**
 * Connections that send nothing and stay, to each of some ports: as many as are taken, up to a
 * limit. Those that are refused or closed are tried again. All are closed at its disposal.
 */
export class Flood implements AsyncDisposable {
  /** Attempts so far, by port. */
  readonly attempts = new Map<number, number>();
  readonly #over = new AbortController();
  readonly #running: Promise<unknown>;

  /** @param atATime connections to each port */
  constructor(ports: readonly number[], atATime: number) {
    this.#running = Promise.all(ports.flatMap((port) => {
      return Array.from({ length: atATime }, () => this.#keepConnected(port));
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #keepConnected(port: number): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      this.attempts.set(port, (this.attempts.get(port) ?? 0) + 1);
      try {
        using conn = await Deno.connect({ hostname: HOSTNAME, port, signal });
        const close = () => conn.close();
        signal.addEventListener("abort", close);
        // Resolves when the server closes it.
        await conn.read(new Uint8Array(1)).finally(() =>
          signal.removeEventListener("abort", close)
        );
      } catch (error) {
        if (!isEnd(error) && !signal.aborted) throw error;
      }
      await pause(PAUSE_MS);
    }
  }
}

/** Callers of an SRT port that name no broadcast, each followed by another, until its disposal. */
export class SrtFlood implements AsyncDisposable {
  attempts = 0;
  readonly #callers = new SrtCallers();
  readonly #running: Promise<unknown>;
  #over = false;

  constructor(port: number, atATime: number) {
    const address = { hostname: HOSTNAME, port };
    this.#running = Promise.all(Array.from({ length: atATime }, async () => {
      while (!this.#over) {
        this.attempts++;
        const caller = this.#callers.call(address);
        while (caller.end === undefined && !this.#over) await pause(PAUSE_MS);
        caller.close();
      }
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#running;
    this.#callers.close();
  }
}

/** Whether the HTTP server on `port` answers whoever comes. */
export async function serves(port: number): Promise<boolean> {
  try {
    using conn = await Deno.connect({ hostname: HOSTNAME, port });
    await conn.write(new TextEncoder().encode("OPTIONS * HTTP/1.0\r\n\r\n"));
    return await conn.read(new Uint8Array(1)) !== null;
  } catch (error) {
    if (!isEnd(error)) throw error;
    return false;
  }
}

function isEnd(error: unknown): boolean {
  const { ConnectionRefused, ConnectionReset, BrokenPipe } = Deno.errors;
  return [ConnectionRefused, ConnectionReset, BrokenPipe].some((kind) => error instanceof kind);
}
