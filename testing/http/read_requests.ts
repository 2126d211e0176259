/** Requests as the reader gives them, for tests that compare. */
import assert from "node:assert/strict";
import { HttpError } from "../../src/http/http_error.ts";
import { MAX_HEAD_BYTES, type RequestHead } from "../../src/http/request_head.ts";
import { RequestReader } from "../../src/http/request_reader.ts";
import { requestUrl } from "../../src/http/request_target.ts";

/** A request that was read. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

/** What became of bytes. */
export interface Reading {
  /** Those that came whole. */
  readonly requests: readonly ReadRequest[];
  /** Why nothing more is taken. */
  readonly refused: number | undefined;
}

/** Has `pieces` read one after the other, up to the last request of the connection. */
export function readRequests(pieces: Iterable<Uint8Array>): Reading {
  const reader = new RequestReader();
  const requests: ReadRequest[] = [];
  let open: { request: ReadRequest; body: string } | undefined;
  let isLast = false;
  let remembered: RequestHead | undefined;
  const takeAll = () => {
    for (;;) {
      if (open === undefined) {
        const repeated = reader.repeatedTarget;
        const head = isLast ? undefined : reader.nextHead();
        if (head === undefined) return;
        if (repeated !== undefined) checkRepeated(repeated, head, remembered);
        if (head.method === "GET" && head.body === 0) reader.rememberHead(remembered = head);
        const { method, target, fields } = head;
        if (target !== "*") requestUrl(head, { scheme: "http", ownHost: "echo" });
        open = { request: { method, target, fields, body: "" }, body: "" };
        isLast = !head.keepAlive;
      }
      for (let piece = reader.nextBody(); piece !== undefined; piece = reader.nextBody()) {
        open.body += latin1(piece);
      }
      if (!reader.isBodyOver) return;
      requests.push({ ...open.request, body: open.body });
      open = undefined;
    }
  };
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length && !(isLast && open === undefined);) {
        const { space } = reader;
        assert.ok(space.length <= MAX_HEAD_BYTES, "it holds no more than a head has");
        const count = Math.min(space.length, piece.length - at);
        space.set(piece.subarray(at, at + count));
        reader.added(count);
        at += count;
        takeAll();
      }
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { requests, refused: error.status };
  }
  return { requests, refused: undefined };
}

/** A head that is recognised without being parsed has to be what parsing makes of it. */
function checkRepeated(target: string, head: RequestHead, remembered?: RequestHead): void {
  assert.deepEqual(head, { ...remembered, target });
}

/** `bytes` cut in two at each place, and byte by byte. */
export function* splits(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** The bytes of a text that has a character each. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
