/** What comes to the ports for sources of Icecast and Shoutcast. */
import assert from "node:assert/strict";
import { queryFields, titleOf } from "../../../src/icecast/title.ts";
import { MAX_TAG_TEXT } from "../../../src/session/tags.ts";
import { basic, DialogueHarness } from "../../icecast/dialogue_harness.ts";
import { concat } from "../../bytes.ts";
import { adtsStreams, mp3Streams } from "../seeds.ts";
import { about, bytesOf, piecesOf, type Target } from "../target.ts";

const CREDENTIALS = basic("source", "sesame");
const PUT = `PUT /demo HTTP/1.1\r\nHost: a\r\n${CREDENTIALS}Content-Type: audio/mpeg\r\n`;
const WORDS = [
  ...[
    "SOURCE /demo ICE/1.0\r\n",
    "HTTP/1.0",
    "OPTIONS * HTTP/1.1\r\n\r\n",
    "Expect: 100-continue\r\n",
  ],
  ...["Transfer-Encoding: chunked\r\n", "Content-Length: 10\r\n", "0\r\n\r\n", "\r\n\r\n", "OggS"],
  ...["/admin/metadata?mode=updinfo&mount=/demo&song=", "/status-json.xsl", "charset=utf-16"],
];

export const ICECAST_TARGETS: readonly Target[] = [
  {
    name: "icecast_session",
    errors: [],
    maxBytes: 16_384,
    tokens: WORDS,
    seeds: () => [
      sent(`${PUT}\r\n`, adtsStreams()[0]),
      sent(`${PUT}Expect: 100-continue\r\n\r\n`, mp3Streams()[0]),
      sent(`${PUT}Transfer-Encoding: chunked\r\n\r\n20\r\n`, new Uint8Array(32), "\r\n0\r\n\r\n"),
      sent(`OPTIONS * HTTP/1.1\r\n\r\nGET /demo.mp3?x HTTP/1.0\r\n\r\n`),
      sent(
        `GET /admin/metadata?mode=updinfo&mount=/demo&song=a%20b HTTP/1.0\r\n${CREDENTIALS}\r\n`,
      ),
    ],
    run: (input) => converse("Icecast", input),
  },
  {
    name: "icecast_shoutcast",
    errors: [],
    maxBytes: 16_384,
    tokens: ["icy-name:", "content-type:audio/aacp", "\r\n\r\n", ":"],
    seeds: () => [sent("demo:sesame\r\nicy-name:a\r\nicy-br:128\r\n\r\n", adtsStreams()[0])],
    run: (input) => converse("Shoutcast", input),
  },
  {
    name: "icecast_title",
    errors: [],
    maxBytes: 4096,
    tokens: ["song=", "&title=", "&artist=", "&charset=", "%C3%9C", "windows-1251", "utf-16le"],
    seeds: () => [bytesOf("mode=updinfo&song=a+b&charset=ISO-8859-1"), bytesOf("song=%DC&title=")],
    run: (input) => {
      const text = String.fromCharCode(...input);
      const { title, artist } = titleOf(queryFields(text)) ?? {};
      assert.ok([...title ?? ""].length <= MAX_TAG_TEXT);
      assert.doesNotMatch(title ?? "", /[\r\n]/);
      return `${about(title?.length ?? 0)} ${about(artist?.length ?? 0)}`;
    },
  },
];

function converse(speaks: "Icecast" | "Shoutcast", input: Uint8Array): string {
  const harness = new DialogueHarness(speaks);
  const { dialogue, titles } = harness;
  for (const piece of piecesOf(input)) {
    dialogue.feed(piece);
    if (dialogue.state === "tagging") dialogue.tagged((input[0] ?? 0) % 2 === 0);
  }
  const { state, end, seen } = dialogue;
  dialogue.close();
  for (const { ends } of harness.doorkeeper.ingests) assert.equal(ends.length, 1);
  const [ingest] = harness.doorkeeper.ingests;
  return `${state} ${end?.kind} ${seen.split(" ", 1)} ${harness.statuses.join()} ` +
    `${about(titles.length)} ${about(ingest?.frames.length ?? 0)} ${about(ingest?.badCount ?? 0)}`;
}

function sent(...parts: readonly (string | Uint8Array | undefined)[]): Uint8Array {
  return concat(parts.map((part) => typeof part === "string" ? bytesOf(part) : part ?? NOTHING))
    .slice(0, 16_384);
}

const NOTHING = new Uint8Array(0);
