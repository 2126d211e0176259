/** Which name and key an RTMP address means, and the hint where it is wrong. */
import assert from "node:assert/strict";
import { publishHint, publishTarget } from "../../src/rtmp/publish_target.ts";

const cases: [app: string, streamName: string, name: string, key: string | undefined][] = [
  // rtmp://HOST/NAME with the stream key KEY
  ["demo", "sesame", "demo", "sesame"],
  ["demo/", "sesame", "demo", "sesame"],
  ["/demo", "sesame", "demo", "sesame"],
  ["demo?x=y", "sesame", "demo", "sesame"],
  ["demo", "", "demo", undefined],
  ["demo?key=sesame", "", "demo", "sesame"],
  ["demo", "?key=sesame", "demo", "sesame"],
  // rtmp://HOST/live with the stream key NAME or NAME?key=KEY
  ["live", "demo", "demo", undefined],
  ["live/", "demo?key=sesame", "demo", "sesame"],
  ["live", "demo?a=b&key=sesame", "demo", "sesame"],
  ["live?key=sesame", "demo", "demo", "sesame"],
  ["live?key=sesame", "demo?a=b", "demo", "sesame"],
  ["live", "demo?key=", "demo", ""],
  ["live", "demo?a=b", "demo", undefined],
  ["live", "", "", undefined],
  // rtmp://HOST/live/NAME with the stream key KEY, or all of it in one field
  ["live/demo", "", "demo", undefined],
  ["live/demo", "sesame", "demo", "sesame"],
  ["live/demo", "?key=sesame", "demo", "sesame"],
  ["live/demo?key=sesame", "", "demo", "sesame"],
  ["live", "demo/sesame", "demo", "sesame"],
  ["live", "live/demo", "demo", undefined],
  ["", "live/demo", "demo", undefined],
  // Slashes, spaces and line ends around
  ["live", "/demo", "demo", undefined],
  ["/live/", "//demo/", "demo", undefined],
  ["live//demo", "", "demo", undefined],
  [" live ", "\tdemo?key=sesame\r\n", "demo", "sesame"],
  [" demo\n", " sesame ", "demo", "sesame"],
  // Encoders escape nothing
  ["live", "demo?key=q+Zx8/a+b==", "demo", "q+Zx8/a+b=="],
  ["live", "demo?key=ab%41cd", "demo", "ab%41cd"],
  ["live", "demo?key=100%", "demo", "100%"],
  ["live", "demo?key=a&b=c?d#e;f,g:h i", "demo", "a&b=c?d#e;f,g:h i"],
  ["live", "demo?key=a&key=b", "demo", "a&key=b"],
  ["demo", "what?now", "demo", "what?now"],
  ["demo", "a/b+c==", "demo", "a/b+c=="],
  ["demo", "/a//b/", "demo", "/a//b/"],
  ["demo", "50%off", "demo", "50%off"],
  ["demo", "pässwort", "demo", "pässwort"],
  ["demo", "sesame?x=y", "demo", "sesame?x=y"],
  // FFmpeg takes what stands before the second slash for the application
  ["demo/a", "b+c==", "demo", "a/b+c=="],
  ["live/demo", "a/b", "demo", "a/b"],
  ["live/demo?key=a", "b+c==", "demo", "a/b+c=="],
  ["demo?key=a", "b", "demo", "a/b"],
  // Another server's application with a key in the query
  ["app", "demo?key=sesame", "demo", "sesame"],
  ["radio", "demo?key=sesame", "demo", "sesame"],
  ["app?key=sesame", "demo", "demo", "sesame"],
  // A name that was escaped
  ["live", "my%2Ddemo?key=a%2Fb", "my-demo", "a/b"],
  // What is no name is left for the session to refuse.
  ["", "", "", undefined],
  ["live", "../x", "..", "x"],
  ["no name", "sesame", "no name", "sesame"],
];

for (const [app, streamName, name, key] of cases) {
  Deno.test(`application "${app}" and stream "${streamName}" mean "${name}" with key ${key}`, () => {
    const target = publishTarget(app, streamName);
    assert.deepEqual({ name: target.name, key: target.key }, { name, key });
  });
}

