import assert from "node:assert/strict";
import { credentialsOfStreamId, parseStreamId, StreamIdError } from "../../src/srt/stream_id.ts";

const taken: [text: string, name: string, user: string | undefined, key: string | undefined][] = [
  ["#!::r=demo,m=publish", "demo", undefined, undefined],
  ["#!::r=demo,m=publish,u=dj,s=sesame", "demo", "dj", "sesame"],
  ["#!::s=sesame,u=dj,m=publish,r=demo", "demo", "dj", "sesame"],
  ["#!::h=host,r=demo,t=stream,m=publish,x-my=1", "demo", undefined, undefined],
  ["#!::r=demo,m=publish,s=a=b:c", "demo", undefined, "a=b:c"],
  ["#!::r=demo,m=publish,s=", "demo", undefined, ""],
  ["#!::r=,m=publish", "", undefined, undefined],
  ["%23!::r=demo,m=publish,s=sesame", "demo", undefined, "sesame"],
  ["%23%21%3A%3Ar%3Ddemo%2Cm%3Dpublish", "demo", undefined, undefined],
  ["#!::r=demo,m=publish,u=100%", "demo", "100%", undefined],
  ["publish:demo", "demo", undefined, undefined],
  ["publish:demo:dj:sesame", "demo", "dj", "sesame"],
  ["publish:demo::sesame", "demo", undefined, "sesame"],
  ["publish:demo:sesame", "demo", undefined, "sesame"],
  ["publish:demo:dj:", "demo", "dj", ""],
  ["demo", "demo", undefined, undefined],
  ["live/demo", "live/demo", undefined, undefined],
];
for (const [text, name, user, key] of taken) {
  Deno.test(`"${text}" publishes ${name === "" ? "no name" : name}`, () => {
    assert.deepEqual(parseStreamId(text), { name, user, key });
  });
}

const asking = ["#!::r=demo,m=request", "#!::r=demo", "#!::r=demo,m=bidirectional", "read:demo"];
for (const text of [...asking, "request:demo", "play:demo:dj:sesame"]) {
  Deno.test(`"${text}" asks for a stream and is refused`, () => {
    assert.throws(() => parseStreamId(text), (error) => {
      assert(error instanceof StreamIdError);
      assert.match(
        error.message,
        /^Cannot serve stream id: expected m=publish, got m=[a-z]+$/,
      );
      return true;
    });
  });
}

const unparsable = [
  "",
  "#!::",
  "#!::m=publish",
  "#!::r=demo,m=publish,,s=sesame",
  "#!::r=demo,m=PUBLISH",
  "#!:{r=demo,m=publish}",
  "#!demo",
  ":demo",
  "sesame:demo",
  "publish:demo:dj:sesame:more",
  "srt://host?streamid=demo",
];
for (const text of unparsable) {
  Deno.test(`"${text}" is no stream id, and is not told back`, () => {
    assert.throws(() => parseStreamId(text), (error) => {
      assert(error instanceof StreamIdError);
      assert.match(error.message, /^Cannot parse stream id: expected NAME, /);
      assert.doesNotMatch(error.message, /sesame/);
      return true;
    });
  });
}

Deno.test("credentials are found whatever else the stream id says", () => {
  const found = (text: string) => {
    const { user, key } = credentialsOfStreamId(text);
    return [user, key];
  };
  assert.deepEqual(found("#!::s=sesame"), [undefined, "sesame"]);
  assert.deepEqual(found("#!::r=other,m=request,u=dj,s=sesame"), ["dj", "sesame"]);
  assert.deepEqual(found("publish:demo:dj:sesame"), ["dj", "sesame"]);
  for (const text of ["", "demo", "#!::r=demo", "#!sesame"]) {
    assert.deepEqual(found(text), [undefined, undefined]);
  }
});
