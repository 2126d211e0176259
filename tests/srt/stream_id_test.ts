/** Which name and key a stream id means, in each of its forms, and the hint where it is wrong. */
import assert from "node:assert/strict";
import {
  credentialsOfStreamId,
  parseStreamId,
  StreamIdError,
  streamIdHint,
} from "../../src/srt/stream_id.ts";

const taken: [text: string, name: string, user: string | undefined, key: string | undefined][] = [
  ["#!::r=demo,m=publish", "demo", undefined, undefined],
  ["#!::r=demo,m=publish,u=dj,s=sesame", "demo", "dj", "sesame"],
  ["#!::s=sesame,u=dj,m=publish,r=demo", "demo", "dj", "sesame"],
  ["#!::h=host,r=demo,t=stream,m=publish,x-my=1", "demo", undefined, undefined],
  ["#!::r=demo,m=publish,s=a=b:c", "demo", undefined, "a=b:c"],
  ["#!::r=demo,m=publish,s=", "demo", undefined, ""],
  ["#!::r=,m=publish", "", undefined, undefined],
  ["#!::r=demo,m=publish,s=q+Zx8/a+b==", "demo", undefined, "q+Zx8/a+b=="],
  ["#!::r=demo,m=publish,s=ab%41cd", "demo", undefined, "ab%41cd"],
  ["#!::r=demo,m=publish,s=a,b", "demo", undefined, "a,b"],
  ["#!::s=a,b=c,,d,m=publish,r=demo,bmd_name=x", "demo", undefined, "a,b=c,,d"],
  ["#!::r=demo,m=publish,,junk,s=sesame", "demo", undefined, "sesame"],
  ["#!::r=demo, m=publish", "demo", undefined, undefined],
  ["#!::r=live/demo,m=publish", "demo", undefined, undefined],
  ["#!::r=/demo,m=publish,s=sesame", "demo", undefined, "sesame"],
  ["#!::r=app//demo?key=sesame,m=publish", "demo", undefined, "sesame"],
  ["%23!::r=demo,m=publish,s=sesame", "demo", undefined, "sesame"],
  ["%23%21%3A%3Ar%3Ddemo%2Cm%3Dpublish", "demo", undefined, undefined],
  ["#!::r=demo,m=publish,u=100%", "demo", "100%", undefined],
  ["publish:demo", "demo", undefined, undefined],
  ["publish:demo:dj:sesame", "demo", "dj", "sesame"],
  ["publish:demo::sesame", "demo", undefined, "sesame"],
  ["publish:demo:sesame", "demo", undefined, "sesame"],
  ["publish:demo:dj:", "demo", "dj", ""],
  ["demo", "demo", undefined, undefined],
  ["publish:demo:dj:a:b", "demo", "dj", "a:b"],
  ["publish:demo::a:b", "demo", undefined, "a:b"],
  ["publish:demo::a/b+c==", "demo", undefined, "a/b+c=="],
  ["publish:demo::ab%41cd", "demo", undefined, "ab%41cd"],
  ["publish:live/demo::sesame", "demo", undefined, "sesame"],
  ["publish:/demo", "demo", undefined, undefined],
  ["live/demo", "demo", undefined, undefined],
  ["/demo", "demo", undefined, undefined],
  ["live//demo/", "demo", undefined, undefined],
  ["publish/demo", "demo", undefined, undefined],
  ["app1/demo", "demo", undefined, undefined],
  [" demo\r\n", "demo", undefined, undefined],
  ["\tpublish:demo::sesame \n", "demo", undefined, "sesame"],
  ["demo?key=a:b&c", "demo", undefined, "a:b&c"],
  ["my%2Ddemo", "my-demo", undefined, undefined],
  ["publish%3Ademo%3A%3Asesame", "demo", undefined, "sesame"],
  // What is no name is left for the session to refuse.
  ["../demo", "../demo", undefined, undefined],
  ["live", "live", undefined, undefined],
];
for (const [text, name, user, key] of taken) {
  Deno.test(`"${text}" publishes ${name === "" ? "no name" : name}`, () => {
    const target = parseStreamId(text);
    assert.deepEqual([target.name, target.user, target.key], [name, user, key]);
  });
}

