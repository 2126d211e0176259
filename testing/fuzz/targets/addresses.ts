/** What reads who asks: networks of proxies, forwarded addresses, origins of pages. */
import assert from "node:assert/strict";
import type { Context } from "hono";
import { networks, origins } from "../../../src/config/kinds.ts";
import { ControlError } from "../../../src/control/control_error.ts";
import { PageOrigins } from "../../../src/control/page_origins.ts";
import { Network, TrustedProxies } from "../../../src/http/addresses.ts";
import { networkOf, parseAddress } from "../../../src/session/network.ts";
import { about, bytesOf, type Target, textOf } from "../target.ts";

const PROXY = "10.0.0.1";
const PROXIES = new TrustedProxies(["10.0.0.0/8", "2001:db8::/32"]);

const ADDRESS_WORDS = [
  ...["::", ":", ".", "/", ",", "ffff", "%eth0", "[", "]", ":80", "\n", " ", "0", "255", "256"],
  ...[
    "127.0.0.1",
    "10.0.0.0/8",
    "2001:db8::/33",
    "::ffff:10.1.2.3",
    "/0",
    "/32",
    "/128",
    "unknown",
  ],
];
/** A host that no other site's name can point to. */
const BY_ADDRESS = /^(?:localhost|[\d.]+|\[[\da-f:.]+\])(?::\d*)?$/i;

export const ADDRESS_TARGETS: readonly Target[] = [
  {
    name: "trusted_proxies",
    errors: [],
    maxBytes: 256,
    tokens: ADDRESS_WORDS,
    seeds: () =>
      ["10.0.0.0/8, 192.0.2.7", "2001:db8::/32,::1", "fe80::/10", "0.0.0.0/0"].map(bytesOf),
    run: (input) => {
      const texts = networks.parse(textOf(input));
      if (texts === undefined) return "none";
      for (const text of texts) {
        const network = Network.parse(text);
        assert.ok(network !== undefined, `the server takes ${text} as the configuration does`);
        const [address = ""] = text.split("/");
        assert.ok(network.has(address), `${text} has its own address`);
      }
      const proxies = new TrustedProxies(texts);
      return `${about(texts.length)} ${proxies.has(PROXY)} ${proxies.has("2001:db8::1")}`;
    },
  },
  {
    name: "forwarded_for",
    errors: [],
    maxBytes: 512,
    tokens: ADDRESS_WORDS,
    seeds: () =>
      [
        ...["198.51.100.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "[2001:db8::7]:4711, 10.0.0.3"],
        ...["198.51.100.1:4711", "unknown, 10.0.0.2", "::ffff:10.1.2.3, 2001:db8::1", ","],
      ].map(bytesOf),
    run: (input) => {
      const text = textOf(input);
      assert.equal(PROXIES.clientOf("192.0.2.7", text), "192.0.2.7", "nobody else is believed");
      const client = PROXIES.clientOf(PROXY, text);
      assert.ok(parseAddress(client) !== undefined, "it is an address");
      if (PROXIES.has(client)) return "a proxy";
      const forged = PROXIES.clientOf(PROXY, `203.0.113.9, ${text}`);
      assert.equal(forged, client, "what a client writes itself does not count");
      return `${networkOf(client).split(":").length} ${about(text.split(",").length)}`;
    },
  },
  {
    name: "page_origins",
    errors: [ControlError],
    maxBytes: 512,
    tokens: ["http://", "https://", "null", "\n", ",", ":80", "/", "@", ".", "localhost", "[::1]"],
    seeds: () =>
      [
        "https://a.example,capacitor://localhost\nhttps://a.example\necho",
        "http://192.0.2.1:8080\nnull\nlocalhost",
        "null\nhttp://192.0.2.1:5021\n192.0.2.1:5021",
        "http://b.example\nhttp://echo:5021\necho:5021",
      ].map(bytesOf),
    run: (input) => {
      const [list = "", origin = "", host = ""] = textOf(input).split("\n");
      const allowed = origins.parse(list) ?? [];
      const headers: Record<string, string> = { Origin: origin, Host: host };
      // Sound: it reads headers of a context's request, and no more.
      const c = { req: { header: (name: string) => headers[name] } } as unknown as Context;
      new PageOrigins(allowed).check(c);
      const isOwn = URL.parse(origin)?.host === host.toLowerCase() && BY_ADDRESS.test(host);
      assert.ok(allowed.includes(origin) || isOwn, "it is let in for a reason");
      return `${about(allowed.length)} ${allowed.includes(origin)} ${isOwn}`;
    },
  },
];
