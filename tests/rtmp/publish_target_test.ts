import assert from "node:assert/strict";
import { publishTarget } from "../../src/rtmp/publish_target.ts";

const cases: [app: string, streamName: string, name: string, key: string | undefined][] = [
  // rtmp://HOST/NAME with the stream key KEY
  ["demo", "sesame", "demo", "sesame"],
  ["demo/", "sesame", "demo", "sesame"],
  ["/demo", "sesame?x=y", "demo", "sesame"],
  ["demo?x=y", "sesame", "demo", "sesame"],
  ["demo", "", "demo", undefined],
  ["demo?key=sesame", "", "demo", "sesame"],
  ["demo", "?key=sesame", "demo", "sesame"],
  ["demo?key=other", "sesame", "demo", "sesame"],
  // rtmp://HOST/live with the stream key NAME or NAME?key=KEY
  ["live", "demo", "demo", undefined],
  ["live/", "demo?key=sesame", "demo", "sesame"],
  ["live", "demo?a=b&key=sesame&c", "demo", "sesame"],
  ["live?key=sesame", "demo", "demo", "sesame"],
  ["live", "demo?key=", "demo", ""],
  ["live", "", "", undefined],
  // What is no name is left for the session to refuse.
  ["", "", "", undefined],
  ["live/demo", "sesame", "live/demo", "sesame"],
  ["live", "../x", "../x", undefined],
];

for (const [app, streamName, name, key] of cases) {
  Deno.test(`application "${app}" and stream "${streamName}" mean "${name}" with key ${key}`, () => {
    assert.deepEqual(publishTarget(app, streamName), { name, key });
  });
}
