import assert from "node:assert/strict";
import { keyOfStreamId, parseStreamId, StreamIdError } from "../../src/srt/stream_id.ts";

const taken: [text: string, name: string, key: string | undefined][] = [
  ["#!::r=demo,m=publish", "demo", undefined],
  ["#!::r=demo,m=publish,u=dj,s=sesame", "demo", "sesame"],
  ["#!::s=sesame,u=dj,m=publish,r=demo", "demo", "sesame"],
  ["#!::h=host,r=demo,t=stream,m=publish,x-my=1", "demo", undefined],
  ["#!::r=demo,m=publish,s=a=b:c", "demo", "a=b:c"],
  ["#!::r=demo,m=publish,s=", "demo", ""],
  ["#!::r=,m=publish", "", undefined],
  ["%23!::r=demo,m=publish,s=sesame", "demo", "sesame"],
  ["%23%21%3A%3Ar%3Ddemo%2Cm%3Dpublish", "demo", undefined],
  ["#!::r=demo,m=publish,u=100%", "demo", undefined],
  ["publish:demo", "demo", undefined],
  ["publish:demo:dj:sesame", "demo", "sesame"],
  ["publish:demo::sesame", "demo", "sesame"],
  ["publish:demo:sesame", "demo", "sesame"],
  ["publish:demo:dj:", "demo", ""],
  ["demo", "demo", undefined],
  ["live/demo", "live/demo", undefined],
];
for (const [text, name, key] of taken) {
  Deno.test(`"${text}" publishes ${name === "" ? "no name" : name}`, () => {
    assert.deepEqual(parseStreamId(text), { name, key });
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

Deno.test("a key is found whatever else the stream id says", () => {
  assert.equal(keyOfStreamId("#!::s=sesame"), "sesame");
  assert.equal(keyOfStreamId("#!::r=other,m=request,s=sesame"), "sesame");
  assert.equal(keyOfStreamId("publish:demo:dj:sesame"), "sesame");
  for (const text of ["", "demo", "#!::r=demo", "#!sesame"]) {
    assert.equal(keyOfStreamId(text), undefined);
  }
});
