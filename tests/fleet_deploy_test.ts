/** What `deploy/` has for a fleet: boxes that find each other, and all that belongs to them. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { ROWS } from "../src/config.ts";
import { Network } from "../src/http/addresses.ts";
import { promtool } from "../testing/stat/promtool.ts";

const COMPOSE = "deploy/fleet.compose.yaml";
const BOXES = ["a", "b", "c"];

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly networks?: { readonly default: { readonly ipv4_address: string } };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly ulimits?: { readonly nofile: number };
  readonly pids_limit?: number;
}

Deno.test("the boxes of the fleet have few rights, and variables that there are", async () => {
  const unit = await read("scripts/echo.service");
  const known = ROWS.map(({ variable }) => variable.name);
  for (const { environment = {}, ...box } of await boxes()) {
    assert.deepEqual([box.read_only, box.cap_drop], [true, ["ALL"]]);
    assert.deepEqual(box.security_opt, ["no-new-privileges:true"]);
    assert.ok(unit.includes(`LimitNOFILE=${box.ulimits?.nofile}`));
    assert.ok(unit.includes(`TasksMax=${box.pids_limit}`));
    assert.deepEqual(Object.keys(environment).filter((name) => !known.includes(name)), []);
  }
});

Deno.test("each box of the fleet has a name, an address and ports of its own", async () => {
  const services = await boxes();
  const all = (of: (box: Service) => readonly (string | undefined)[]) => services.flatMap(of);
  const names = all(({ environment }) => [environment?.ECHO_BOX]);
  assert.deepEqual(names, BOXES);
  for (const { environment = {}, networks, ports } of services) {
    assert.equal(environment.ECHO_SRT_PRIV_IP, networks?.default.ipv4_address);
    const [rtmp, srt] = [environment.RTMP_ADDR, environment.ECHO_SRT_ADDR].map(portOf);
    const { ECHO_SRT_MIN_PORT: min, ECHO_SRT_MAX_PORT: max } = environment;
    // What clients are told is right outside too.
    const range = `${min}-${max}`;
    assert.deepEqual(ports, [`${rtmp}:${rtmp}`, `${srt}:${srt}/udp`, `${range}:${range}/udp`]);
  }
  const published = all(({ ports = [] }) => ports);
  assert.equal(new Set(published).size, published.length);
});

Deno.test("the boxes of the fleet share what has to be alike, and believe their proxy alone", async () => {
  const own = ["ECHO_BOX", "ECHO_SRT_PRIV_IP", "RTMP_ADDR"];
  const shared = (await boxes()).map(({ environment = {} }) => {
    return Object.entries(environment).filter(([name]) => {
      return !own.includes(name) && !/^ECHO_SRT_(?:ADDR|MIN_PORT|MAX_PORT)$/.test(name);
    });
  });
  for (const other of shared) assert.deepEqual(other, shared[0]);
  const { networks } = await compose();
  const trusted = Object.fromEntries(shared[0] ?? []).TRUSTED_PROXIES ?? "";
  assert.ok(Network.parse(trusted) !== undefined);
  assert.equal(networks.default.ipam.config[0].subnet, trusted);
});

Deno.test("services of the fleet that are named are there, and so are files", async () => {
  const { services, volumes } = await compose();
  const all: Service[] = Object.values(services);
  for (const { depends_on: needed = [], volumes: mounted = [] } of all) {
    for (const name of needed) assert.ok(name in services, name);
    for (const volume of mounted) {
      const [path = ""] = volume.split(":");
      if (path === "./echo.env") continue;
      if (path.startsWith(".")) await Deno.stat(new URL(`../deploy/${path}`, import.meta.url));
      else assert.ok(path in volumes, path);
      // Compose takes one letter for a drive of Windows.
      assert.ok(path.length > 1, path);
    }
  }
  const hosts = [...(await read(COMPOSE)).matchAll(/(?:http|redis):\/\/([a-z]+):\d+/g)];
  assert.ok(hosts.length >= 3);
  for (const [, host = ""] of hosts) assert.ok(host in services, host);
});

Deno.test("the proxy and Prometheus of the fleet know all boxes", async () => {
  const nginx = await read("deploy/nginx/fleet.conf");
  for (const port of [8080, 8088, 5021]) {
    assert.ok(nginx.includes(BOXES.map((box) => `server ${box}:${port};`).join(" ")));
  }
  const prometheus = parse(await read("deploy/prometheus/fleet.yml"));
  const urls = prometheus.scrape_configs[0].http_sd_configs.map(({ url }: { url: string }) => url);
  assert.deepEqual(urls, BOXES.map((box) => `http://${box}:8088/stat/1/targets`));
});

Deno.test("the proxy of the fleet knows the boxes' addresses while they are away", async () => {
  const addresses = (await boxes()).map(({ networks }) => networks?.default.ipv4_address);
  const { services } = await compose();
  assert.deepEqual(BOXES.map((box) => services.nginx.extra_hosts?.[box]), addresses);
});

Deno.test("Prometheus takes its file, but for places that only the container has", async () => {
  const text = (await read("deploy/prometheus/fleet.yml"))
    .replace("/etc/prometheus/alerts.yml", fileOf("scripts/prometheus-alerts.yml"))
    .replaceAll("/run/secrets/stat_token", fileOf("LICENSE"));
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  try {
    await Deno.writeTextFile(file, text);
    const { ok, output } = await promtool(["check", "config", file]);
    assert.ok(ok, output);
  } finally {
    await Deno.remove(file);
  }
});

async function compose() {
  return parse(await read(COMPOSE), { merge: true });
}

async function boxes(): Promise<Service[]> {
  const { services } = await compose();
  return BOXES.map((box) => services[box]);
}

function portOf(address: string = ""): string {
  return address.split(":").at(-1) ?? "";
}

function fileOf(path: string): string {
  return new URL(`../${path}`, import.meta.url).pathname;
}

async function read(file: string): Promise<string> {
  return await Deno.readTextFile(fileOf(file));
}
