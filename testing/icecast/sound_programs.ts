/** BUTT and DarkIce, which send what a sound card has. */
import { type Client, type ClientRun, END_ALL, SHELL } from "./client.ts";

/** A sound server with a sink that nobody hears, and what is played into it. */
function withSound(run: ClientRun, client: string): readonly string[] {
  return [
    ...SHELL,
    [
      "export PULSE_RUNTIME_PATH=$PWD/pulse PULSE_SERVER=unix:$PWD/pulse/native",
      END_ALL,
      "pulseaudio -n --daemonize=no --exit-idle-time=-1 --use-pid-file=no " +
      "-L 'module-null-sink sink_name=null' -L 'module-native-protocol-unix auth-anonymous=1' &",
      "until pactl info >/dev/null 2>&1; do sleep 0.2; done",
      `ffmpeg -v error -re -i '${run.mp3}' -f wav - | paplay --file-format=wav /dev/stdin &`,
      `${client} &`,
      "wait $!",
    ].join("\n"),
  ];
}

function butt(type: "Shoutcast" | "Icecast"): Client {
  return {
    program: "butt",
    isShoutcast: type === "Shoutcast",
    files: ({ port, password, name }) => ({
      ".asoundrc": "pcm.!default pulse\nctl.!default pulse\n",
      "buttrc": `[main]
server = echo
srv_ent = echo
icy =
icy_ent =
song =
song_path =
song_update = 0
song_delay = 0
num_of_srv = 1
num_of_icy = 0
bg_color = 0
txt_color = 0
connect_at_startup = 1
force_reconnecting = 1
silence_detection = 0
signal_detection = 0
check_for_update = 0
minimize_to_tray = 0
log_file =

[audio]
device = -1
samplerate = 44100
bitrate = 128
channel = 2
codec = mp3
resample_mode = 0
silence_level = 50.0
signal_level = 50.0
buffer_ms = 50
dev_remember = 1

[record]
bitrate = 128
codec = mp3
start_rec = 0
folder = ./
filename = rec.mp3

[echo]
address = 127.0.0.1
port = ${port}
password = ${password}
type = ${type === "Shoutcast" ? 0 : 1}
tls = 0
cert_hash =
mount = ${name}
usr = source
`,
    }),
    command: (run) => withSound(run, "xvfb-run -a butt -x -c $PWD/buttrc"),
  };
}

/** @param device where the sound is from; it is opened once the configuration is known to be right */
function darkice(
  section: "icecast2" | "shoutcast",
  format: "mp3" | "aac",
  device: "pulseaudio" | "/dev/dsp" = "pulseaudio",
): Client {
  const isShoutcast = section === "shoutcast";
  return {
    program: "darkice",
    isShoutcast,
    files: ({ port, password, name }) => ({
      "darkice.cfg": `[general]
duration = 0
bufferSecs = 1
reconnect = yes

[input]
device = ${device}
paSourceName = null.monitor
sampleRate = 44100
bitsPerSample = 16
channel = 2

[${section}-0]
bitrateMode = ${format === "aac" ? "abr" : "cbr"}
bitrate = 128
quality = 0.8
server = 127.0.0.1
port = ${isShoutcast ? port + 1 : port}
password = ${password}
name = DarkIce
${isShoutcast ? "" : `format = ${format}\nmountPoint = ${name}\n`}`,
    }),
    command: (run) => withSound(run, "darkice -c $PWD/darkice.cfg"),
  };
}

/** Each of them, by the names of their broadcasts. */
export const SOUND_CLIENTS: Readonly<Record<string, Client>> = {
  "butt": butt("Icecast"),
  "butt-shoutcast": butt("Shoutcast"),
  "darkice": darkice("icecast2", "mp3"),
  // It sends its audio without the password that comes before it.
  "darkice-shoutcast": {
    ...darkice("shoutcast", "mp3"),
    refusal: /Cannot publish: a name is .*; expected NAME:KEY as password/,
  },
  "darkice-aac": {
    ...darkice("icecast2", "aac", "/dev/dsp"),
    unable: /not compiled with AAC support/,
  },
};
