/** Source clients of Debian that are no part of the tests, and how each is set up. */

/** Where a client sends, and what it may use. */
export interface ClientRun {
  readonly port: number;
  readonly name: string;
  readonly password: string;
  /** A file of MP3. */
  readonly mp3: string;
  /** Its own, gone at the end. */
  readonly folder: string;
}

/** A client: which program it is, its files, and how it is started. */
export interface Client {
  readonly program: string;
  readonly files?: (run: ClientRun) => Readonly<Record<string, string>>;
  readonly command: (run: ClientRun) => readonly string[];
  readonly env?: (run: ClientRun) => Readonly<Record<string, string>>;
  /** The line of Echo's log that says why it is refused, where it is to be. */
  readonly refusal?: RegExp;
}

/** A sound server with a sink that nobody hears, and what is played into it. */
function withSound(run: ClientRun, client: string): string {
  return [
    "export PULSE_RUNTIME_PATH=$PWD/pulse PULSE_SERVER=unix:$PWD/pulse/native",
    END_ALL,
    "pulseaudio -n --daemonize=no --exit-idle-time=-1 --use-pid-file=no " +
    "-L 'module-null-sink sink_name=null' -L 'module-native-protocol-unix auth-anonymous=1' &",
    "until pactl info >/dev/null 2>&1; do sleep 0.2; done",
    `ffmpeg -v error -re -i '${run.mp3}' -f wav - | paplay --file-format=wav /dev/stdin &`,
    `${client} &`,
    "wait $!",
  ].join("\n");
}

/** A shell that ends all that it has started, with itself. */
const SHELL = ["setsid", "bash", "-c"];
const END_ALL = "trap 'kill -KILL 0' EXIT; trap exit TERM INT";

/** All of them, by the names of their broadcasts. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  ezstream: {
    program: "ezstream",
    files: ({ port, password, name, mp3 }) => ({
      "ezstream.xml": `<ezstream>
<servers><server><hostname>127.0.0.1</hostname><port>${port}</port>
<password>${password}</password></server></servers>
<streams><stream><mountpoint>/${name}</mountpoint><format>MP3</format></stream></streams>
<intakes><intake><filename>${mp3}</filename></intake></intakes>
</ezstream>`,
    }),
    command: ({ folder }) => ["ezstream", "-c", `${folder}/ezstream.xml`],
  },
  gstreamer: {
    program: "gst-launch-1.0",
    command: ({ port, password, name, mp3 }) => [
      ...["gst-launch-1.0", "filesrc", `location=${mp3}`, "!", "mpegaudioparse", "!"],
      ...["shout2send", "ip=127.0.0.1", `port=${port}`, `password=${password}`, `mount=${name}`],
    ],
  },
  mpd: {
    program: "mpd",
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
  encoder "lame"
  format "44100:16:2"
  protocol "icecast2"
  always_on "yes"
}
`,
      "play": mp3,
    }),
    command: ({ folder }) => [
      ...SHELL,
      [
        END_ALL,
        "mpd --no-daemon --stderr mpd.conf &",
        `until [ -S ${folder}/socket ]; do sleep 0.2; done; sleep 1`,
        'mpc -q add "$(cat play)" && mpc -q repeat on && mpc -q play',
        "wait",
      ].join("\n"),
    ],
    env: ({ folder }) => ({ MPD_HOST: `${folder}/socket` }),
  },
  butt: {
    program: "butt",
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
type = 1
tls = 0
cert_hash =
mount = ${name}
usr = source
`,
    }),
    command: (run) => [
      ...SHELL,
      withSound(run, "xvfb-run -a butt -x -c $PWD/buttrc"),
    ],
  },
  darkice: {
    program: "darkice",
    files: ({ port, password, name }) => ({
      "darkice.cfg": `[general]
duration = 0
bufferSecs = 1
reconnect = yes

[input]
device = pulseaudio
paSourceName = null.monitor
sampleRate = 44100
bitsPerSample = 16
channel = 2

[icecast2-0]
bitrateMode = cbr
format = mp3
bitrate = 128
server = 127.0.0.1
port = ${port}
password = ${password}
mountPoint = ${name}
name = DarkIce
`,
    }),
    command: (run) => [...SHELL, withSound(run, "darkice -c $PWD/darkice.cfg")],
  },
  ices2: {
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
