/** TLS at the doors, with a certificate of an authority that the test makes. */
import assert from "node:assert/strict";
import { Browser } from "../../testing/players/browser.ts";
import { runEcho } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { GStreamerEncoder } from "../../testing/e2e/gstreamer_encoder.ts";
import { scenario, withAnyThreads } from "../../testing/e2e/scenario.ts";
import { SecureServer } from "../../testing/e2e/secure_server.ts";
import { Issuer, keySetOf } from "../../testing/tokens/issuer.ts";
import { ServedKeys } from "../../testing/tokens/served_keys.ts";
import { TestAuthority } from "../../testing/tls/test_authority.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";

const PUBLISH = [
  ...["--request", "POST", "--header", "Content-Type: application/json", "--data"],
  JSON.stringify({
    media: { type: "audio", protocol: "rtmp", format: "flv" },
    reason: { code: 1, message: "" },
  }),
];

scenario("FFmpeg, GStreamer and librtmp publish by RTMPS, curl and Chromium hear it", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 10, times: 12 });
  await using server = await SecureServer.start({ env: { HLS_WEB_REDIRECT: "1" } });
  await using _ffmpeg = new Encoder(clip, server.rtmpsUrl("ffmpeg"));
  await using _gstreamer = new GStreamerEncoder(clip, server.rtmpsUrl("gstreamer"));
  await using _librtmp = new GStreamerEncoder(clip, server.rtmpsUrl("librtmp"), "rtmpsink");

  for (const name of ["ffmpeg", "gstreamer", "librtmp"]) {
    await t.step(`${name} is on air, by HTTP/1.1 and HTTP/2`, async () => {
      for (const [option, version] of [["--http1.1", "1.1"], ["--http2", "2"]] as const) {
        const answer = await until(`${name} is on air`, async () => {
          const answer = await server.curl(server.playlistUrl(name), option);
          return answer.status === 200 && answer;
        });
        assert.equal(answer.version, version);
        const [segment = ""] = /^\d+-\d+\.ts$/m.exec(answer.body) ?? [];
        const url = server.playlistUrl(name).replace("playlist.m3u8", segment);
        const { status, error } = await server.curl(url, option, "--output", "/dev/null");
        assert.deepEqual([status, error], [200, ""]);
      }
    });
  }
  await t.step("a client that does not know the authority is told nothing", async () => {
    const { status, error } = await server.curl(
      server.playlistUrl("ffmpeg"),
      "--cacert",
      "/dev/null",
    );
    assert.equal(status, 0);
    assert.match(error, /certificate/);
  });
  await t.step("the control API and statistics are there, and tell of RTMPS", async () => {
    const { ports } = server;
    const publish = await server.curl(
      `https://localhost:${ports.control}/echo/4/publish/dj`,
      ...PUBLISH,
    );
    const { control, rtmps } = JSON.parse(publish.body).publish;
    assert.equal(control, `https://localhost:${ports.control}/echo/4`);
    assert.equal(rtmps.url, `rtmps://localhost:${ports.rtmps}/dj`);
    const encoders = `https://localhost:${ports.stat}/stat/1/encoders/dj`;
    const { settings } = JSON.parse((await server.curl(encoders)).body);
    assert.deepEqual(settings[0], {
      ...{ encoder: "OBS", field: "Server", text: `rtmps://localhost:${ports.rtmps}/live` },
    });
    const metrics = await server.curl(`https://localhost:${ports.stat}/metrics`);
    const [, left] = /^echo_tls_certificate_expiry_seconds (\d+)/m.exec(metrics.body) ?? [];
    assert.ok(Number(left) > 360 * 86_400, left);
  });
  await t.step("pages are sent to HTTPS, files are not", async () => {
    const plain = `http://localhost:${server.echo.hlsPort}/cast/ffmpeg/`;
    const page = await server.curl(plain, "--head");
    assert.equal(page.status, 307);
    assert.match(
      page.body,
      new RegExp(`location: https://localhost:${server.ports.hls}/cast/ffmpeg/`),
    );
    assert.equal((await server.curl(`${plain}playlist.m3u8`)).status, 200);
    assert.equal((await server.curl(plain, "--header", "X-Forwarded-Proto: https")).status, 200);
  });
  await t.step("Chromium shows the page by HTTP/2 and plays", async () => {
    await using browser = await Browser.start("any");
    const page = await browser.open(server.playlistUrl("ffmpeg").replace("playlist.m3u8", ""));
    const protocol = await page.evaluate(
      "performance.getEntriesByType('navigation')[0].nextHopProtocol",
    );
    assert.equal(protocol, "h2");
    const player = await browser.play(server.playlistUrl("ffmpeg"), "hls.js");
    const { longestStallMs } = await player.played(8);
    assert.ok(longestStallMs < 1000, `it stood still for ${longestStallMs} ms`);
  });
});

