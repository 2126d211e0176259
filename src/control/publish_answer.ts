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
  /** `undefined` where no sources of Icecast are taken. */
  readonly icecastPort?: number | undefined;
  /** What is served over TLS too; nothing by default. */
  readonly secure?: SecureAddress | undefined;
}

/** Where clients find this box over TLS; a port is `undefined` where there is none. */
export interface SecureAddress {
  readonly controlPort: number | undefined;
  readonly rtmpsPort: number | undefined;
  /**
   * Whether the certificate is for a host. Clients are told the host by which they asked where it is,
   * else the address as ever.
   */
  readonly isFor: (host: string) => boolean;
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
    /** What is typed into sources of Icecast. */
    readonly icecast?: {
      readonly url: string;
      readonly mount: string;
      readonly user: string;
      readonly password: string;
    };
  };
}

/** What sources of Icecast call themselves where nobody says otherwise. */
const SOURCE_USER = "source";

const RTMP_DEFAULT_PORT = 1935;

/**
 * Makes the answer.
 * @param asked the URL of the request
 */
export function publishAnswer(grant: Grant, at: PublicAddress, asked: URL): PublishAnswer {
  const { version, name, media, srtPort, key } = grant;
  const { ip, controlPort, rtmpPort, icecastPort, secure } = at;
  const ipv6 = isIPv6(ip);
  const host = ipv6 ? `[${ip}]` : ip;
  const rtmpHost = rtmpPort === RTMP_DEFAULT_PORT ? host : `${host}:${rtmpPort}`;
  const secureHost = secure?.isFor(asked.hostname) ? asked.hostname : host;
  const control = asked.protocol === "https:" && secure?.controlPort !== undefined
    ? `https://${secureHost}:${secure.controlPort}`
    : `http://${host}:${controlPort}`;
  const type = ipv6 ? "IPv6" : "IPv4";
  return {
    publish: {
      name,
      ...(version === "3" ? {} : { control: `${control}/echo/${version}` }),
      transports: srtPort === undefined ? [] : [{ type, address: ip, port: srtPort }],
      media,
      rtmp: { url: `${URL_SCHEMES.rtmp}${rtmpHost}/${name}`, name: key },
      ...(secure?.rtmpsPort === undefined
        ? {}
        : { rtmps: { url: `rtmps://${secureHost}:${secure.rtmpsPort}/${name}`, name: key } }),
      ...(icecastPort === undefined ? {} : {
        icecast: {
          url: `http://${host}:${icecastPort}/${name}`,
          ...{ mount: `/${name}`, user: SOURCE_USER, password: key },
        },
      }),
    },
  };
}
