/** Tokens, from an issuer's key to what DJs, clients of the APIs and operators may do with them. */
import assert from "node:assert/strict";
import { ask, type ControlAnswer, reason, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { FfmpegSource } from "../../testing/icecast/sources.ts";
import { tellTitle } from "../../testing/icecast/scripted_source.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";
import { metricsOf } from "../../testing/e2e/stat_request.ts";
import { Issuer, keySetOf } from "../../testing/tokens/issuer.ts";
import { ServedKeys } from "../../testing/tokens/served_keys.ts";
import { until } from "../../testing/until.ts";

const RULES = { ECHO_JWT_ISSUER: "https://issuer.example", ECHO_JWT_AUDIENCE: "echo" };

scenario("a token lets its holder publish by every door, and nobody else", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const issuer = new Issuer();
  const stranger = new Issuer();
  await using keys = new ServedKeys(keySetOf(issuer));
  await using server = await EchoServer.start({
    env: { ...RULES, ECHO_AUTH: "jwt", ECHO_JWKS_URL: keys.url },
  });
  const token = issuer.token([{ action: "publish", name: "dj*" }]);
  const shown = [token];
  const control = `127.0.0.1:${server.controlPort}`;

  await t.step("in every form in which doors take it", async () => {
    const forms = [
      ["dj1", server.rtmpUrl(`live/dj1?key=${token}`)],
      ["dj2", server.rtmpUrl(`dj2/${token}`)],
      ["dj3", server.rtmpUrl(`radio/dj3/${token}`)],
      ["dj4", sharedUrl(server, `publish:dj4::${token}`)],
      ["dj5", sharedUrl(server, `#!::r=dj5,m=publish,s=${token}`)],
    ] as const;
    await together(forms, async ([name, url]) => {
      await using _encoder = new Encoder(clip, url);
      await untilHeard(server, name);
    });
  });

  await t.step("by a short key of the control API", async () => {
    const authorization = `Bearer ${token}`;
    const { key } = await reserve(control, "dj6", { protocol: "srt", authorization });
    assert.match(key, /^[0-9a-f]{32}$/);
    await using _encoder = new Encoder(clip, sharedUrl(server, `publish:dj6::${key}`));
    await untilHeard(server, "dj6");
  });

  await t.step("a backend gets keys, and cannot publish by its own token", async () => {
    const backend = issuer.token([{ action: "control", name: "*" }]);
    shown.push(backend);
    const authorization = `Bearer ${backend}`;
    const { key } = await reserve(control, "any", { protocol: "rtmp", authorization });
    await assertRefused(server.rtmpUrl(`live/any?key=${backend}`), /the token does not allow it/);
    await using _encoder = new Encoder(clip, server.rtmpUrl(`live/any?key=${key}`));
    await untilHeard(server, "any");
  });

  const listen = issuer.token([{ action: "listen", name: "*" }]);
  const expired = issuer.token([{ action: "publish", name: "*" }], { claims: { exp: 1 } });
  const unsigned = issuer.unsignedToken([{ action: "publish", name: "*" }]);
  const mac = issuer.macToken([{ action: "publish", name: "*" }], issuer.pem);
  const forged = stranger.token([{ action: "publish", name: "*" }]);
  const elsewhere = issuer.token([{ action: "publish", name: "*" }], { claims: { iss: "other" } });
  shown.push(listen, expired, unsigned, mac, forged, elsewhere);
  for (
    const [what, wrong, status, words] of [
      ["none", "", 401, /key is needed|unauthorized/],
      ["one for other names", token, 401, /the token does not allow it/],
      ["one to listen", listen, 401, /the token does not allow it/],
      ["an expired one", expired, 460, /the token has expired/],
      ["one without a signature", unsigned, 401, /not signed by one of/],
      ["one signed with the public key", mac, 401, /not signed by one of/],
      ["a stranger's", forged, 401, /signature is wrong/],
      ["another issuer's", elsewhere, 401, /of another issuer/],
    ] as const
  ) {
    await t.step(`not with ${what}`, async () => {
      const urls = [
        server.rtmpUrl(`live/other?key=${wrong}`),
        sharedUrl(server, `publish:other::${wrong}`),
      ];
      await together(urls, (url) => assertRefused(url, words));
      const answer = await askToPublish(control, "other", wrong);
      assert.equal(answer.status, status);
      assert.match(JSON.stringify(answer.body), words);
    });
  }
  await t.step("not with one of 100 kB, of which not even the head is read", async () => {
    const headers = { Authorization: `Bearer ${token}${"A".repeat(100_000)}` };
    const url = `http://${control}/echo/4/publish/dj9`;
    const response = await fetch(url, { method: "POST", headers });
    await response.body?.cancel();
    assert.equal(response.status, 431);
  });
  // Where no name stands, a token is easily taken for one.
  await assertRefused(server.rtmpUrl(`live/${token}`), /Cannot publish/);

  await t.step("and operators see the statistics of all", async () => {
    const events = `http://127.0.0.1:${server.statPort}/stat/1/listeners`;
    const operator = issuer.token([{ action: "stat", name: "*" }]);
    shown.push(operator);
    const statusOf = async (token: string) => {
      // Without a token, this machine would be let in.
      const headers = { "Authorization": `Bearer ${token}`, "Via": "1.1 proxy" };
      const response = await fetch(events, { headers });
      await response.body?.cancel();
      return response.status;
    };
    assert.deepEqual([await statusOf(operator), await statusOf(token)], [200, 401]);
  });

  await t.step("keys are rotated, and an outage of the key set stops nobody", async () => {
    const newer = new Issuer("key-2");
    const next = newer.token([{ action: "publish", name: "dj*" }]);
    shown.push(next);
    keys.text = undefined;
    await using _old = new Encoder(clip, server.rtmpUrl(`live/dj7?key=${token}`));
    await untilHeard(server, "dj7");
    await assertRefused(server.rtmpUrl(`live/dj8?key=${next}`), /no key of the key set/);
    keys.text = keySetOf(issuer, newer);
    await until("the new key is known", async () => {
      return (await askToPublish(control, "dj8", next)).status === 200;
    });
    await using _new = new Encoder(clip, server.rtmpUrl(`live/dj8?key=${next}`));
    await untilHeard(server, "dj8");
    // Nobody shows an unknown key, so only who says so has it read again.
    keys.text = keySetOf(newer);
    server.kill("SIGHUP");
    await until("the old key is void", async () => {
      return (await askToPublish(control, "dj9", token)).status === 401;
    });
    assert.ok(await isHeard(server, "dj7"), "who is on air stays");
  });
  assertNotTold([...server.log, await metricsOf(server)], shown);
});

