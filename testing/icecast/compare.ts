/**
 * Asks Icecast and Echo the same, and prints what each answers: `deno task test:icecast-answers`. It
 * needs `icecast2`. Exits with 1 where an answer differs that is not known to.
 */
import bcrypt from "bcryptjs";
import { EchoServer } from "../e2e/echo_server.ts";
import { Media } from "../e2e/ffmpeg_encoder.ts";
import { until } from "../until.ts";
import { basic } from "./dialogue_harness.ts";
import { ICECAST_PASSWORD, IcecastReference } from "./icecast_server.ts";
import { FfmpegSource } from "./sources.ts";

/** A request, and why the answers may differ. */
export interface Question {
  readonly what: string;
  readonly sent: string;
  /** Why Echo answers otherwise than Icecast; `undefined` where it does not. */
  readonly why?: string;
}

const RIGHT = basic("source", ICECAST_PASSWORD);
const WRONG = basic("source", "wrong");
const MP3 = "Content-Type: audio/mpeg\r\n";
const EXPECT = "Expect: 100-continue\r\n";
const UPDATE = "GET /admin/metadata?mode=updinfo&mount=";

/** `/live1` is on air at both. */
export const QUESTIONS: readonly Question[] = [
  {
    what: "OPTIONS *",
    sent: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    why: "libshout asks so, and learns at once what there is",
  },
  {
    what: "GET /admin/!POKE",
    sent: "GET /admin/!POKE HTTP/1.1\r\nHost: a\r\n\r\n",
    why: "the same, by an older libshout",
  },
  {
    what: "PUT without credentials, length 0",
    sent: `PUT /a HTTP/1.1\r\nHost: a\r\n${MP3}Content-Length: 0\r\n\r\n`,
  },
  { what: "PUT, wrong password", sent: `PUT /b HTTP/1.1\r\nHost: a\r\n${WRONG}${MP3}\r\n` },
  {
    what: "PUT that waits, wrong password",
    sent: `PUT /c HTTP/1.1\r\nHost: a\r\n${WRONG}${MP3}${EXPECT}\r\n`,
  },
  { what: "PUT", sent: `PUT /d HTTP/1.1\r\nHost: a\r\n${RIGHT}${MP3}\r\n` },
  {
    what: "PUT that waits",
    sent: `PUT /e HTTP/1.1\r\nHost: a\r\n${RIGHT}${MP3}${EXPECT}\r\n`,
    why: "a request has one final answer, which comes at its end",
  },
  { what: "SOURCE by HTTP/1.0", sent: `SOURCE /f HTTP/1.0\r\n${RIGHT}${MP3}\r\n` },
  { what: "SOURCE by ICE/1.0", sent: `SOURCE /g ICE/1.0\r\n${RIGHT}${MP3}\r\n` },
  { what: "SOURCE, wrong password", sent: `SOURCE /h HTTP/1.0\r\n${WRONG}${MP3}\r\n` },
  { what: "SOURCE, no password", sent: `SOURCE /i HTTP/1.0\r\n${MP3}\r\n` },
  { what: "SOURCE without a type", sent: `SOURCE /j HTTP/1.0\r\n${RIGHT}\r\n` },
  {
    what: "SOURCE of Ogg",
    sent: `SOURCE /k HTTP/1.0\r\n${RIGHT}Content-Type: application/ogg\r\n\r\n`,
    why: "Echo takes MP3 and AAC",
  },
  {
    what: "SOURCE of FLAC",
    sent: `SOURCE /l HTTP/1.0\r\n${RIGHT}Content-Type: audio/flac\r\n\r\n`,
    why: "the same",
  },
  {
    what: "SOURCE of a mount on air",
    sent: `SOURCE /live1 HTTP/1.0\r\n${RIGHT}${MP3}\r\n`,
    why: "who has a key for the name takes over",
  },
  {
    what: "SOURCE of no mount",
    sent: `SOURCE / HTTP/1.0\r\n${RIGHT}${MP3}\r\n`,
    why: "a broadcast has a name",
  },
  { what: "a title", sent: `${UPDATE}/live1&song=x HTTP/1.0\r\n${RIGHT}\r\n` },
  { what: "a title, wrong password", sent: `${UPDATE}/live1&song=x HTTP/1.0\r\n${WRONG}\r\n` },
  { what: "a title, no password", sent: `${UPDATE}/live1&song=x HTTP/1.0\r\n\r\n` },
  {
    what: "a title of no mount",
    sent: `${UPDATE}/none&song=x HTTP/1.0\r\n${RIGHT}\r\n`,
    why: "updates are answered in their own form, Icecast has a page there",
  },
  {
    what: "a title without a mount",
    sent: `GET /admin/metadata?mode=updinfo&song=x HTTP/1.0\r\n${RIGHT}\r\n`,
    why: "there are no titles for all mounts",
  },
  { what: "a title without a song", sent: `${UPDATE}/live1 HTTP/1.0\r\n${RIGHT}\r\n` },
  {
    what: "a title in another mode",
    sent: `GET /admin/metadata?mode=x&mount=/live1&song=x HTTP/1.0\r\n${RIGHT}\r\n`,
    why: "what is not done is no success",
  },
  {
    what: "admin.cgi",
    sent:
      `GET /admin.cgi?mode=updinfo&pass=source:${ICECAST_PASSWORD}&song=x&mount=/live1 HTTP/1.0\r\n\r\n`,
    why: "Icecast knows it for the Shoutcast mount of its configuration alone",
  },
  { what: "status", sent: "GET /status-json.xsl HTTP/1.0\r\n\r\n" },
  { what: "status of a mount", sent: "GET /status-json.xsl?mount=/live1 HTTP/1.0\r\n\r\n" },
  { what: "GET of nothing", sent: "GET /nothing HTTP/1.0\r\n\r\n" },
  {
    what: "an admin page",
    sent: `GET /admin/stats HTTP/1.0\r\n${RIGHT}\r\n`,
    why: "there are none here",
  },
  { what: "DELETE", sent: "DELETE /live1 HTTP/1.0\r\n\r\n", why: "Icecast closes without a word" },
  { what: "no request", sent: "hello\r\n\r\n", why: "the same" },
];

