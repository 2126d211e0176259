/** The dialogue at the source port: what clients ask, and what they are answered. */
import assert from "node:assert/strict";
import { adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import { concat } from "../../testing/bytes.ts";
import { basic, DialogueHarness } from "../../testing/icecast/dialogue_harness.ts";

const frames = Array.from({ length: 4 }, (_, i) => new Uint8Array(40 + i).fill(i + 1));
const audio = adtsStream(audioConfig(), frames);
const CREDENTIALS = basic("source", "sesame");
const PUT =
  `PUT /demo HTTP/1.1\r\nHost: radio.example\r\n${CREDENTIALS}Content-Type: audio/aac\r\n`;
const EXPECT = "Expect: 100-continue\r\n";

/** What was sent, in chunks as Liquidsoap makes them. */
function inChunks(bytes: Uint8Array, size: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    const length = new TextEncoder().encode(`${part.length.toString(16)}\r\n`);
    parts.push(length, part, new TextEncoder().encode("\r\n"));
  }
  return concat([...parts, new TextEncoder().encode("0\r\n\r\n")]);
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** All ways in which sources begin, with their audio, and what they are answered first. */
const sources: Record<string, { sent: string; answer: string; end: "finished" | "lost" }> = {
  "PUT without a word of its body": {
    sent: `${PUT}\r\n${text(audio)}`,
    answer: "HTTP/1.0 200 OK\r\n\r\n",
    end: "lost",
  },
  "PUT that waits": {
    sent: `${PUT}${EXPECT}\r\n${text(audio)}`,
    answer: "HTTP/1.1 100 Continue\r\n\r\n",
    end: "lost",
  },
  "PUT in chunks": {
    sent: `${PUT}${EXPECT}Transfer-Encoding: chunked\r\n\r\n${text(inChunks(audio, 17))}`,
    answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
    end: "finished",
  },
  "PUT of a file": {
    sent: `${PUT}Content-Length: ${audio.length}\r\n\r\n${text(audio)}`,
    answer: "HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n",
    end: "finished",
  },
  "SOURCE by HTTP/1.0": {
    sent: `SOURCE /demo HTTP/1.0\r\n${CREDENTIALS}content-type: audio/aac\r\n\r\n${text(audio)}`,
    answer: "HTTP/1.0 200 OK\r\n\r\n",
    end: "lost",
  },
  "SOURCE by ICE/1.0, lines that end with LF": {
    sent: `SOURCE /demo.aac ICE/1.0\n${CREDENTIALS.replace("\r", "")}\n${text(audio)}`,
    answer: "HTTP/1.0 200 OK\r\n\r\n",
    end: "lost",
  },
  "SOURCE with a length that is none": {
    sent: `SOURCE /demo HTTP/1.1\r\n${CREDENTIALS}Content-Length: 0\r\n\r\n${text(audio)}`,
    answer: "HTTP/1.0 200 OK\r\n\r\n",
    end: "lost",
  },
};

for (const [source, { sent, answer, end }] of Object.entries(sources)) {
  Deno.test(`${source}: the frames come out that went in, wherever it is cut`, () => {
    for (let cut = 0; cut < sent.length; cut++) {
      const harness = new DialogueHarness();
      harness.feed(sent.slice(0, cut), sent.slice(cut));
      harness.dialogue.close();
      const { request, frames: came, badCount, ends } = harness.ingest;
      assert.deepEqual([request.name, request.user, request.key], ["demo", "source", "sesame"]);
      assert.deepEqual(came.map(({ data }) => data), frames, `cut at ${cut}`);
      assert.equal(badCount, 0);
      assert.deepEqual(ends, [end]);
      assert.ok(harness.answers.startsWith(answer), harness.answers);
    }
  });
}

Deno.test("a source that does not wait may send while its publish is decided", async () => {
  const harness = new DialogueHarness();
  harness.doorkeeper.question = Promise.withResolvers();
  harness.feed(`${PUT}\r\n`, audio);
  assert.equal(harness.dialogue.state, "asking");
  assert.equal(harness.answers, "");
  harness.doorkeeper.question.resolve();
  await (await harness.doorkeeper.ingest()).until(() => harness.ingest.frames.length === 3);
  assert.equal(harness.dialogue.state, "publishing");
  harness.dialogue.close();
  assert.equal(harness.ingest.frames.length, 4);
});

Deno.test("libshout's way in: asks, is told to show a password, and publishes", () => {
  const harness = new DialogueHarness();
  harness.feed(
    "OPTIONS * HTTP/1.1\r\nHost: a:8000\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n",
    "PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Type: audio/mpeg\r\nContent-Length: 0\r\n" +
      "Connection: Keep-Alive\r\nice-public: 0\r\n\r\n",
    `PUT /demo HTTP/1.1\r\n${CREDENTIALS}Host: a\r\nContent-Type: audio/mpeg\r\n${EXPECT}\r\n`,
  );
  assert.deepEqual(harness.statuses, [200, 401, 100]);
  assert.match(harness.answers, /^WWW-Authenticate: Basic realm="Echo"\r$/m);
  assert.equal(harness.answers.match(/^Allow: GET, PUT, OPTIONS, SOURCE\r$/gm)?.length, 2);
  assert.equal(harness.dialogue.state, "publishing");
  harness.dialogue.close();
});

Deno.test("browsers are told that pages of other sites may listen, and may not publish", () => {
  const ask = (...fields: string[]) => {
    const harness = new DialogueHarness();
    const head = ["OPTIONS /demo HTTP/1.1", "Host: a", ...fields, "", ""];
    harness.feed(head.join("\r\n"));
    assert.deepEqual(harness.statuses, [200]);
    assert.equal(harness.dialogue.state, "head");
    return harness.answers.split("\r\n").filter((line) => line.startsWith("Access-Control-"));
  };
  const origin = "Origin: https://radio.example";
  const method = "Access-Control-Request-Method:";
  const allowed = [
    "Access-Control-Allow-Origin: *",
    "Access-Control-Allow-Methods: GET, HEAD",
    "Access-Control-Allow-Headers: Icy-MetaData, Range",
    "Access-Control-Max-Age: 7200",
  ];
  assert.deepEqual(ask(origin, `${method} GET`), allowed);
  assert.deepEqual(
    ask(origin, `${method} HEAD`, "Access-Control-Request-Private-Network: true"),
    [...allowed, "Access-Control-Allow-Private-Network: true"],
  );
  for (const fields of [[], [origin], [origin, `${method} PUT`], [`${method} GET`]]) {
    assert.deepEqual(ask(...fields), [], fields.join());
  }
});

Deno.test("who is asked for a password is let go where he wants no more", () => {
  const title = "GET /admin/metadata?mode=updinfo&mount=/demo&song=x";
  const length = "Content-Length: 0\r\n";
  for (
    const [asked, goesOn] of [
      [`${title} HTTP/1.0\r\n\r\n`, false],
      [`${title} HTTP/1.1\r\nConnection: close\r\n\r\n`, false],
      [`PUT /demo HTTP/1.1\r\n${length}Connection: close\r\n\r\n`, false],
      [`PUT /demo HTTP/1.0\r\n${length}Connection: keep-alive\r\n\r\n`, true],
      [`${title} HTTP/1.1\r\n\r\n`, true],
    ] as const
  ) {
    const harness = new DialogueHarness();
    harness.feed(asked);
    assert.deepEqual(harness.statuses, [401]);
    assert.equal(harness.dialogue.state, goesOn ? "head" : "over", asked);
  }
});

Deno.test("older ones poke", () => {
  const harness = new DialogueHarness();
  harness.feed("GET /admin/!POKE HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
  assert.match(harness.answers, /^HTTP\/1\.0 200 OK\r\nAllow: GET, PUT, OPTIONS, SOURCE\r\n/);
  assert.equal(harness.dialogue.state, "head");
});

const refusals = {
  "key-required": 401,
  "key-unknown": 401,
  "key-expired": 401,
  "not-allowed": 401,
  "name-in-use": 403,
  "invalid-name": 403,
  "stopping": 503,
  "unavailable": 503,
  "limit": 503,
} as const;

for (const [kind, status] of Object.entries(refusals)) {
  Deno.test(`${kind} is answered ${status}, with the reason where clients show it`, () => {
    const harness = new DialogueHarness();
    harness.doorkeeper.refusal = kind as keyof typeof refusals;
    harness.feed(`${PUT}${EXPECT}\r\n`);
    assert.deepEqual(harness.statuses, [status]);
    assert.match(harness.answers, new RegExp(`^HTTP/1.1 ${status} Not today\\.`));
    assert.equal(harness.dialogue.end?.kind, "refused");
    assert.equal(/^WWW-Authenticate: /m.test(harness.answers), status === 401);
    assert.doesNotMatch(harness.answers, /sesame/);
  });
}

for (const type of ["application/ogg", "audio/ogg", "audio/flac", "video/webm", "audio/opus"]) {
  Deno.test(`${type} is answered 415, which names what is taken`, () => {
    const harness = new DialogueHarness();
    harness.feed(`PUT /demo HTTP/1.1\r\n${CREDENTIALS}Content-Type: ${type}\r\n${EXPECT}\r\n`);
    assert.deepEqual(harness.statuses, [415]);
    assert.match(harness.answers, /^HTTP\/1\.1 415 .*audio\/mpeg.*audio\/aac/);
    assert.deepEqual(harness.doorkeeper.ingests, []);
  });
}

for (
  const type of ["audio/mpeg", "Audio/MP3; x=y", "audio/x-mp3", "audio/aacp", "audio/vnd.dlna.adts"]
) {
  Deno.test(`${type} is taken for a name of MP3 or AAC`, () => {
    const harness = new DialogueHarness();
    harness.feed(`SOURCE /demo HTTP/1.0\r\n${CREDENTIALS}Content-Type: ${type}\r\n\r\n`, audio);
    assert.equal(harness.ingest.frames.length, 3);
    harness.dialogue.close();
  });
}

Deno.test("a source that says nothing of its type is let in", () => {
  const harness = new DialogueHarness();
  harness.feed(`SOURCE /demo HTTP/1.0\r\n${CREDENTIALS}\r\n`, audio);
  assert.equal(harness.ingest.frames.length, 3);
  harness.dialogue.close();
});

Deno.test("Ogg that is called MP3 ends the source, which is told why where it can be", () => {
  const harness = new DialogueHarness();
  const type = "Content-Type: audio/mpeg\r\n";
  harness.feed(`PUT /demo HTTP/1.1\r\n${CREDENTIALS}${type}${EXPECT}\r\n`, "OggS\0\x02 and more");
  assert.match(harness.ingest.rejections[0] ?? "", /^unsupported audio: Ogg: MP3 /);
  assert.deepEqual(harness.statuses, [100, 415]);
  assert.equal(harness.dialogue.state, "over");
});

Deno.test("what a source says of itself are facts, in whatever charset", () => {
  const harness = new DialogueHarness();
  harness.feed(
    `${PUT}User-Agent: butt 0.1.37\r\nice-name: Caf\xe9 \xc3\xa9\r\nIce-Bitrate: 128\r\n` +
      "ice-genre: jazz\r\nice-url:\r\nice-public: 1\r\n" +
      "ice-audio-info: channels=2;bitrate=128\r\n\r\n",
  );
  assert.deepEqual(harness.ingest.recordedFacts, [{
    "encoder": "butt 0.1.37",
    "ice-name": "Café Ã©",
    "ice-genre": "jazz",
    "ice-public": "1",
    "ice-bitrate": "128",
    "ice-audio-info": "channels=2;bitrate=128",
  }]);
  harness.dialogue.close();
});

Deno.test("a head of 1 MB is answered 431 and taken no further", () => {
  const harness = new DialogueHarness();
  harness.feed(`PUT /demo HTTP/1.1\r\nX: ${"a".repeat(1_000_000)}`);
  assert.deepEqual(harness.statuses, [431]);
  assert.match(harness.dialogue.end?.why ?? "", /a head of more than 8192 bytes/);
});

for (
  const garbage of ["hello\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "\x16\x03\x01\x02\n\n", "{}\n\n"]
) {
  Deno.test(`${JSON.stringify(garbage)} is answered 400`, () => {
    const harness = new DialogueHarness();
    harness.feed(garbage);
    assert.deepEqual(harness.statuses, [400]);
    assert.equal(harness.dialogue.end?.kind, "refused");
  });
}

Deno.test("a source of Shoutcast that comes to this port is told so at once, and shows nothing", () => {
  const harness = new DialogueHarness();
  harness.feed("demo:ses", "ame\r\n");
  assert.deepEqual(harness.statuses, [400]);
  assert.match(harness.dialogue.end?.why ?? "", /it is none; sources of Shoutcast .* next port/);
  assert.doesNotMatch(harness.answers + harness.dialogue.end?.why, /sesame/);
});

for (const lie of ["5\r\nabcdefgh\r\n", "zz\r\n", "-1\r\n", "fffffffff\r\n", "\r\n"]) {
  Deno.test(`chunks that lie (${JSON.stringify(lie)}) end the source`, () => {
    const harness = new DialogueHarness();
    harness.feed(`${PUT}Transfer-Encoding: chunked\r\n\r\n`, lie);
    assert.deepEqual(harness.ingest.ends, ["lost"]);
    assert.match(harness.dialogue.end?.why ?? "", /not in proper chunks/);
  });
}

Deno.test("a connection asks so often, and no more", () => {
  const harness = new DialogueHarness();
  harness.feed("OPTIONS * HTTP/1.1\r\n\r\n".repeat(20));
  assert.equal(harness.statuses.length, 16);
  assert.equal(harness.dialogue.state, "over");
});

Deno.test("receivers are handed on as they asked", () => {
  const harness = new DialogueHarness();
  harness.feed("GET /demo.mp3?x=1 HTTP/1.1\r\nHost: a\r\nIcy-MetaData: 1\r\n\r\n");
  assert.equal(harness.dialogue.state, "handed over");
  const [{ fields, ...asked } = { fields: new Map() }] = harness.receivers;
  assert.deepEqual(asked, { method: "GET", path: "/demo.mp3", query: "x=1" });
  assert.equal(fields.get("icy-metadata"), "1");
  assert.equal(harness.answers, "");
});

Deno.test("where nobody serves receivers, they are answered 404", () => {
  const harness = new DialogueHarness();
  harness.servesReceivers = false;
  harness.feed("GET /demo HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.deepEqual(harness.statuses, [404]);
  assert.match(harness.answers, /^Access-Control-Allow-Origin: \*\r$/m, "pages learn that");
});

Deno.test("the status is JSON that pages of other sites may read, of one mount or of all", () => {
  const harness = new DialogueHarness();
  harness.feed("GET /status-json.xsl HTTP/1.1\r\n\r\nGET /status-json.xsl HTTP/1.1\r\n\r\n");
  assert.deepEqual(harness.statuses, [200], "it may be long, so that it is the last answer");
  assert.match(harness.answers, /^Access-Control-Allow-Origin: \*\r$/m);
  assert.ok(harness.answers.endsWith("\r\n\r\n{}"));
  const other = new DialogueHarness();
  other.feed(`GET /status-json.xsl?mount=%2Fdemo HTTP/1.0\r\n${CREDENTIALS}\r\n`);
  assert.ok(other.answers.endsWith('\r\n\r\n{"name":"demo","user":"source","key":"sesame"}'));
});

for (
  const [what, { form, body }] of Object.entries({
    "of a length that is known": { form: `Content-Length: ${audio.length}`, body: audio },
    "in chunks": { form: "Transfer-Encoding: chunked", body: inChunks(audio, 50) },
  })
) {
  Deno.test(`a body ${what} that is over before the publish is decided gets its last answer`, async () => {
    const harness = new DialogueHarness();
    harness.doorkeeper.question = Promise.withResolvers();
    harness.feed(`${PUT}${form}\r\n\r\n`, body);
    assert.equal(harness.dialogue.state, "asking");
    harness.doorkeeper.question.resolve();
    await (await harness.doorkeeper.ingest()).until(() => harness.ingest.ends.length > 0);
    assert.deepEqual(harness.ingest.frames.map(({ data }) => data), frames);
    assert.deepEqual(harness.ingest.ends, ["finished"]);
    assert.deepEqual(harness.statuses, [200, 200]);
    assert.equal(harness.dialogue.end?.kind, "goodbye");
  });
}

Deno.test("pages of any origin may ask for a stream with titles, and for nothing else", () => {
  const harness = new DialogueHarness();
  const asked = "OPTIONS /demo HTTP/1.1\r\nHost: a\r\nOrigin: https://b.example\r\n";
  harness.feed(`${asked}\r\n`);
  assert.doesNotMatch(harness.answers, /Access-Control/);
  harness.feed(
    `${asked}Access-Control-Request-Method: GET\r\n` +
      "Access-Control-Request-Headers: icy-metadata\r\n\r\n",
  );
  assert.match(harness.answers, /\r\nAccess-Control-Allow-Origin: \*\r\n/);
  assert.match(harness.answers, /\r\nAccess-Control-Allow-Methods: GET, HEAD\r\n/);
  assert.match(harness.answers, /\r\nAccess-Control-Allow-Headers: Icy-MetaData, Range\r\n/);
});

for (const asked of ["GET /admin/!POKE", "GET /admin/metadata?mode=updinfo", "OPTIONS *"]) {
  const forms = {
    "of a length": "Content-Length: 31",
    "of a length on a line of its own": "Content-Length:\r\n 31",
    "of a length that is told last": `${"a:\r\n".repeat(200)}Content-Length: 31`,
    "in chunks": "Transfer-Encoding: chunked",
  };
  for (const [what, form] of Object.entries(forms)) {
    Deno.test(`${asked} with a body ${what} is the last request of its connection`, () => {
      const harness = new DialogueHarness();
      harness.feed(`${asked} HTTP/1.1\r\n${form}\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(harness.statuses.length, 1);
      assert.match(harness.answers, /^Connection: close\r$/m);
      assert.equal(harness.dialogue.state, "over");
    });
  }
}

Deno.test("an update with a body is the last request of its connection", () => {
  const harness = new DialogueHarness();
  harness.feed(
    `GET /admin/metadata?mode=updinfo&mount=/demo&song=x HTTP/1.1\r\n${CREDENTIALS}` +
      "Content-Length: 24\r\n\r\nOPTIONS * HTTP/1.1\r\n\r\n",
  );
  harness.dialogue.tagged(true);
  assert.deepEqual(harness.statuses, [200]);
  assert.equal(harness.dialogue.state, "over");
});

for (
  const form of [
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  ]
) {
  Deno.test(`a body whose end is unclear is answered 400: ${JSON.stringify(form)}`, () => {
    const harness = new DialogueHarness();
    harness.feed(`${PUT}${form}\r\n\r\n`);
    assert.deepEqual(harness.statuses, [400]);
    assert.deepEqual(harness.doorkeeper.ingests, []);
  });
}

Deno.test("a length that is told twice is one", () => {
  const harness = new DialogueHarness();
  const length = `Content-Length: ${audio.length}\r\n`;
  harness.feed(`${PUT}${length}${length}\r\n`, audio);
  assert.deepEqual(harness.ingest.ends, ["finished"]);
});

Deno.test("a password in the characters of Windows is the one that it is in UTF-8", () => {
  for (const password of ["\xfcber", "\xc3\xbcber"]) {
    const harness = new DialogueHarness();
    const authorization = `Authorization: Basic ${btoa(`source:${password}`)}\r\n`;
    harness.feed(`SOURCE /demo HTTP/1.0\r\n${authorization}\r\n`, audio);
    assert.equal(harness.ingest.request.key, "über");
    harness.dialogue.close();
  }
});

Deno.test("facts have no control characters, and are cut between characters", () => {
  const harness = new DialogueHarness();
  harness.feed(
    `${PUT}ice-name: ${"\xf0\x9f\x8e\xb5".repeat(300)}\r\n` +
      "ice-genre: a\x1b[31m\xe2\x80\xaeb\r\nice-url: \x00\r\n\r\n",
  );
  assert.deepEqual(harness.ingest.recordedFacts, [{
    "ice-name": "🎵".repeat(256),
    "ice-genre": "a [31m b",
  }]);
  harness.dialogue.close();
});
