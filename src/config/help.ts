/** What the table of variables becomes for people: `-h`, `-v` and echo.env.example. */
import { type Config, type Row, ROWS } from "../config.ts";
import { BUILD, SERVER_NAME } from "../version.ts";
import { USES } from "./arguments.ts";
import { formatAssignment } from "./env_file.ts";

const WIDTH = 96;

/** Values that echo.env.example sets in place of the default. */
const EXAMPLE_VALUES: Readonly<Record<string, string>> = { ECHO_AUTH: "key" };

const EXAMPLE_INTRODUCTION = `\
# Echo's configuration. Copy this file to echo.env beside the server and edit it there:
#
#   cp echo.env.example echo.env && chmod 600 echo.env
#
# A line that begins with "# export" shows a default. What the process environment sets counts more
# than this file. Durations are in seconds, decimals are allowed. Addresses are host:port, with IPv6
# as [::]:port. With a wrong value the server does not start, unless a line below says that the
# nearest value is taken.
#
# Before the first start, with ECHO_AUTH="key" as below, say who gets keys from the control API:
#   users:    htpasswd -B -c echo.htpasswd NAME      and set ECHO_HTPASSWD_FILE="./echo.htpasswd"
#   a token:  openssl rand -hex 32                   and set ECHO_BEARER_TOKEN to what it prints
#   DJs:      echo dj add USER NAMES                 with ECHO_AUTH="dj" and ECHO_DJ_FILE="./echo.djs"
# and set the key of the cookies, so that they stay valid after a restart:
#             openssl rand -hex 16                   and set ECHO_PRIV_KEY to what it prints
`;

/** The parts of the server, in the order in which the help and the example name them. */
export const SECTION_TITLES: Readonly<Record<keyof Config, string>> = {
  log: "Logging",
  auth: "Who may publish",
  tokens: "Tokens (JWT)",
  session: "Sessions",
  control: "Control API",
  srt: "SRT ingest",
  rtmp: "RTMP ingest",
  icecast: "Icecast sources",
  deadAir: "Dead air",
  hls: "HLS output",
  fallback: "Fallback",
  record: "Archive",
  storage: "Object storage",
  stat: "Statistics",
  web: "HTTP ports",
  tls: "TLS",
  hook: "Webhooks",
  fleet: "Several boxes as one server",
};

/** What operators want to do, and the parts that they configure for it. */
const TASKS: readonly { readonly task: string; readonly parts: readonly (keyof Config)[] }[] = [
  {
    task: "Let DJs publish",
    parts: ["auth", "tokens", "rtmp", "icecast", "srt", "control", "session"],
  },
  { task: "Let listeners hear", parts: ["hls", "fallback", "web", "tls"] },
  { task: "Keep recordings", parts: ["record", "storage"] },
  { task: "Watch it", parts: ["deadAir", "stat", "log", "hook"] },
  { task: "Have more boxes", parts: ["fleet"] },
];

/** What `-h` prints. */
export function usage(): string {
  const lines = [
    `${SERVER_NAME}, a broadcasting server for live audio`,
    "",
    "Usage: echo [check | dj WORD...] [OPTION]...",
  ];
  for (const { task, lines: uses } of USES) {
    lines.push("", `${task}:`);
    for (const { line, help } of uses) lines.push(`  ${line.padEnd(22)} ${help}`);
  }
  lines.push(
    "",
    'It is configured by these environment variables, or by lines of export NAME="value" in the',
    "env file. Durations are in seconds, decimals are allowed. With a wrong value the server does",
    "not start, unless a line below says that the nearest value is taken.",
  );
  for (const { task, title, rows } of sectionsByTask()) {
    lines.push("", `${task}: ${title}`);
    for (const row of rows) {
      lines.push(`  ${row.variable.name} ${facts(row)}`);
      lines.push(...wrap(row.variable.help, "      "));
    }
  }
  return lines.join("\n");
}

/** What `-v` prints: the version and the effective configuration, without its secrets. */
export function describe(config: Config): string {
  const lines = [SERVER_NAME, `# ${BUILD}`];
  for (const { title, rows } of sections()) {
    lines.push("", `# ${title}`);
    for (const { section, field, variable } of rows) {
      const part: Readonly<Record<string, unknown>> = config[section];
      const value = part[field];
      if (value === undefined || value === null) lines.push(`# ${variable.name} is unset`);
      else {
        const text = variable.kind.secret ? "***" : variable.kind.format(value);
        lines.push(formatAssignment(variable.name, text));
      }
    }
  }
  return lines.join("\n");
}

/** The text of echo.env.example: every variable with its help and its default. */
export function envExample(): string {
  const lines = [EXAMPLE_INTRODUCTION];
  for (const { title, rows } of sections()) {
    lines.push(`# ---- ${title} ----`, "");
    for (const row of rows) {
      const { name, fallback, help } = row.variable;
      const own = EXAMPLE_VALUES[name];
      const value = own ?? (typeof fallback === "string" ? fallback : "");
      lines.push(...wrap(help, "# "), `# ${facts(row)}`);
      lines.push(`${own === undefined ? "# " : ""}${formatAssignment(name, value)}`, "");
    }
  }
  return lines.join("\n");
}

interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

function sections(): Section[] {
  return Object.keys(SECTION_TITLES).map((part) => sectionOf(part as keyof Config));
}

function sectionOf(part: keyof Config): Section {
  return { title: SECTION_TITLES[part], rows: ROWS.filter(({ section }) => section === part) };
}

function sectionsByTask(): (Section & { readonly task: string })[] {
  return TASKS.flatMap(({ task, parts }) => parts.map((part) => ({ task, ...sectionOf(part) })));
}

/** What values are allowed, the default, and whether the value may change while the server runs. */
function facts({ variable: { kind, fallback, reloadable = false } }: Row): string {
  const facts = [kind.allowed];
  if (kind.nearest !== undefined) facts.push("beyond, the nearest is taken, with a warning");
  if (fallback === undefined) facts.push("no default");
  else facts.push(`default ${typeof fallback === "string" ? fallback : fallback.says}`);
  if (reloadable) facts.push("reread on SIGHUP");
  return `(${facts.join("; ")})`;
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line !== indent && line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