const asking = ["#!::r=demo,m=request", "#!::r=demo", "#!::r=demo,m=bidirectional", "read:demo"];
for (const text of [...asking, "request:demo", "play:demo:dj:sesame"]) {
  Deno.test(`"${text}" asks for a stream and is refused`, () => {
    assert.throws(() => parseStreamId(text), (error) => {
      assert(error instanceof StreamIdError);
      assert.match(
        error.message,
        /^Cannot serve stream id: expected m=publish, got m=[a-z]+; got stream id .*demo/,
      );
      return true;
    });
  });
}

const unparsable = [
  "",
  "#!::",
  "#!::m=publish",
  "#!::r=demo,m=publish,,m=sesame",
  "#!::r=demo,m=PUBLISH",
  "#!:{r=demo,m=publish}",
  "#!demo",
  ":demo",
  "sesame:demo",
  "stream:demo:dj:sesame",
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

const others: [text: string, key: string][] = [
  ["publish:demo:ses:ame", "ses:ame"],
  ["publish:demo::a%2Bb", "a+b"],
  ["#!::r=demo,m=publish,s=sesame,", "sesame"],
  ["#!::r=demo,m=publish,s=a,b=c,de=f", "a,b=c,de=f"],
  ["demo?key=sesame&x=y", "sesame"],
];
for (const [text, key] of others) {
  Deno.test(`the key of "${text}" may also be ${key}`, () => {
    const keys = parseStreamId(text).others.map((other) => other.key);
    assert.ok(keys.includes(key), keys.join());
  });
}

const hints: [text: string, shown: string][] = [
  ["no name", "no name"],
  ["publish:no name", "publish:no name"],
  ["publish:no name:dj:sesame", "publish:no name:…"],
  ["demo?key=sesame", "demo?…"],
  ["publish:demo?key=sesame", "publish:demo?…"],
  [
    "#!::r=live/no name,m=publish,u=sesame,s=sesame,x,t=stream",
    "#!::r=live/no name,m=publish,…,…,t=stream",
  ],
  ["#!::r=x?key=sesame,m=publish", "#!::r=x?…,m=publish"],
  ["sesame:demo", "…"],
  ["", "none"],
  ["a\u001b[31m\nb", "a?[31m?b"],
  ["x".repeat(512), `${"x".repeat(80)}…`],
];
for (const [text, shown] of hints) {
  Deno.test(`a refusal of "${text.slice(0, 40)}" tells ${shown}`, () => {
    assert.equal(
      streamIdHint(text),
      `got stream id ${shown}; expected NAME, publish:NAME:USER:KEY or #!::r=NAME,m=publish,s=KEY`,
    );
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

const OWN_KEY = "0123456789abcdef0123456789abcdef";

for (
  const text of [
    `demo/${OWN_KEY}`,
    `publish/demo/${OWN_KEY}`,
    `demo&key=${OWN_KEY}`,
    `demo,s=${OWN_KEY}`,
    `demo%3Fkey%3D${OWN_KEY}`,
    `publish%3Ademo%3A${OWN_KEY}`,
    `%23%21%3A%3Ar%3Ddemo%2Cm%3Dpublish%2Cs%3D${OWN_KEY}`,
    `#!::r=demo/${OWN_KEY},m=publish`,
    `#!::r=demo,m=publish,s=${OWN_KEY}`,
    `publish:demo:${OWN_KEY}`,
    `demo:${OWN_KEY}`,
    OWN_KEY,
  ]
) {
  Deno.test(`a hint on ${text} does not tell the key`, () => {
    assert.ok(!streamIdHint(text).includes(OWN_KEY.slice(0, 8)));
  });
}
