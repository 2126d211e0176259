/**
 * systemd's end of the notification socket (unix(7), recv(2)), of which Deno has no stable one.
 *
 * @module
 */

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_DONTWAIT = 0x40;
const MAX_BYTES = 4096;

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** What a service sends to systemd. */
export class NotifyReceiver implements Disposable {
  readonly #libc = Deno.dlopen("libc.so.6", SYMBOLS);
  readonly #descriptor: number;
  readonly #messages: string[] = [];

  /** @param name a path, or `@` and the name of an abstract socket */
  constructor(name: string) {
    this.#descriptor = this.#libc.symbols.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    const path = new TextEncoder().encode(name.replace(/^@/, "\0"));
    const address = new Uint8Array([AF_UNIX, 0, ...path]);
    if (this.#libc.symbols.bind(this.#descriptor, address, address.length) !== 0) {
      this[Symbol.dispose]();
      throw new Error(`Cannot bind ${name}`);
    }
  }

  /** All that came so far, a message each. */
  get messages(): readonly string[] {
    const buffer = new Uint8Array(MAX_BYTES);
    for (;;) {
      const { recv } = this.#libc.symbols;
      const length = Number(recv(this.#descriptor, buffer, BigInt(MAX_BYTES), MSG_DONTWAIT));
      if (length < 0) return this.#messages;
      this.#messages.push(new TextDecoder().decode(buffer.subarray(0, length)));
    }
  }

  /** All lines of all messages. */
  get lines(): readonly string[] {
    return this.messages.flatMap((message) => message.split("\n"));
  }

  [Symbol.dispose](): void {
    this.#libc.symbols.close(this.#descriptor);
    this.#libc.close();
  }
}