withAnyThreads("over HTTPS, too, listeners need their token", async (env) => {
  const issuer = new Issuer();
  await using keys = new ServedKeys(keySetOf(issuer));
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await SecureServer.start({
    env: { HLS_AUTH: "jwt", ECHO_JWKS_URL: keys.url, HLS_WEB_HSTS: "60", ...env },
  });
  await using _encoder = new Encoder(clip, server.rtmpsUrl("demo"));
  const [own = "", other = ""] = ["demo", "other"].map((name) =>
    `~${issuer.token([{ action: "listen", name }])}/demo`
  );
  const ask = (place: string, version: string) =>
    server.curl(server.playlistUrl(place), version, "--include");
  await until("the show is on air", async () => (await ask(own, "--http2")).status === 200);
  for (const version of ["--http2", "--http1.1"]) {
    // From the third request on the answer is prepared.
    for (let i = 0; i < 4; i++) {
      const { status, body } = await ask(own, version);
      assert.equal(status, 200);
      assert.match(body, /^strict-transport-security: max-age=60\r$/im);
      assert.match(body, /^cache-control: private, /im);
    }
    assert.equal((await ask(other, version)).status, 403);
    assert.equal((await ask("demo", version)).status, 403);
  }
});

scenario("a pair that cannot be used leaves the old one, and it is said", async (t) => {
  await using server = await SecureServer.start({
    expectedErrors: [/Cannot reread the configuration, all stays as it was: Cannot use TLS_CERT/],
  });
  const old = await server.certificateAt(server.ports.hls);
  const [expired, other] = [
    await server.authority.issue({ days: 0 }),
    await server.authority.issue(),
  ];
  for (
    const [what, pair, why] of [
      ["a key of another", { key: other.key }, /does not belong to the certificate/],
      ["one that expired", expired, /expired on/],
      ["one that cannot be read", { cert: "hello" }, /no certificate in PEM/],
    ] as const
  ) {
    await t.step(what, async () => {
      await server.write(pair);
      server.echo.kill("SIGHUP");
      await server.echo.line(new RegExp(`Cannot use TLS_CERT_FILE .*${why.source}`));
      assert.equal(await server.certificateAt(server.ports.hls), old);
      assert.equal(await server.certificateAt(server.ports.rtmps), old);
    });
  }
});

scenario("a certificate that cannot be used keeps no key of tokens in force", async () => {
  const issuer = new Issuer();
  await using keys = new ServedKeys(keySetOf(issuer));
  await using server = await SecureServer.start({
    env: { ECHO_AUTH: "jwt", ECHO_JWKS_URL: keys.url },
    expectedErrors: [/Cannot reread the configuration.*Cannot use TLS_CERT_FILE/],
  });
  const authorization = `Authorization: Bearer ${issuer.token([{ action: "publish", name: "*" }])}`;
  const statusOf = async () => {
    const url = `https://localhost:${server.ports.control}/echo/4/publish/dj`;
    return (await server.curl(url, ...PUBLISH, "--header", authorization)).status;
  };
  assert.equal(await statusOf(), 200);
  await server.write({ cert: "hello" });
  keys.text = keySetOf(new Issuer("key-2"));
  server.echo.kill("SIGHUP");
  await server.echo.line(/Cannot reread the configuration/);
  await until("the key is void", async () => await statusOf() === 401);
});

scenario("a certificate that cannot be used stops the start with one line", async (t) => {
  await using authority = await TestAuthority.create();
  const good = await authority.issue();
  const expired = await authority.issue({ days: 0 });
  await withFolder(async (folder) => {
    const env = { TLS_CERT_FILE: `${folder}/cert.pem`, TLS_KEY_FILE: `${folder}/key.pem` };
    for (
      const [what, cert, key, expected] of [
        ["expired", expired.cert, expired.key, /the certificate \(test\) expired on /],
        ["does not fit", good.cert, expired.key, /private key does not belong to the certificate/],
        ["is empty", "", good.key, /holds no certificate in PEM/],
      ] as const
    ) {
      await t.step(what, async () => {
        await Deno.writeTextFile(env.TLS_CERT_FILE, cert);
        await Deno.writeTextFile(env.TLS_KEY_FILE, key);
        await using run = runEcho([], { env, cwd: folder });
        assert.equal((await run.end()).code, 1);
        const fatal = run.lines.filter((line) => / FATAL /.test(line));
        assert.equal(fatal.length, 1, run.output);
        assert.match(fatal.join(), expected);
        assert.match(fatal.join(), /Cannot use TLS_CERT_FILE ".*" with TLS_KEY_FILE ".*": /);
      });
    }
    await t.step("is not named", async () => {
      const { TLS_CERT_FILE } = env;
      await using run = runEcho([], { env: { TLS_CERT_FILE }, cwd: folder });
      assert.equal((await run.end()).code, 2);
      assert.match(run.output, /^echo: Cannot use .*: expected TLS_KEY_FILE to be set too/m);
    });
  });
});