const others: [app: string, streamName: string, name: string, key: string | undefined][] = [
  ["live", "demo?key=sesame&x=y", "demo", "sesame"],
  ["live", "demo?key=a%2Bb", "demo", "a+b"],
  ["demo", "sesame?x=y", "demo", "sesame"],
  ["demo", "/sesame", "demo", "sesame"],
  ["demo", "a%2Fb", "demo", "a/b"],
  ["demo?key=sesame", "any", "demo", "sesame"],
  ["demo?key=any", "sesame", "demo", "sesame"],
  ["live/demo?key=sesame", "any", "demo", "sesame"],
  ["radio/demo", "sesame", "demo", "sesame"],
  ["demo", "x?key=sesame", "demo", "sesame"],
];
for (const [app, streamName, name, key] of others) {
  Deno.test(`"${app}" and "${streamName}" may also mean "${name}" with key ${key}`, () => {
    const found = publishTarget(app, streamName).others.some((other) =>
      other.name === name && other.key === key
    );
    assert.ok(found);
  });
}

Deno.test("what stands behind another server's application may be the name", () => {
  for (const app of ["app1", "app", "stream", "publish", "live2", "hls"]) {
    const { name, others } = publishTarget(app, "demo");
    assert.equal(name, app);
    const behind = others.find(({ application }) => application === "usual");
    assert.deepEqual([behind?.name, behind?.key], ["demo", undefined]);
  }
  const radio = publishTarget("radio/demo", "x").others.find((it) => it.application === "usual");
  assert.deepEqual([radio?.name, radio?.key], ["demo", "x"]);
  const own = publishTarget("other", "anykey").others;
  assert.ok(!own.some(({ application }) => application === "usual"));
});

Deno.test("a key is never taken for a name, but where another server's application is before it", () => {
  for (const app of ["demo", "no name", "x".repeat(200), "app1"]) {
    const { name, others } = publishTarget(app, "sesame");
    assert.equal(name, app);
    for (const other of others) {
      assert.ok(other.name !== "sesame" || other.application !== undefined);
    }
  }
});

const hints: [app: string, streamName: string, shown: string][] = [
  ["live", "no name", "rtmp://HOST/live/no name"],
  ["live/demo", "sesame", "rtmp://HOST/live/demo/…"],
  ["live", "demo/sesame", "rtmp://HOST/live/demo/…"],
  ["live", "demo?key=sesame", "rtmp://HOST/live/demo?…"],
  ["live?key=sesame", "demo", "rtmp://HOST/live/demo?…"],
  ["live/demo?key=ses", "ame", "rtmp://HOST/live/demo/…"],
  ["demo", "sesame", "rtmp://HOST/demo/…"],
  ["demo/ses", "ame", "rtmp://HOST/demo/…"],
  ["demo?key=sesame", "", "rtmp://HOST/demo/…"],
  ["app1", "sesame", "rtmp://HOST/app1/…"],
  ["live", "", "rtmp://HOST/live"],
  ["", "", "rtmp://HOST/"],
  ["live", "a\u001b[31m\nb", "rtmp://HOST/live/a?[31m?b"],
  ["live", "x".repeat(10_000), `rtmp://HOST/live/${"x".repeat(75)}…`],
];
for (const [app, streamName, shown] of hints) {
  Deno.test(`a refusal of "${app}" and "${streamName.slice(0, 20)}" tells ${shown}`, () => {
    const hint = publishHint(app, streamName);
    const [got, forms] = hint.split("; ");
    assert.equal(got, `got ${shown}`);
    assert.match(forms ?? "", /^publish to rtmp:\/\/HOST\/live with .* rtmp:\/\/HOST\/NAME with/);
    assert.doesNotMatch(hint, /ses|\bame/);
  });
}

const OWN_KEY = "0123456789abcdef0123456789abcdef";

for (
  const [app, streamName] of [
    ["", `demo/${OWN_KEY}`],
    ["/", `demo/${OWN_KEY}`],
    ["live", `demo%3Fkey%3D${OWN_KEY}`],
    ["live", `demo&key=${OWN_KEY}`],
    ["live", `demo:${OWN_KEY}`],
    ["live", `demo,${OWN_KEY}`],
    ["live", OWN_KEY],
    [`demo%2F${OWN_KEY}`, ""],
    [`demo/${OWN_KEY}`, ""],
    [OWN_KEY, ""],
    ["app1", OWN_KEY],
  ] as const
) {
  Deno.test(`a hint on ${app} with ${streamName} does not tell the key`, () => {
    assert.ok(!publishHint(app, streamName).includes(OWN_KEY.slice(0, 8)));
  });
}
