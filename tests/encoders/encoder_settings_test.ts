/** What is typed into encoders: for every kind of key and every door that is open. */
import assert from "node:assert/strict";
import {
  type EncoderHost,
  encoderSettings,
  larixLink,
} from "../../src/encoders/encoder_settings.ts";
import { publishTarget } from "../../src/rtmp/publish_target.ts";
import { parseStreamId } from "../../src/srt/stream_id.ts";

const AT: EncoderHost = {
  host: "radio.example",
  rtmpPort: 1935,
  srtPort: 9000,
  passphrase: undefined,
};
const KEY = "0123456789abcdef0123456789abcdef";

/** The texts by encoder and field. */
function texts(...settings: Parameters<typeof encoderSettings>): Record<string, string> {
  return Object.fromEntries(
    encoderSettings(...settings).map(({ encoder, field, text }) => [`${encoder}, ${field}`, text]),
  );
}

Deno.test("each encoder gets its texts, with user and key", () => {
  assert.deepEqual(texts({ name: "demo", user: "anna", key: KEY }, AT), {
    "OBS, Server": "rtmp://radio.example/live",
    "OBS, Stream key": `demo?user=anna&key=${KEY}`,
    "FFmpeg, RTMP": "ffmpeg -re -i FILE -vn -c:a aac -b:a 128k -f flv " +
      `"rtmp://radio.example/live/demo?user=anna&key=${KEY}"`,
    "OBS by SRT, Server": `srt://radio.example:9000?streamid=publish:demo:anna:${KEY}`,
    "FFmpeg, SRT": "ffmpeg -re -i FILE -vn -c:a aac -b:a 128k -f mpegts " +
      `"srt://radio.example:9000?streamid=publish:demo:anna:${KEY}"`,
    "Larix, Link": "larix://set/v1?conn[][name]=Echo%20demo&conn[][url]=" +
      `${encodeURIComponent(`rtmp://radio.example/live/demo?user=anna&key=${KEY}`)}` +
      "&conn[][mode]=a&conn[][overwrite]=on",
  });
});

Deno.test("BUTT and FFmpeg get what sources of Icecast need, where there is a port for them", () => {
  const at = { ...AT, host: "[2001:db8::1]", icecastPort: 8000 };
  const icecast = Object.entries(texts({ name: "demo", user: "anna", key: KEY }, at))
    .filter(([label]) => /BUTT|Icecast/.test(label));
  assert.deepEqual(icecast, [
    ["BUTT, Address", "2001:db8::1"],
    ["BUTT, Port", "8000"],
    ["BUTT, Password", KEY],
    ["BUTT, IceCast mountpoint", "demo"],
    ["BUTT, IceCast user", "anna"],
    [
      "FFmpeg, Icecast",
      "ffmpeg -re -i FILE -vn -c:a aac -b:a 128k -f adts -content_type audio/aac " +
      `"icecast://anna:${KEY}@[2001:db8::1]:8000/demo"`,
    ],
  ]);
  const open = texts({ name: "demo" }, at);
  assert.deepEqual([open["BUTT, Password"], open["BUTT, IceCast user"]], ["any", "source"]);
});

Deno.test("a key without a user, and none, are left out where they would stand", () => {
  const keyed = texts({ name: "demo", key: KEY }, AT);
  assert.equal(keyed["OBS, Stream key"], `demo?key=${KEY}`);
  assert.ok(keyed["OBS by SRT, Server"]?.endsWith(`streamid=publish:demo::${KEY}`));
  const open = texts({ name: "demo" }, AT);
  assert.equal(open["OBS, Stream key"], "demo");
  assert.ok(open["OBS by SRT, Server"]?.endsWith("streamid=publish:demo"));
});

Deno.test("ports and a passphrase stand where they are not the usual ones", () => {
  const at = { host: "[2001:db8::1]", rtmpPort: 1936, srtPort: 9001, passphrase: "two words?" };
  const settings = texts({ name: "demo" }, at);
  assert.equal(settings["OBS, Server"], "rtmp://[2001:db8::1]:1936/live");
  assert.equal(
    settings["OBS by SRT, Server"],
    "srt://[2001:db8::1]:9001?streamid=publish:demo&passphrase=two%20words%3F",
  );
});

Deno.test("RTMP over TLS is told where there is, in the place of RTMP", () => {
  const at = { ...AT, host: "203.0.113.5", rtmps: { host: "radio.example", port: 1936 } };
  const settings = texts({ name: "demo", key: KEY }, at);
  assert.equal(settings["OBS, Server"], "rtmps://radio.example:1936/live");
  assert.ok(
    settings["FFmpeg, RTMP"]?.endsWith(`"rtmps://radio.example:1936/live/demo?key=${KEY}"`),
  );
  assert.ok(settings["Larix, Link"]?.includes(encodeURIComponent("rtmps://radio.example:1936/")));
});

Deno.test("a door that is shut is left out, and Larix takes the other one", () => {
  const claim = { name: "demo", user: "anna", key: KEY };
  const srt = { ...AT, rtmpPort: undefined, passphrase: "passphrase" };
  assert.ok(Object.keys(texts(claim, srt)).every((field) => !field.includes("RTMP")));
  assert.equal(
    larixLink(claim, srt),
    "larix://set/v1?conn[][name]=Echo%20demo&conn[][url]=srt%3A%2F%2Fradio.example%3A9000" +
      `&conn[][srtstreamid]=publish%3Ademo%3Aanna%3A${KEY}&conn[][srtpass]=passphrase` +
      "&conn[][mode]=a&conn[][overwrite]=on",
  );
  assert.deepEqual(texts(claim, { ...srt, srtPort: undefined }), {});
});

Deno.test("the doors find in these texts what was put in", () => {
  const settings = texts({ name: "demo", user: "anna", key: KEY }, AT);
  const expected = { name: "demo", key: KEY, user: "anna" };
  const { others: _, ...byRtmp } = publishTarget("live", settings["OBS, Stream key"] ?? "");
  assert.deepEqual(byRtmp, expected);
  const streamId = new URL(settings["OBS by SRT, Server"] ?? "").searchParams.get("streamid");
  const { others: __, ...bySrt } = parseStreamId(streamId ?? "");
  assert.deepEqual(bySrt, expected);
});
