/** A client of the statistics server of a running server. */
import assert from "node:assert/strict";
import type { Protocol } from "../../src/session/ingest.ts";
import type { SessionCount } from "../../src/stat/statistics/statistics.ts";
import type { EchoServer } from "./echo_server.ts";

/** An answer of the statistics server: its status, and all of its body. */
export type StatAnswer = readonly [status: number, body: unknown];

/** Asks `server` for what is at `path`, which is JSON. */
export async function askStat(server: EchoServer, path: string): Promise<StatAnswer> {
  const response = await fetch(`http://${server.host}:${server.statPort}${path}`);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.match(response.headers.get("server") ?? "", /^Echo\/\d/);
  return [response.status, await response.json()];
}

/** What Prometheus gets of `server`. */
export async function metricsOf(server: EchoServer): Promise<string> {
  const response = await fetch(`http://${server.host}:${server.statPort}/metrics`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return await response.text();
}

/** The answer for a session that there is not. */
export const NO_SESSION: StatAnswer = [404, { code: 404, message: "session not found" }];

/** How many inputs and outputs there are. */
export function counts(
  { srt = 0, rtmp = 0, icecast = 0 }: Partial<Readonly<Record<Protocol, number>>>,
  hls: number,
  record: number,
): SessionCount {
  const total = srt + rtmp + icecast;
  return {
    total: total + hls + record,
    input: { total, srt, rtmp, icecast },
    output: { total: hls + record, hls, record },
  };
}