/** What came within a moment, or until the end. */
async function answerOf(port: number, sent: string): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(65_536);
  let text = "";
  const timer = setTimeout(() => conn.close(), MOMENT_MS);
  try {
    await conn.write(new TextEncoder().encode(sent));
    for (let count; (count = await conn.read(buffer)) !== null;) {
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
  } catch (error) {
    const { BadResource, Interrupted, ConnectionReset } = Deno.errors;
    const ends = [BadResource, Interrupted, ConnectionReset];
    if (!ends.some((kind) => error instanceof kind)) throw error;
  }
  clearTimeout(timer);
  return text;
}

/** All statuses, and what an update says that was answered. */
function inShort(answer: string): string {
  const statuses = [...answer.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => status);
  const done = /<return>(\d)<\/return>/.exec(answer)?.[1];
  const words = [...statuses, ...(done === undefined ? [] : [`return ${done}`])];
  return words.length === 0 ? "closed" : words.join(", ");
}

async function main(): Promise<number> {
  await using media = await Media.create();
  const file = await media.encodeMp3("clip", ["-f", "lavfi", "-i", "sine=d=120"], { rate: 44_100 });
  await using icecast = await IcecastReference.start();
  await using echo = await EchoServer.start({
    env: { ICECAST_ENABLED: "1", ECHO_AUTH: "dj", ECHO_DJ_FILE: "djs" },
    files: { djs: `source:${bcrypt.hashSync(ICECAST_PASSWORD, 4)}:*\n` },
  });
  const ports = [icecast.port, echo.icecastPort];
  const live = { name: "live1", password: ICECAST_PASSWORD };
  await using _first = new FfmpegSource(file, { ...live, port: icecast.port });
  await using _second = new FfmpegSource(file, { ...live, port: echo.icecastPort });
  for (const port of ports) {
    await until("it is on air", async () => {
      const answer = await answerOf(port, "GET /status-json.xsl?mount=/live1 HTTP/1.0\r\n\r\n");
      return answer.includes("/live1");
    });
  }
  let unknown = 0;
  console.log("| request | Icecast | Echo | why |\n| --- | --- | --- | --- |");
  for (const { what, sent, why } of QUESTIONS) {
    const [theirs, ours] = await Promise.all(
      ports.map(async (port) => inShort(await answerOf(port, sent))),
    );
    const differs = theirs !== ours;
    if (differs !== (why !== undefined)) unknown++;
    console.log(`| ${what} | ${theirs} | ${ours} | ${why ?? (differs ? "NOT KNOWN" : "")} |`);
  }
  console.log(`${QUESTIONS.length} requests, ${unknown} answers differ as nobody expects`);
  return unknown === 0 ? 0 : 1;
}

/** Who lets a source in keeps the connection open. */
const MOMENT_MS = 1500;

if (import.meta.main) Deno.exit(await main());
