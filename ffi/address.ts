/**
 * Addresses as text, and as libsrt wants them (`sockaddr`).
 *
 * @module
 */
/** A UDP address. */
export interface SrtAddress {
  /** IPv4 or IPv6 address as text, without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** `127.0.0.1:9000`, `[::1]:9000`. */
export function formatAddress({ hostname, port }: SrtAddress): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Room for any address that libsrt writes (`sockaddr_storage`). */
export const SOCKADDR_BYTES = 128;

/**
 * The C `sockaddr_in` or `sockaddr_in6` of an address. Names are not resolved.
 * @throws {TypeError} if `hostname` is no IP address
 * @throws {RangeError} if `port` is not 0 to 65535
 */
export function encodeSockaddr({ hostname, port }: SrtAddress): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`Cannot use port: expected an integer of 0 to 65535, got ${port}`);
  }
  const ip = parseIp(hostname);
  const bytes = new Uint8Array(ip.length === 4 ? 16 : 28);
  writeFamily(bytes, ip.length === 4 ? AF_INET : AF_INET6);
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
  bytes.set(ip, ip.length === 4 ? 4 : 8);
  return bytes;
}

/**
 * Reads what libsrt wrote. An IPv4 peer of an IPv6 socket (`::ffff:a.b.c.d`) reads as IPv4.
 * @throws {TypeError} if the family is neither IPv4 nor IPv6
 */
export function decodeSockaddr(bytes: Uint8Array): SrtAddress {
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  const family = readFamily(bytes);
  if (family === AF_INET) return { hostname: bytes.subarray(4, 8).join("."), port };
  if (family === AF_INET6) return { hostname: formatIpv6(bytes.subarray(8, 24)), port };
  throw new TypeError(`Cannot read socket address: expected IPv4 or IPv6, got family ${family}`);
}

const BSD = Deno.build.os === "darwin";
const AF_INET = 2;
const AF_INET6 = BSD ? 30 : 10;

/** Linux has a 16-bit family in the machine's order; BSD, and so macOS, a length and an 8-bit family. */
function writeFamily(sockaddr: Uint8Array, family: number): void {
  sockaddr[0] = BSD ? sockaddr.length : family;
  sockaddr[1] = BSD ? family : 0;
}

function readFamily(sockaddr: Uint8Array): number {
  return sockaddr[BSD ? 1 : 0] ?? 0;
}

function parseIp(hostname: string): number[] {
  const ip = hostname.includes(":") ? parseIpv6(hostname) : parseIpv4(hostname);
  if (ip === undefined) {
    throw new TypeError(
      `Cannot parse address: expected an IPv4 or IPv6 address, got "${hostname}"`,
    );
  }
  return ip;
}

function parseIpv4(text: string): number[] | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const ip = text.split(".").map(Number);
  return ip.every((byte) => byte <= 255) ? ip : undefined;
}

/** `URL` knows every way to write an IPv6 address, and gives back the shortest, in hexadecimal. */
function parseIpv6(text: string): number[] | undefined {
  if (!/^[0-9a-f:.]+$/i.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  const [head = "", tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const groups = (part: string) => part === "" ? [] : part.split(":").map((g) => parseInt(g, 16));
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

function formatIpv6(ip: Uint8Array): string {
  const mapped = ip.subarray(0, 10).every((byte) => byte === 0) && ip[10] === 255 && ip[11] === 255;
  if (mapped) return ip.subarray(12).join(".");
  const view = new DataView(ip.buffer, ip.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
