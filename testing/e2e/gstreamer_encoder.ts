/** GStreamer as a DJ. */
import { Child } from "../child.ts";

/** A DJ: sends a file of ADTS in real time, and says goodbye at its end or on SIGINT. */
export class GStreamerEncoder extends Child {
  /** @param url of RTMP, or of SRT with a stream id */
  constructor(file: string, url: string) {
    const source = ["filesrc", `location=${file}`, "!", "aacparse", "!", "clocksync", "!"];
    super("gst-launch-1.0", ["-e", ...source, ...sinkOf(url)]);
  }
}

function sinkOf(url: string): string[] {
  if (!url.startsWith("srt:")) {
    return ["flvmux", "streamable=true", "!", "rtmp2sink", `location=${url}`];
  }
  const [uri = "", streamId = ""] = url.split("?streamid=");
  return ["mpegtsmux", "!", "srtsink", `uri=${uri}`, `streamid=${streamId}`];
}