scenario(
  "a session ends with its token where that is asked for, else goes on with titles",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 60 });
    const issuer = new Issuer();
    await together(["0", "1"], async (ends) => {
      await using keys = new ServedKeys(keySetOf(issuer));
      await using server = await EchoServer.start({
        env: {
          ...{ ECHO_AUTH: "jwt", ECHO_JWKS_URL: keys.url, ECHO_JWT_ENDS_SESSION: ends },
          ICECAST_ENABLED: "1",
        },
      });
      await server.line(/Icecast listens on/);
      // The leeway is 5 s.
      const exp = Math.floor(Date.now() / 1000) + 5;
      const rights = ["demo", "radio"].map((name) => ({ action: "publish", name }) as const);
      const token = issuer.token(rights, { claims: { exp } });
      const other = issuer.token(rights, { claims: { exp: exp - 1 } });
      await using encoder = new Encoder(clip, server.rtmpUrl(`live/demo?key=${token}`));
      const place = { port: server.icecastPort, name: "radio", password: token };
      await using source = new FfmpegSource(clip, place);
      await untilHeard(server, "demo");
      await untilHeard(server, "radio");
      await until("the token has expired", () => Date.now() > (exp + 7) * 1000);
      if (ends === "1") {
        await encoder.end();
        await source.end();
        await assert.rejects(tellTitle(place, "Late"), /The title is not taken/);
      } else {
        assert.equal(await isHeard(server, "demo"), true);
        await tellTitle(place, "Late");
        await assert.rejects(tellTitle({ ...place, password: other }, "Other"), /has expired/);
        const page = server.playlistUrl("radio").replace("playlist.m3u8", "status.json");
        await until(
          "the title is told",
          async () => (await (await fetch(page)).json()).title === "Late",
        );
      }
      await assertRefused(server.rtmpUrl(`live/demo?key=${token}`), /the token has expired/);
    });
  },
);

scenario("a server does not start with a key set that cannot be used", async () => {
  const folder = await Deno.makeTempDir({ prefix: "echo-test-" });
  try {
    const file = `${folder}/keys.json`;
    await Deno.writeTextFile(file, JSON.stringify({ keys: [new Issuer().privateJwk] }));
    await assert.rejects(
      EchoServer.start({ env: { ECHO_AUTH: "jwt", ECHO_JWKS_FILE: file } }),
      /expected public keys, got a private one/,
    );
    await assert.rejects(
      EchoServer.start({ env: { HLS_AUTH: "jwt" } }),
      /expected ECHO_JWKS_URL or ECHO_JWKS_FILE to be set/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Asks the control API for a key. */
async function askToPublish(control: string, name: string, token: string): Promise<ControlAnswer> {
  const media = { type: "audio", protocol: "rtmp", format: "flv" };
  return await ask(control, {
    ...{ method: "POST", path: `publish/${name}`, body: { media, ...reason(0, "") } },
    headers: { Authorization: `Bearer ${token}` },
  });
}

async function untilHeard(server: EchoServer, name: string): Promise<void> {
  await until(`${name} is heard`, () => isHeard(server, name));
}

async function isHeard(server: EchoServer, name: string): Promise<boolean> {
  const response = await fetch(server.playlistUrl(name));
  return (await response.text()).includes("#EXTINF");
}

/** FFmpeg shows what it is told by RTMP; by SRT it is told a code alone. */
async function assertRefused(url: string, words: RegExp): Promise<void> {
  await using encoder = new Encoder(CLIP, url);
  const { code } = await encoder.end();
  assert.notEqual(code, 0, `it publishes to ${url}`);
  if (url.startsWith("rtmp")) assert.match(encoder.output, words);
}

const CLIP = new URL("../../scripts/echo-client/clip.aac", import.meta.url).pathname;

/** Whatever the part of a token that is in a text, it is not there. */
function assertNotTold(texts: readonly string[], tokens: readonly string[]): void {
  for (const part of tokens.flatMap((token) => token.split(".").slice(1))) {
    if (part === "") continue;
    const found = texts.find((text) => text.includes(part.slice(0, 24)));
    assert.equal(found, undefined, `${part} is told`);
  }
}
