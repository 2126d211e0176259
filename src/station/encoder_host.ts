/**
 * Where encoders find this box, by its configuration.
 *
 * @module
 */
import { isIPv6 } from "node:net";
import type { Config } from "../config.ts";
import type { EncoderHost } from "../encoders/encoder_settings.ts";
import { isLoopback } from "../http/addresses.ts";

/**
 * @param asked by which name or address the box was asked for, as URLs have it: what clients are told
 *   is none that others reach, where it was left unset
 */
export function encoderHost({ control, rtmp, srt }: Config, asked?: string): EncoderHost {
  const { publicIp } = control;
  const told = isIPv6(publicIp) ? `[${publicIp}]` : publicIp;
  return {
    host: asked !== undefined && isLoopback(publicIp) ? asked : told,
    rtmpPort: rtmp.enabled ? rtmp.addr.port : undefined,
    srtPort: control.enabled ? srt.addr.port : undefined,
    passphrase: srt.passphrase,
  };
}
