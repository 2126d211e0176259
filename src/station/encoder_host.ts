/**
 * Where encoders find this box, by its configuration.
 *
 * @module
 */
import { isIPv6 } from "node:net";
import type { Config } from "../config.ts";
import type { EncoderHost } from "../encoders/encoder_settings.ts";

/** @param host the name or address by which the box is reached; by default the one clients are told */
export function encoderHost(
  { control, rtmp, srt }: Config,
  host: string = control.publicIp,
): EncoderHost {
  return {
    host: isIPv6(host) ? `[${host}]` : host,
    rtmpPort: rtmp.enabled ? rtmp.addr.port : undefined,
    srtPort: control.enabled ? srt.addr.port : undefined,
    passphrase: srt.passphrase,
  };
}
