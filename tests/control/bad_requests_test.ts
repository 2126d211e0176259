/**
 * Requests that the control API does not take, and the answer that names what is wrong with each.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { publish, publishBody, REASON, setUpApi } from "../../testing/control/control_api.ts";

async function refusal(answer: Response): Promise<[status: number, message: string]> {
  assert.match(answer.headers.get("Content-Type") ?? "", /^application\/json/);
  const body = await answer.json();
  assert.deepEqual(Object.keys(body), ["code", "message"]);
  assert.equal(body.code, answer.status);
  return [answer.status, body.message];
}

for (
  const [method, path, message] of [
    ["POST", "/echo/1/publish/demo", "unsupported version: publish is in 0, 3, 4"],
    ["POST", "/echo/2/publish/demo", "unsupported version: publish is in 0, 3, 4"],
    ["POST", "/echo/5/publish/demo", "unsupported version: publish is in 0, 3, 4"],
    ["POST", "/echo/x/publish/demo", "unsupported version: publish is in 0, 3, 4"],
    ["POST", "/echo/04/publish/demo", "unsupported version: publish is in 0, 3, 4"],
    ["PUT", "/echo/3/pause", "unsupported version: pause is in 4"],
    ["PUT", "/echo/0/resume", "unsupported version: resume is in 4"],
    ["PUT", "/echo/5/teardown", "unsupported version: teardown is in 0, 3, 4"],
    ["GET", "/echo/3/state", "unsupported version: state is in 0, 4"],
  ] as const
) {
  Deno.test(`${method} ${path} is an unsupported version`, async () => {
    assert.deepEqual(await refusal(await setUpApi().request(method, path)), [400, message]);
  });
}

for (
  const [method, path] of [
    ["GET", "/"],
    ["GET", "/echo"],
    ["POST", "/echo/option"],
    ["GET", "/echo/4/publish/demo"],
    ["POST", "/echo/4/publish"],
    ["POST", "/echo/4/publish/demo/more"],
    ["POST", "/echo/4/pause"],
    ["POST", "/echo/4/teardown"],
    ["PUT", "/echo/3/teardown"],
    ["POST", "/echo/0/teardown"],
    ["GET", "/echo/4/unknown"],
    ["GET", "/echo/9/constructor"],
  ] as const
) {
  Deno.test(`${method} ${path} is not found`, async () => {
    assert.deepEqual(await refusal(await setUpApi().request(method, path)), [404, "not found"]);
  });
}

for (
  const [what, change, message] of [
    [
      "no media",
      { media: undefined },
      "Cannot parse media: expected an object with type, protocol and format, got nothing",
    ],
    [
      "media as text",
      { media: "srt" },
      'Cannot parse media: expected an object with type, protocol and format, got "srt"',
    ],
    [
      "video",
      { media: { type: "video", protocol: "srt", format: "aac" } },
      'Cannot parse media.type: expected "audio", got "video"',
    ],
    [
      "a protocol of another kind",
      { media: { type: "audio", protocol: "rtp", format: "aac" } },
      'Cannot parse media.protocol: expected "srt", "rtmp" or "icecast", got "rtp"',
    ],
    [
      "a protocol of another type",
      { media: { type: "audio", protocol: ["srt"], format: "aac" } },
      'Cannot parse media.protocol: expected "srt", "rtmp" or "icecast", got an array',
    ],
    [
      "no format",
      { media: { type: "audio", protocol: "srt" } },
      'Cannot parse media.format: expected "aac", "mp3", "mp2t" or "flv", got nothing',
    ],
    [
      "no reason",
      { reason: undefined },
      "Cannot parse reason: expected an object with code and message, got nothing",
    ],
    [
      "a code in quotes",
      { reason: { code: "1", message: "" } },
      'Cannot parse reason.code: expected a number, got "1"',
    ],
    [
      "a message that is none",
      { reason: { code: 1, message: null } },
      "Cannot parse reason.message: expected a string of at most 1024 characters, got null",
    ],
    [
      "props in a list",
      { props: ["a"] },
      "Cannot parse props: expected an object of strings, got an array",
    ],
    [
      "a number among the props",
      { props: { sdk_version: 3 } },
      "Cannot parse props.sdk_version: expected a string of at most 1024 characters, got 3",
    ],
    [
      "an object among the props",
      { props: { a: { b: "c" } } },
      "Cannot parse props.a: expected a string of at most 1024 characters, got an object",
    ],
    [
      "a prop without a name",
      { props: { "": "a" } },
      'Cannot parse props.: expected a name of 1 to 64 characters, got ""',
    ],
    [
      "a long prop",
      { props: { a: "b".repeat(1025) } },
      `Cannot parse props.a: expected a string of at most 1024 characters, got "${"b".repeat(80)}"`,
    ],
    ["many props", {
      props: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`p${i}`, ""])),
    }, "Cannot parse props: expected at most 32 properties, got an object"],
  ] as const
) {
  Deno.test(`a publish with ${what} is refused by the field's name`, async () => {
    const { request, sessions } = setUpApi();
    const body = { ...publishBody(), ...change };
    for (const version of [0, 4]) {
      const answer = await request("POST", `/echo/${version}/publish/demo`, { body });
      assert.deepEqual(await refusal(answer), [400, message]);
    }
    assert.equal(sessions.sessions.length, 0);
  });
}

for (
  const [what, body, message] of [
    ["no body", undefined, "Cannot parse the body: expected JSON, got nothing"],
    ["half a body", '{"media":', "Cannot parse the body: expected JSON, got something else"],
    ["a form", "media=audio", "Cannot parse the body: expected JSON, got something else"],
    ["a list", "[]", "Cannot parse the body: expected a JSON object, got an array"],
    ["null", "null", "Cannot parse the body: expected a JSON object, got null"],
    [
      "lists in lists",
      "[".repeat(2000) + "]".repeat(2000),
      "Cannot parse the body: expected a JSON object, got an array",
    ],
  ] as const
) {
  Deno.test(`${what} is refused`, async () => {
    const api = setUpApi();
    const cookie = await publish(api);
    for (
      const [method, path] of [
        ["POST", "/echo/3/publish/demo"],
        ["POST", "/echo/4/publish/demo"],
        ["PUT", "/echo/4/pause"],
        ["PUT", "/echo/4/resume"],
        ["PUT", "/echo/4/teardown"],
        ["PUT", "/echo/0/teardown"],
      ] as const
    ) {
      const answer = await api.request(method, path, { cookie, body });
      assert.deepEqual(await refusal(answer), [400, message]);
    }
    assert.equal(api.sessions.find("demo")?.state, "ready");
  });
}

Deno.test("props may be missing or null, and cannot reach a prototype", async () => {
  const { request, sessions } = setUpApi();
  const { media, reason } = publishBody();
  const from = "198.51.100.7";
  for (
    const [body, props] of [
      [{ media, reason }, {}],
      [{ media, reason, props: null }, {}],
      [
        `{"media":${JSON.stringify(media)},"reason":{"code":1,"message":""},` +
        `"props":{"__proto__":"a","constructor":"b"}}`,
        { constructor: "b" },
      ],
    ] as const
  ) {
    const answer = await request("POST", "/echo/4/publish/demo", { body, from });
    assert.equal(answer.status, 200);
    assert.deepEqual(sessions.find("demo")?.props, { ...props, client_ip: from });
  }
});

for (
  const name of ["live", "a.b", "a%2Fb", "..%2F..%2Fetc", "%00", "%F0%9F%8E%B5", "x".repeat(129)]
) {
  Deno.test(`a broadcast cannot be called ${name.slice(0, 20)}`, async () => {
    const { request, sessions, ports } = setUpApi();
    for (const version of [0, 3, 4]) {
      const path = `/echo/${version}/publish/${name}`;
      const answer = await request("POST", path, { body: publishBody() });
      const [status, message] = await refusal(answer);
      assert.equal(status, 400);
      assert.match(message, /name/);
    }
    assert.equal(sessions.sessions.length, 0);
    assert.equal(ports.free, 100);
  });
}

Deno.test("a body of 4096 bytes is taken, one byte more is not", async () => {
  const { request } = setUpApi();
  const body = JSON.stringify(publishBody());
  const fits = await request("POST", "/echo/4/publish/demo", { body: body.padEnd(4096) });
  assert.equal(fits.status, 200);
  const answer = await request("POST", "/echo/4/publish/demo", { body: body.padEnd(4097) });
  assert.deepEqual(await refusal(answer), [
    413,
    "the body is too large: at most 4096 bytes are taken",
  ]);
});

Deno.test("whatever JSON comes, the answer is 200 or a named error", async () => {
  const { request } = setUpApi({ maxSessions: 1 });
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 6 }), fc.boolean(), async (json, inside) => {
      const body = inside ? `{"media":${json},"reason":${json},"props":${json}}` : json;
      const answer = await request("POST", "/echo/4/publish/demo", { body });
      assert.ok([200, 400, 413].includes(answer.status));
      await answer.body?.cancel();
    }),
    { numRuns: 300 },
  );
});

Deno.test("an error that nobody expected is a 500 that tells nothing", async () => {
  const api = setUpApi({
    ports: {
      portOf: () => undefined,
      open: () => {
        throw new TypeError("secret detail");
      },
    },
  });
  const answer = await api.request("POST", "/echo/4/publish/demo", { body: publishBody() });
  assert.deepEqual(await refusal(answer), [500, "internal server error"]);
  assert.equal(api.sessions.sessions.length, 0);
});

Deno.test("a pause with a broken reason leaves the session alone", async () => {
  const api = setUpApi();
  const cookie = await publish(api);
  const body = { reason: { ...REASON.reason, code: "20001" } };
  const answer = await api.request("PUT", "/echo/4/pause", { cookie, body });
  assert.deepEqual(await refusal(answer), [
    400,
    'Cannot parse reason.code: expected a number, got "20001"',
  ]);
});

for (const method of ["TRACE", "TRACK", "CONNECT", "PATCH", "BREW", "A!b"]) {
  Deno.test(`a ${method} is a call that there is none of, with a body or without`, async () => {
    const { app } = setUpApi();
    for (const path of ["/", "/echo/option", "/echo/4/publish/demo", "/echo/4/pause"]) {
      for (const body of [null, "{}"]) {
        const made = new Request(`http://radio.example${path}`, { method: "POST", body });
        // No Request can be made with some of these, but servers get them.
        const asked = Object.defineProperty(made, "method", { value: method });
        assert.deepEqual(await refusal(await app.fetch(asked)), [404, "not found"]);
      }
    }
  });
}

Deno.test("a body that breaks off is refused, and leaves the session alone", async () => {
  const api = setUpApi();
  const headers = { Cookie: await publish(api) };
  for (
    const [method, path] of [
      ["POST", "/echo/4/publish/demo"],
      ["PUT", "/echo/4/teardown"],
      ["POST", "/echo/3/teardown"],
      ["POST", "/nowhere"],
    ]
  ) {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"media":')),
      pull: (controller) => controller.error(new TypeError("connection reset")),
    });
    const answer = await api.app.request(path ?? "", { method: method ?? "", headers, body });
    assert.deepEqual(await refusal(answer), [400, "the body breaks off"]);
  }
  assert.equal(api.sessions.find("demo")?.state, "ready");
});
