/**
 * Source clients of Debian that are no part of the tests, how each is set up, and what it cannot do.
 */
import { type Client, END_ALL, SHELL } from "./client.ts";
import { liquidsoapScript } from "./sources.ts";
import { SOUND_CLIENTS } from "./sound_programs.ts";

function ezstream(protocol: "HTTP" | "ICY", format: "MP3" | "AAC"): Client {
  return {
    program: "ezstream",
    isShoutcast: protocol === "ICY",
    files: ({ port, password, name, mp3 }) => ({
      "ezstream.xml": `<ezstream>
<servers><server><protocol>${protocol}</protocol><hostname>127.0.0.1</hostname><port>${port}</port>
<password>${password}</password></server></servers>
<streams><stream><mountpoint>/${name}</mountpoint><format>${format}</format></stream></streams>
<intakes><intake><filename>${mp3}</filename></intake></intakes>
</ezstream>`,
    }),
    command: ({ folder }) => ["ezstream", "-c", `${folder}/ezstream.xml`],
  };
}

function gstreamer(protocol: "http" | "icy" | "xaudiocast"): Client {
  return {
    program: "gst-launch-1.0",
    isShoutcast: protocol === "icy",
    command: ({ port, password, name, mp3 }) => [
      ...["gst-launch-1.0", "filesrc", `location=${mp3}`, "!", "mpegaudioparse", "!"],
      ...["shout2send", "ip=127.0.0.1", `port=${port}`, `password=${password}`, `mount=${name}`],
      `protocol=${protocol}`,
    ],
  };
}

function mpd(protocol: "icecast2" | "shoutcast", encoder: "lame" | "aac"): Client {
  return {
    program: "mpd",
    isShoutcast: protocol === "shoutcast",
    files: ({ port, password, name, folder, mp3 }) => ({
      "mpd.conf": `zeroconf_enabled "no"
bind_to_address "${folder}/socket"
decoder {
  plugin "wildmidi"
  enabled "no"
}
audio_output {
  type "shout"
  name "Echo"
  host "127.0.0.1"
  port "${port}"
  mount "/${name}"
  password "${password}"
  bitrate "128"
  encoder "${encoder}"
  format "44100:16:2"
  protocol "${protocol}"
  always_on "yes"
}
`,
      "play": mp3,
    }),
    command: ({ folder }) => [
      ...SHELL,
      [
        END_ALL,
        "mpd --no-daemon --stderr mpd.conf & mpd=$!",
        `until [ -S ${folder}/socket ]; do kill -0 $mpd || exit; sleep 0.2; done; sleep 1`,
        'mpc -q add "$(cat play)" && mpc -q repeat on && mpc -q play',
        "wait",
      ].join("\n"),
    ],
    env: ({ folder }) => ({ MPD_HOST: `${folder}/socket` }),
  };
}

function liquidsoap(by: "SOURCE" | "Shoutcast", codec: "mp3" | "aac"): Client {
  return {
    program: "liquidsoap",
    codec,
    isShoutcast: by === "Shoutcast",
    command: (run) => ["liquidsoap", liquidsoapScript([{ ...run, by, codec }])],
  };
}

/** All of them, by the names of their broadcasts. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  "ezstream": ezstream("HTTP", "MP3"),
  "ezstream-shoutcast": ezstream("ICY", "MP3"),
  "ezstream-aac": { ...ezstream("HTTP", "AAC"), unable: /unsupported stream format/ },
  "gstreamer": gstreamer("http"),
  "gstreamer-shoutcast": gstreamer("icy"),
  "gstreamer-xaudiocast": {
    ...gstreamer("xaudiocast"),
    refusal: /Cannot take the request: it is none/,
  },
  "gstreamer-aac": {
    program: "gst-launch-1.0",
    command: () => ["gst-launch-1.0", "audiotestsrc", "!", "voaacenc", "!", "shout2send"],
    unable: /could not link voaacenc0 to shout2send0/,
  },
  "mpd": mpd("icecast2", "lame"),
  "mpd-shoutcast": mpd("shoutcast", "lame"),
  "mpd-aac": { ...mpd("icecast2", "aac"), unable: /No such encoder|couldn't find .*encoder/i },
  "liquidsoap-aac": liquidsoap("SOURCE", "aac"),
  "liquidsoap-shoutcast": liquidsoap("Shoutcast", "mp3"),
  "liquidsoap-shoutcast-aac": liquidsoap("Shoutcast", "aac"),
  "liquidsoap-fdkaac": {
    program: "liquidsoap",
    command: () => ["liquidsoap", "output.dummy(mksafe(noise())) ignore(%fdkaac)"],
    unable: /Unsupported format|unsupported encoder/i,
  },
  ...SOUND_CLIENTS,
  "ices2": {
    program: "ices2",
    files: ({ port, password, name, folder, mp3 }) => ({
      "ices.xml": `<ices><background>0</background><logpath>${folder}</logpath>
<logfile>ices.log</logfile><loglevel>4</loglevel><consolelog>1</consolelog>
<stream><metadata><name>ices</name></metadata>
<input><module>playlist</module><param name="type">basic</param>
<param name="file">${folder}/list</param></input>
<instance><hostname>127.0.0.1</hostname><port>${port}</port><password>${password}</password>
<mount>/${name}</mount></instance></stream></ices>`,
      "list": `${mp3.replace(/mp3$/, "ogg")}\n`,
    }),
    command: ({ mp3, folder }) => [
      "sh",
      "-c",
      `ffmpeg -v error -i '${mp3}' -t 60 -c:a libvorbis '${mp3.replace(/mp3$/, "ogg")}'; ` +
      `exec ices2 ${folder}/ices.xml`,
    ],
    refusal: /Cannot publish: application\/ogg is not taken here/,
  },
};
