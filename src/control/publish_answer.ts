/** What the control API answers to a publish. */
import { isIPv6 } from "node:net";
import { URL_SCHEMES } from "../session/ingest.ts";
import type { Media } from "./schemas.ts";

/** Where clients find this box. */
export interface PublicAddress {
  /** An IP address. */
  readonly ip: string;
  /** The port of the control API. */
  readonly controlPort: number;
  readonly rtmpPort: number;
  /** Where RTMP is taken over TLS, under a name of the certificate; nowhere by default. */
  readonly rtmps?: { readonly host: string | undefined; readonly port: number } | undefined;
}

/** What a client that may publish is told. */
export interface Grant {
  /** The version of the API. In version 3, the answer has no `control`. */
  readonly version: "0" | "3" | "4";
  readonly name: string;
  readonly media: Media;
  /** The port that waits for SRT; `undefined` where none does. */
  readonly srtPort: number | undefined;
  readonly key: string;
}

/** The answer to a publish. */
export interface PublishAnswer {
  readonly publish: {
    readonly name: string;
    readonly control?: string;
    readonly transports: readonly {
      readonly type: "IPv4" | "IPv6";
      readonly address: string;
      readonly port: number;
    }[];
    readonly media: Media;
    readonly rtmp: { readonly url: string; readonly name: string };
    readonly rtmps?: { readonly url: string; readonly name: string };
  };
}

const RTMP_DEFAULT_PORT = 1935;

/** Makes the answer. */
export function publishAnswer(grant: Grant, at: PublicAddress): PublishAnswer {
  const { version, name, media, srtPort, key } = grant;
  const { ip, controlPort, rtmpPort, rtmps } = at;
  const ipv6 = isIPv6(ip);
  const host = ipv6 ? `[${ip}]` : ip;
  const rtmpHost = rtmpPort === RTMP_DEFAULT_PORT ? host : `${host}:${rtmpPort}`;
  const type = ipv6 ? "IPv6" : "IPv4";
  return {
    publish: {
      name,
      ...(version === "3" ? {} : { control: `http://${host}:${controlPort}/echo/${version}` }),
      transports: srtPort === undefined ? [] : [{ type, address: ip, port: srtPort }],
      media,
      rtmp: { url: `${URL_SCHEMES.rtmp}${rtmpHost}/${name}`, name: key },
      ...(rtmps === undefined
        ? {}
        : { rtmps: { url: `rtmps://${rtmps.host ?? host}:${rtmps.port}/${name}`, name: key } }),
    },
  };
}
