/**
 * A unix datagram socket to the service manager, whose sending never waits. It is made by libc,
 * because Deno's own sockets of this kind need a file for this end too, and are marked unstable.
 */
export class NotifySocket {
  readonly #libc: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #descriptor: number;
  readonly #address: Uint8Array<ArrayBuffer>;

  /**
   * @param name a path, or `@` and the name of an abstract socket
   * @throws where no such socket can be opened
   */
  constructor(name: string) {
    this.#address = socketAddress(name);
    this.#libc = Deno.dlopen(LIBC, SYMBOLS);
    this.#descriptor = this.#libc.symbols.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (this.#descriptor >= 0) return;
    this.#libc.close();
    throw new Error("Cannot open a unix socket");
  }

  /** @returns whether all of `message` was taken */
  send(message: string): boolean {
    const bytes = new TextEncoder().encode(message);
    const sent = this.#libc.symbols.sendto(
      this.#descriptor,
      bytes,
      BigInt(bytes.length),
      MSG_DONTWAIT_NOSIGNAL,
      this.#address,
      this.#address.length,
    );
    return sent === BigInt(bytes.length);
  }

  /** What the clock shows that systemd goes by, in microseconds. */
  monotonicUs(): bigint {
    const time = new BigInt64Array(2);
    this.#libc.symbols.clock_gettime(CLOCK_MONOTONIC, time);
    const [seconds = 0n, nanoseconds = 0n] = time;
    return seconds * 1_000_000n + nanoseconds / 1000n;
  }

  close(): void {
    this.#libc.symbols.close(this.#descriptor);
    this.#libc.close();
  }
}

const LIBC = "libc.so.6";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "isize",
  },
  close: { parameters: ["i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

// unix(7), send(2) and clock_gettime(2) on Linux, which is where systemd is.
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
/** With these flags a call neither waits nor raises SIGPIPE. */
const MSG_DONTWAIT_NOSIGNAL = 0x4040;
const CLOCK_MONOTONIC = 1;
/** `sun_path` of `struct sockaddr_un`, without a NUL at its end. */
const MAX_PATH_BYTES = 107;

/**
 * `struct sockaddr_un`: the family, and a path or, behind a NUL, the name of an abstract socket.
 */
function socketAddress(name: string): Uint8Array<ArrayBuffer> {
  const path = new TextEncoder().encode(name.replace(/^@/, "\0"));
  if (!/^[@/]./.test(name) || path.length > MAX_PATH_BYTES) {
    throw new Error(`Cannot use the socket: expected /PATH or @NAME, got ${JSON.stringify(name)}`);
  }
  const address = new Uint8Array(2 + path.length);
  address.set(new Uint8Array(Uint16Array.of(AF_UNIX).buffer));
  address.set(path, 2);
  return address;
}
