/** What an encoder says of itself in its command `connect` (RTMP 1.0 7.2.1.1). */
import { isIPv6 } from "node:net";
import type { AmfObject } from "./amf_value.ts";

/** Enhanced RTMP v2, CapsExMask: requests to reconnect are understood. */
export const RECONNECT = 0x01;

export interface ConnectFacts {
  /** The application, what stands behind the host in the URL; empty where there is none. */
  readonly app: string;
  /** Whether it asks in terms of Enhanced RTMP. */
  readonly isEnhanced: boolean;
  /**
   * Whether it can be asked to reconnect at the address of another server. Who came by TLS knows
   * this one by a name that its certificate is for, and a certificate is seldom for an address.
   */
  readonly canReconnect: boolean;
}

/** Before `connect`. */
export const NO_FACTS: ConnectFacts = { app: "", isEnhanced: false, canReconnect: false };

/** Reads the properties of `connect`. */
export function connectFacts(properties: AmfObject): ConnectFacts {
  const { app, tcUrl, fourCcList, audioFourCcInfoMap, capsEx } = properties;
  const isSecure = typeof tcUrl === "string" && /^rtmps:/i.test(tcUrl);
  const understands = typeof capsEx === "number" && (capsEx & RECONNECT) !== 0;
  return {
    app: typeof app === "string" ? app : "",
    isEnhanced: [fourCcList, audioFourCcInfoMap, capsEx].some((value) => value !== undefined),
    canReconnect: understands && !isSecure,
  };
}

/** The `tcUrl` by which an encoder finds the same application on another server. */
export function reconnectUrl({ app }: ConnectFacts, host: string, port: number): string {
  return `rtmp://${isIPv6(host) ? `[${host}]` : host}:${port}/${app}`;
}
