/** A client of the control API of a running server. */
import assert from "node:assert/strict";

/** What a client of the control API asks. */
export interface ControlRequest {
  readonly method: string;
  /** Behind `/echo/4/`. */
  readonly path: string;
  /** As JSON, where there is one. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What it was told. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Asks the control API at `address`, `HOST:PORT`. */
export async function ask(address: string, request: ControlRequest): Promise<ControlAnswer> {
  const response = await send(address, request);
  return { status: response.status, body: await response.json() };
}

/** What a client needs to publish. */
export interface Grant {
  readonly key: string;
  /** The session's own; `undefined` for RTMP. */
  readonly srtPort: number | undefined;
  /** Where it publishes by SRT on that port. */
  readonly srtAddress: string | undefined;
  /** Stands for the session, in the headers of further requests. */
  readonly cookie: Readonly<Record<"Cookie", string>>;
}

/**
 * Asks for the session of `name`.
 * @param options `cookie`: of an earlier grant, which a name that is on air asks for
 * @throws where it is not granted
 */
export async function reserve(
  address: string,
  name: string,
  { protocol, authorization = "", cookie }: {
    readonly protocol: "srt" | "rtmp";
    readonly authorization?: string;
    readonly cookie?: Grant["cookie"];
  },
): Promise<Grant> {
  const format = protocol === "srt" ? "aac" : "flv";
  const response = await send(address, {
    method: "POST",
    path: `publish/${name}`,
    body: { media: { type: "audio", protocol, format }, ...reason(0, "on air") },
    headers: { Authorization: authorization, ...cookie },
  });
  const { publish } = await response.json();
  assert.equal(response.status, 200);
  return {
    key: publish.rtmp.name,
    srtPort: publish.transports[0]?.port,
    srtAddress: publish.transports[0]?.address,
    cookie: { Cookie: response.headers.getSetCookie()[0]?.split(";")[0] ?? "" },
  };
}

/** The body of pause, resume and teardown. */
export function reason(code: number, message: string): Record<"reason", unknown> {
  return { reason: { code, message } };
}

/** The answer to a question after the state of a session that is there. */
export function stateOf(name: string, state: string): ControlAnswer {
  return { status: 200, body: { state: { name, state } } };
}

function send(address: string, { method, path, body, headers }: ControlRequest): Promise<Response> {
  return fetch(`http://${address}/echo/4/${path}`, {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
}
