/** GStreamer as a DJ, by its own RTMP or by librtmp, which OBS has too. */
import { Child } from "../child.ts";

/** A DJ: sends a file of ADTS in real time, and says goodbye at its end or on SIGINT. */
export class GStreamerEncoder extends Child {
  /** @param url of RTMP, or of SRT with a stream id; with RTMPS any certificate is taken */
  constructor(file: string, url: string, rtmpSink: "rtmp2sink" | "rtmpsink" = "rtmp2sink") {
    const source = ["filesrc", `location=${file}`, "!", "aacparse", "!", "clocksync", "!"];
    super("gst-launch-1.0", ["-e", ...source, ...sinkOf(url, rtmpSink)]);
  }
}

function sinkOf(url: string, rtmpSink: string): string[] {
  if (!url.startsWith("srt:")) {
    const trust = url.startsWith("rtmps:") && rtmpSink === "rtmp2sink"
      ? ["tls-validation-flags=0"]
      : [];
    return ["flvmux", "streamable=true", "!", rtmpSink, `location=${url}`, ...trust];
  }
  const [uri = "", streamId = ""] = url.split("?streamid=");
  return ["mpegtsmux", "!", "srtsink", `uri=${uri}`, `streamid=${streamId}`];
}
