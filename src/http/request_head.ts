/** The head of a request: where it ends, and what it says. */
import type { Buffer } from "node:buffer";
import { HttpError } from "./http_error.ts";

/** Everything up to and with the empty line. */
export const MAX_HEAD_BYTES = 16_384;
/** Of one request. */
export const MAX_FIELDS = 100;
const MAX_METHOD_LENGTH = 32;
/** Longer lengths are no safe integers. */
const MAX_LENGTH_DIGITS = 15;

const [TAB, LF, CR, SPACE, COLON] = [0x09, 0x0a, 0x0d, 0x20, 0x3a];

/** A header field as it came; its value without the white space around it. */
export type Field = readonly [name: string, value: string];

/** The head of a request (RFC 9112 3 and 5), with what it says of its connection and body. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Of the version: HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
  /** `undefined` where there is none, which HTTP/1.0 allows. */
  readonly host: string | undefined;
  /** How many bytes the body has, or that it comes in chunks. */
  readonly body: number | "chunked";
  /** Whether another request may follow on the connection. */
  readonly keepAlive: boolean;
  /** Whether the client waits for a 100 before it sends the body (RFC 9110 10.1.1). */
  readonly expectsContinue: boolean;
}

/**
 * Where a head ends that begins at `start`.
 * @param from everything before it has been looked at
 * @param end of the bytes that have come
 * @returns the place behind its empty line; `undefined` where that has not come
 * @throws {HttpError} where a line ends with LF alone
 */
export function findHeadEnd(
  bytes: Uint8Array,
  { start, from, end }: { readonly start: number; readonly from: number; readonly end: number },
): number | undefined {
  for (let at = from; at < end; at++) {
    if (bytes[at] !== LF) continue;
    if (at === start || bytes[at - 1] !== CR) throw bad("a line does not end with CRLF");
    if (at - start >= 3 && bytes[at - 2] === LF) return at + 1;
  }
  return undefined;
}

/** The place behind a target that begins at `start`; `end` where it does not end before. */
export function findTargetEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && IS_TARGET[bytes[at] ?? 0] === 1) at++;
  return at;
}

/**
 * Parses the head from `start` to `end`, its empty line included. What can be read in more than one
 * way is refused: whoever stands between client and server may read it in another.
 * @throws {HttpError}
 */
export function parseHead(bytes: Buffer, start: number, end: number): RequestHead {
  const text = bytes.toString("latin1", start, end);
  const lineEnd = text.indexOf("\r\n");
  const { method, target, minor } = parseRequestLine(text.slice(0, lineEnd));
  const facts = new Facts();
  const fields: Field[] = [];
  for (let at = lineEnd + 2; at < text.length - 2;) {
    const next = text.indexOf("\r\n", at);
    if (fields.length === MAX_FIELDS) throw new HttpError(431, "too many header fields");
    const field = parseField(text, at, next);
    facts.note(field);
    fields.push(field);
    at = next + 2;
  }
  return { method, target, minor, fields, ...facts.conclude(minor) };
}

/** All values of a field, in order and with commas between them (RFC 9110 5.3). */
export function fieldText({ fields }: Pick<RequestHead, "fields">, name: string): string {
  return fields.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value).join();
}

/** RFC 9112 3, with single spaces. */
function parseRequestLine(line: string): Pick<RequestHead, "method" | "target" | "minor"> {
  const [method = "", target = "", version = "", ...more] = line.split(" ");
  if (!isMethod(method)) throw bad("the method is none");
  if (more.length > 0 || !TARGET.test(target)) throw bad("the request line is none");
  if (version === "HTTP/1.1") return { method, target, minor: 1 };
  if (version === "HTTP/1.0") return { method, target, minor: 0 };
  if (/^HTTP\/\d\.\d$/.test(version)) throw new HttpError(505, "HTTP/1.1 is spoken here");
  throw bad("the request line is none");
}

/** Methods are tokens; those that there are have capital letters, digits and hyphens. */
export function isMethod(text: string): boolean {
  return text.length <= MAX_METHOD_LENGTH && /^[A-Z][A-Z0-9-]*$/.test(text);
}

