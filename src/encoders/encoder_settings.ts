/**
 * What a DJ types into his encoder, or copies: from the same table for the command line and for the
 * dashboard, so that both say the same.
 *
 * @module
 */
import { type Protocol, URL_SCHEMES } from "../session/ingest.ts";
import { PLAIN_APPLICATION } from "../session/typed_text.ts";

/** Where encoders find this box; a door that is shut is `undefined`. */
export interface EncoderHost {
  /** A name or an address, an IPv6 address in brackets. */
  readonly host: string;
  readonly rtmpPort: number | undefined;
  /** RTMP over TLS, which is told in the place of RTMP where there is: it hides the key. */
  readonly rtmps?: { readonly host: string; readonly port: number } | undefined;
  /** Sources of Icecast come in there. */
  readonly icecastPort?: number | undefined;
  readonly srtPort: number | undefined;
  /** What SRT is encrypted with, where it is. */
  readonly passphrase: string | undefined;
}

/** What is published, and what proves the right to it. */
export interface EncoderClaim {
  readonly name: string;
  /** The DJ, where it is his own key. */
  readonly user?: string | undefined;
  /** `undefined` where none is needed. */
  readonly key?: string | undefined;
}

/** One setting: the field where it is typed, and the text. */
export interface EncoderSetting {
  /** The encoder, as users call it. */
  readonly encoder: string;
  readonly field: string;
  readonly text: string;
}

const RTMP_DEFAULT_PORT = 1935;
const FFMPEG = "ffmpeg -re -i FILE -vn -c:a aac -b:a 128k";
const FFMPEG_ICECAST = `${FFMPEG} -f adts -content_type audio/aac`;

/** What sources of Icecast call themselves where they do not ask for a user. */
const SOURCE_USER = "source";
/** They want a password also where any will do. */
const NO_KEY = "any";

/** The settings of each encoder, in the order in which they are shown. */
export function encoderSettings(claim: EncoderClaim, at: EncoderHost): EncoderSetting[] {
  const rtmp = rtmpTarget(claim, at);
  const srt = srtTarget(claim, at);
  return [
    ...(rtmp === undefined ? [] : [
      { encoder: "OBS", field: "Server", text: rtmp.server },
      { encoder: "OBS", field: "Stream key", text: rtmp.streamKey },
      { encoder: "FFmpeg", field: "RTMP", text: `${FFMPEG} -f flv "${rtmp.url}"` },
    ]),
    ...(srt === undefined ? [] : [
      { encoder: "OBS by SRT", field: "Server", text: srt.url },
      { encoder: "FFmpeg", field: "SRT", text: `${FFMPEG} -f mpegts "${srt.url}"` },
    ]),
    ...icecastSettings(claim, at),
    ...larixSettings(claim, at),
  ];
}

/**
 * A link that sets up Larix Broadcaster when it is opened, or scanned as a QR code: RTMP where there
 * is, else SRT (Softvelum's "Larix Grove").
 * @returns `undefined` where there is neither
 */
export function larixLink(claim: EncoderClaim, at: EncoderHost): string | undefined {
  const rtmp = rtmpTarget(claim, at);
  const srt = srtTarget(claim, at);
  if (rtmp === undefined && srt === undefined) return undefined;
  const fields: [string, string | undefined][] = [
    ["name", `Echo ${claim.name}`],
    ["url", rtmp?.url ?? srt?.server],
    ...(rtmp !== undefined || srt === undefined ? [] : [
      ["srtstreamid", srt.streamId],
      ["srtpass", at.passphrase],
    ] satisfies [string, string | undefined][]),
    ["mode", "a"],
    ["overwrite", "on"],
  ];
  const query = fields.flatMap(([field, value]) => {
    return value === undefined ? [] : `conn[][${field}]=${encodeURIComponent(value)}`;
  });
  return `larix://set/v1?${query.join("&")}`;
}

function larixSettings(claim: EncoderClaim, at: EncoderHost): EncoderSetting[] {
  const link = larixLink(claim, at);
  return link === undefined ? [] : [{ encoder: "Larix", field: "Link", text: link }];
}

/** The fields of BUTT, which other sources of Icecast have by similar names, and a URL for FFmpeg. */
function icecastSettings(
  { name, user = SOURCE_USER, key = NO_KEY }: EncoderClaim,
  { host, icecastPort: port }: EncoderHost,
): EncoderSetting[] {
  if (port === undefined) return [];
  const url = `${URL_SCHEMES.icecast}${user}:${key}@${host}:${port}/${name}`;
  return [
    { encoder: "BUTT", field: "Address", text: host.replace(/^\[|\]$/g, "") },
    { encoder: "BUTT", field: "Port", text: `${port}` },
    { encoder: "BUTT", field: "Password", text: key },
    { encoder: "BUTT", field: "IceCast mountpoint", text: name },
    { encoder: "BUTT", field: "IceCast user", text: user },
    { encoder: "FFmpeg", field: "Icecast", text: `${FFMPEG_ICECAST} "${url}"` },
  ];
}

function rtmpTarget({ name, user, key }: EncoderClaim, at: EncoderHost) {
  const address = rtmpAddress(at);
  if (address === undefined) return undefined;
  const server = `${address}/${PLAIN_APPLICATION}`;
  const shown = [
    user === undefined ? undefined : `user=${user}`,
    key === undefined ? undefined : `key=${key}`,
  ].filter((field) => field !== undefined).join("&");
  const streamKey = shown === "" ? name : `${name}?${shown}`;
  return { server, streamKey, url: `${server}/${streamKey}` };
}

function rtmpAddress({ host, rtmpPort, rtmps }: EncoderHost): string | undefined {
  if (rtmps !== undefined) return `rtmps://${rtmps.host}:${rtmps.port}`;
  return rtmpPort === undefined ? undefined : addressOf("rtmp", host, rtmpPort, RTMP_DEFAULT_PORT);
}

function srtTarget(
  { name, user = "", key }: EncoderClaim,
  { host, srtPort: port, passphrase }: EncoderHost,
) {
  if (port === undefined) return undefined;
  const server = addressOf("srt", host, port);
  const streamId = key === undefined ? `publish:${name}` : `publish:${name}:${user}:${key}`;
  const query = [
    `streamid=${encodeURIComponent(streamId).replaceAll("%3A", ":")}`,
    ...(passphrase === undefined ? [] : [`passphrase=${encodeURIComponent(passphrase)}`]),
  ];
  return { server, streamId, url: `${server}?${query.join("&")}` };
}

function addressOf(protocol: Protocol, host: string, port: number, usualPort?: number): string {
  return `${URL_SCHEMES[protocol]}${host}${port === usualPort ? "" : `:${port}`}`;
}
