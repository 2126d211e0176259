/** Under which host and port encoders are told to find this box. */
import assert from "node:assert/strict";
import { loadConfig } from "../../src/config/load.ts";
import { encoderHost } from "../../src/station/encoder_host.ts";

const TLS = { TLS_CERT_FILE: "cert.pem", TLS_KEY_FILE: "key.pem" };

function hostOf(env: Record<string, string>, asked: string, ...certified: string[]) {
  const { config } = loadConfig(env);
  const { host, rtmps } = encoderHost(config, {
    asked,
    isCertified: (host) => certified.includes(host),
  });
  return { host, rtmps };
}

Deno.test("RTMPS is told under the host that was asked for, where the certificate is for it", () => {
  const env = { ...TLS, ECHO_SRT_PUB_IP: "203.0.113.5", RTMPS_ADDR: "0.0.0.0:1999" };
  assert.deepEqual(hostOf(env, "in.radio.example", "cdn.radio.example", "in.radio.example"), {
    host: "203.0.113.5",
    rtmps: { host: "in.radio.example", port: 1999 },
  });
  assert.deepEqual(hostOf(env, "localhost", "203.0.113.5").rtmps, {
    host: "203.0.113.5",
    port: 1999,
  });
});

Deno.test("RTMPS is not told where encoders would refuse it, or where there is none", () => {
  assert.equal(hostOf(TLS, "in.radio.example", "cdn.radio.example").rtmps, undefined);
  for (const off of [{ RTMPS_ADDR: "off" }, { RTMP_ENABLED: "0" }]) {
    assert.equal(hostOf({ ...TLS, ...off }, "radio.example", "radio.example").rtmps, undefined);
  }
  const { config } = loadConfig({});
  assert.equal(encoderHost(config, { asked: "radio.example" }).rtmps, undefined);
});
