/**
 * Where encoders find this box, by its configuration.
 *
 * @module
 */
import { isIPv6 } from "node:net";
import type { Config } from "../config.ts";
import type { EncoderHost } from "../encoders/encoder_settings.ts";
import { isLoopback } from "../http/addresses.ts";

/** By what clients reach this box. */
export interface ReachedBy {
  /**
   * The name or address that the box was asked for by, as URLs have it: clients are told none that
   * others cannot reach, where it was left unset.
   */
  readonly asked?: string | undefined;
  /** Whether the certificate is for a host; `undefined` where there is none. */
  readonly isCertified?: ((host: string) => boolean) | undefined;
}

/** RTMP over TLS is told under a host that the certificate is for: encoders take no other. */
export function encoderHost(config: Config, { asked, isCertified }: ReachedBy = {}): EncoderHost {
  const { control, icecast, rtmp, srt, tls } = config;
  const { publicIp } = control;
  const told = isIPv6(publicIp) ? `[${publicIp}]` : publicIp;
  const host = asked !== undefined && isLoopback(publicIp) ? asked : told;
  const certified = [asked, host].find((one) => one !== undefined && isCertified?.(one));
  const hasRtmps = rtmp.enabled && tls.rtmpsAddr !== "off" && certified !== undefined;
  return {
    host,
    rtmpPort: rtmp.enabled ? rtmp.addr.port : undefined,
    rtmps: hasRtmps ? { host: certified, port: tls.rtmpsAddr.port } : undefined,
    icecastPort: icecast.enabled ? icecast.addr.port : undefined,
    srtPort: control.enabled ? srt.addr.port : undefined,
    passphrase: srt.passphrase,
  };
}
