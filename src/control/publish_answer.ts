import { isIPv6 } from "node:net";
import { URL_SCHEMES } from "../session/ingest.ts";
import type { Media } from "./schemas.ts";

/** Where clients find this box. */
export interface PublicAddress {
  /** An IP address. */
  readonly ip: string;
  /** Of the control API. */
  readonly controlPort: number;
  readonly rtmpPort: number;
}

/** What is told to who may publish. */
export interface Grant {
  /** Of the API; 3 does not know `control`. */
  readonly version: "0" | "3" | "4";
  readonly name: string;
  readonly media: Media;
  /** Where SRT is waited for; `undefined` where it is not. */
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
  };
}

const RTMP_DEFAULT_PORT = 1935;

export function publishAnswer(grant: Grant, at: PublicAddress): PublishAnswer {
  const { version, name, media, srtPort, key } = grant;
  const { ip, controlPort, rtmpPort } = at;
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
    },
  };
}