/** Whether it may be what a request asks for. */
export function isTarget(text: string): boolean {
  return TARGET.test(text);
}

/** Whether a header field may have that value (RFC 9110 5.5). */
export function isFieldValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) && text.trim() === text;
}

/** Printable ASCII; a fragment is never sent (RFC 9110 7.1). */
const TARGET = /^[\x21\x22\x24-\x7e]+$/;

/** RFC 9112 5.1: no space around the name, no line that goes on with the one before. */
function parseField(text: string, start: number, end: number): Field {
  let at = start;
  while (at < end && IS_TOKEN[text.charCodeAt(at)] === 1) at++;
  if (at === start || text.charCodeAt(at) !== COLON) throw bad("a header field has no proper name");
  const name = text.slice(start, at);
  let from = at + 1;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  for (let i = from; i < to; i++) {
    if (IS_VALUE[text.charCodeAt(i)] !== 1) throw bad("a header field has a control character");
  }
  return [name, text.slice(from, to)];
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** What fields say of the connection and the body. */
class Facts {
  #host: string | undefined;
  #length: number | undefined;
  #chunked = false;
  #closes = false;
  #keeps = false;
  #expectation: string | undefined;

  note([name, value]: Field): void {
    // Most fields are none of these; looking at the length is cheap.
    switch (name.length) {
      case "host".length:
      case "expect".length:
      case "connection".length:
      case "content-length".length:
      case "transfer-encoding".length:
        this.#noteNamed(name.toLowerCase(), value);
    }
  }

  #noteNamed(name: string, value: string): void {
    switch (name) {
      case "host":
        if (this.#host !== undefined) throw bad("there is more than one Host");
        this.#host = value;
        break;
      case "content-length":
        if (this.#length !== undefined) throw bad("there is more than one Content-Length");
        if (!/^\d+$/.test(value) || value.length > MAX_LENGTH_DIGITS) {
          throw bad("the Content-Length is no length");
        }
        this.#length = Number(value);
        break;
      case "transfer-encoding":
        if (this.#chunked || value.toLowerCase() !== "chunked") {
          throw bad("the Transfer-Encoding is not chunked alone");
        }
        this.#chunked = true;
        break;
      case "connection":
        for (const option of value.toLowerCase().split(",")) {
          if (option.trim() === "close") this.#closes = true;
          if (option.trim() === "keep-alive") this.#keeps = true;
        }
        break;
      case "expect":
        if (this.#expectation !== undefined) throw bad("there is more than one Expect");
        this.#expectation = value.toLowerCase();
    }
  }

  conclude(minor: 0 | 1): Omit<RequestHead, "method" | "target" | "minor" | "fields"> {
    if (minor === 1 && this.#host === undefined) throw bad("there is no Host");
    // RFC 9112 6.1: what stands behind such a request may be another one, for somebody.
    if (this.#chunked && this.#length !== undefined) {
      throw bad("there are Content-Length and Transfer-Encoding");
    }
    if (this.#chunked && minor === 0) throw bad("HTTP/1.0 has no Transfer-Encoding");
    const expectation = minor === 1 ? this.#expectation : undefined;
    if (expectation !== undefined && expectation !== "100-continue") {
      throw new HttpError(417, "that expectation is not met here");
    }
    return {
      host: this.#host,
      body: this.#chunked ? "chunked" : this.#length ?? 0,
      keepAlive: !this.#closes && (minor === 1 || this.#keeps),
      expectsContinue: expectation !== undefined,
    };
  }
}

function bad(why: string): HttpError {
  return new HttpError(400, why);
}

const IS_TARGET = tableOf(TARGET);
/** RFC 9110 5.6.2. */
const IS_TOKEN = tableOf(/[!#$%&'*+.^_`|~0-9A-Za-z-]/);
/** RFC 9110 5.5: visible characters, spaces, tabs, and what is not ASCII. */
const IS_VALUE = tableOf(/[\t\x20-\x7e\x80-\xff]/);

/** 1 for each character up to U+00FF that matches. */
function tableOf(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, i) => pattern.test(String.fromCharCode(i)) ? 1 : 0);
}
