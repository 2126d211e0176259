/** Programs that send to Icecast, as DJs have them. */
import { Child } from "../child.ts";

/** Where a source sends, and by what it is let in. */
export interface SourcePlace {
  readonly port: number;
  readonly name: string;
  readonly password: string;
}

/** FFmpeg: sends a file in real time as it is, `.aac` or `.mp3`, by PUT or by SOURCE, or over TLS. */
export class FfmpegSource extends Child {
  constructor(
    file: string,
    { port, name, password }: SourcePlace,
    by: "PUT" | "SOURCE" | "TLS" = "PUT",
  ) {
    const format = file.endsWith(".mp3")
      ? ["-f", "mp3"]
      : ["-f", "adts", "-content_type", "audio/aac"];
    super("ffmpeg", [
      ...["-hide_banner", "-nostdin", "-v", "warning", "-re", "-i", file, "-c", "copy"],
      ...[...format, ...WAYS[by]],
      `icecast://source:${password}@127.0.0.1:${port}/${name}`,
    ]);
  }
}

/** What FFmpeg is told for each way. It takes any certificate. */
const WAYS = { PUT: [], SOURCE: ["-legacy_icecast", "1"], TLS: ["-tls", "1"] };

/** `shout` of libshout: sends a file of MP3 in real time. */
export class ShoutSource extends Child {
  constructor(file: string, { port, name, password }: SourcePlace) {
    const place = `-H 127.0.0.1 -P ${port} --user source --pass ${password} --mount /${name}`;
    // The order of these counts.
    super("sh", ["-c", `exec shout ${place} --usage audio --format mp3 < "${file}"`]);
  }
}

/** An output of {@link LiquidsoapSource}. */
export interface LiquidsoapOutput extends SourcePlace {
  readonly by: "SOURCE" | "PUT" | "PUT in chunks" | "Shoutcast";
  readonly codec: "mp3" | "aac";
}

/** Liquidsoap: encodes a tone that changes, and sends it to several mounts. */
export class LiquidsoapSource extends Child {
  constructor(outputs: readonly LiquidsoapOutput[]) {
    super("liquidsoap", [liquidsoapScript(outputs)]);
  }
}

/** What Liquidsoap is to do: sends a tone to all of `outputs`. */
export function liquidsoapScript(outputs: readonly LiquidsoapOutput[]): string {
  return [
    "settings.init.allow_root.set(true)",
    "settings.log.stdout.set(true)",
    "radio = mksafe(amplify(0.5, add([sine(440.), sine(duration=1.5, 660.)])))",
    ...outputs.map(outputLine),
  ].join("\n");
}

function outputLine({ port, name, password, by, codec }: LiquidsoapOutput): string {
  const encoder = codec === "mp3"
    ? "%mp3(bitrate=96)"
    : '%ffmpeg(format="adts", %audio(codec="aac", b="96k")), format="audio/aac"';
  const place = `${encoder}, host="127.0.0.1", port=${port}, password="${password}"`;
  if (by === "Shoutcast") return `output.shoutcast(${place}, radio)`;
  const method = by === "SOURCE" ? "source" : "put";
  return `output.icecast(${place}, mount="${name}", method="${method}", chunked=${
    by === "PUT in chunks"
  }, radio)`;
}
