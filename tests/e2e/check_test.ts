/** `echo check`: each mistake of an operator is one line, and the exit code says that there is one. */
import assert from "node:assert/strict";
import { freePorts } from "../../testing/free_ports.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { EchoServer, runEcho } from "../../testing/e2e/echo_server.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { Issuer } from "../../testing/tokens/issuer.ts";
import { storageEnv } from "../../testing/storage/storing_server.ts";
import { TestAuthority } from "../../testing/tls/test_authority.ts";

interface Mistake {
  readonly what: string;
  /** Makes the mistake in a folder. @returns variables beside those of a sound configuration */
  readonly make: (folder: string) => Record<string, string> | Promise<Record<string, string>>;
  /** What is said of it. */
  readonly said: RegExp;
  /** How many files the process may have open. */
  readonly descriptors?: number;
}

const SECURE_DOORS_OFF = {
  ...{ RTMPS_ADDR: "off", ECHO_TLS_ADDR: "off", HLS_WEB_TLS_ADDR: "off", STAT_WEB_TLS_ADDR: "off" },
};

const LATER = new Date("2100-01-01T00:00:00Z");

const MISTAKES: readonly Mistake[] = [
  {
    what: "a value that is not allowed",
    make: () => ({ HLS_HOLD: "long" }),
    said: /^Cannot parse HLS_HOLD: expected seconds, .*, got "long"$/,
  },
  {
    what: "an env file that is no env file",
    make: async (folder) => {
      await Deno.writeTextFile(`${folder}/echo.env`, "RTMP_ADDR: nowhere\n", { mode: 0o600 });
      return {};
    },
    said: /^Cannot parse line 1 of the env file: /,
  },
  {
    what: "two ports that are one",
    make: () => {
      const [port] = freePorts(1);
      return { RTMP_ADDR: `127.0.0.1:${port}`, HLS_WEB_ADDR: `127.0.0.1:${port}` };
    },
    said: /^HLS_WEB_ADDR is the same port as RTMP_ADDR$/,
  },
  {
    what: "a Redis that is not there",
    make: () => {
      const [redis, fleet] = freePorts(2);
      return {
        ECHO_PRIV_KEY: "0123456789abcdefghijklmnopqrstuv",
        ECHO_REDIS_URL: `redis://:hush@127.0.0.1:${redis}`,
        ECHO_FLEET_ADDR: `127.0.0.1:${fleet}`,
      };
    },
    said: /^ECHO_REDIS_URL: Cannot use the Redis of the fleet: connect ECONNREFUSED 127/,
  },
  {
    what: "an address of another machine",
    make: () => ({ STAT_WEB_ADDR: "192.0.2.1:8088" }),
    said: /^STAT_WEB_ADDR: Cannot listen on 192\.0\.2\.1:8088 for statistics: .*assign/,
  },
  {
    what: "a folder that cannot be made",
    make: async (folder) => {
      await Deno.writeTextFile(`${folder}/file`, "");
      return { RECORD_ROOT_DIR: `${folder}/file/record` };
    },
    said: /^RECORD_ROOT_DIR: Cannot write to .*\/file\/record: /,
  },
  {
    what: "a file in the place of a folder",
    make: async (folder) => {
      await Deno.writeTextFile(`${folder}/file`, "");
      return { HLS_ROOT_DIR: `${folder}/file` };
    },
    said: /^HLS_ROOT_DIR: Cannot write to .*\/file: .*\/file is no folder$/,
  },
  {
    what: "a folder of reports that cannot be made",
    make: async (folder) => {
      await Deno.writeTextFile(`${folder}/file`, "");
      return { STAT_REPORT_DIR: `${folder}/file/reports` };
    },
    said: /^STAT_REPORT_DIR: Cannot write to .*\/file\/reports: /,
  },
  {
    what: "no libsrt",
    make: () => ({ ECHO_LIBSRT: "/nowhere/libsrt.so" }),
    said: /^Cannot load libsrt: expected version .*; \/nowhere\/libsrt\.so: /,
  },
  {
    what: "a password file with a line that is none",
    make: async (folder) => {
      await Deno.writeTextFile(`${folder}/users`, "anna:plain\n");
      return { ECHO_AUTH: "key", ECHO_HTPASSWD_FILE: `${folder}/users` };
    },
    said: /^Cannot parse .*\/users, line 1: expected a bcrypt hash/,
  },
  {
    what: "a file of DJs with a line that is none",
    make: async (folder) => {
      await Deno.writeTextFile(`${folder}/djs`, "anna\n", { mode: 0o600 });
      return { ECHO_AUTH: "dj", ECHO_DJ_FILE: `${folder}/djs` };
    },
    said: /^Cannot (?:parse|read) .*\/djs/,
  },
  {
    what: "a certificate with the key of another",
    make: async (folder) => {
      await using authority = await TestAuthority.create();
      const [{ cert }, { key }] = [await authority.issue(), await authority.issue()];
      const env = { TLS_CERT_FILE: `${folder}/cert.pem`, TLS_KEY_FILE: `${folder}/key.pem` };
      await Deno.writeTextFile(env.TLS_CERT_FILE, cert);
      await Deno.writeTextFile(env.TLS_KEY_FILE, key);
      return { ...env, ...SECURE_DOORS_OFF };
    },
    said: /^Cannot use TLS_CERT_FILE ".*" with TLS_KEY_FILE ".*": the private key does not belong/,
  },
  {
    what: "a key set with a private key",
    make: async (folder) => {
      const ECHO_JWKS_FILE = `${folder}/keys.json`;
      const keys = [new Issuer().privateJwk];
      await Deno.writeTextFile(ECHO_JWKS_FILE, JSON.stringify({ keys }));
      return { HLS_AUTH: "jwt", ECHO_JWKS_FILE };
    },
    said:
      /^The key set of .*\/keys\.json cannot be read, .*: expected public keys, got a private one/,
  },
  {
    what: "a fallback file with no audio in it",
    make: async (folder) => {
      await Deno.writeTextFile(`${folder}/back-soon.aac`, "back soon");
      return { FALLBACK_FILE: `${folder}/back-soon.aac` };
    },
    said: /^Cannot use the fallback .*\/back-soon\.aac: there is no audio in it$/,
  },
  {
    what: "a logging file that says nothing known",
    make: async (folder) => {
      await Deno.writeTextFile(`${folder}/log.yml`, "root:\n  level: loud\n");
      return { LOG4RS_FILE: `${folder}/log.yml` };
    },
    said: /^LOG4RS_FILE: Cannot parse .*, line 2: /,
  },
  {
    what: "a preroll that is not there",
    make: (folder) => ({ HLS_PREROLE_DIR: `${folder}/none` }),
    said: /^Cannot use the preroll in .*\/none: /,
  },
  {
    what: "a hook server that is not there",
    make: () => ({ HOOK_URL: `http://127.0.0.1:${freePorts(1)}/secret`, HOOK_SECRET: "s" }),
    said: /^HOOK_URL: Cannot connect to 127\.0\.0\.1:\d+: (?!.*secret).*refused/,
  },
  {
    what: "a store that is not there",
    make: () => ({
      ...storageEnv({ url: `http://127.0.0.1:${freePorts(1)}`, bucket: "shows" }),
    }),
    said: /^S3_URL: Cannot store recordings in shows: Unreachable: .*REFUSED/,
  },
  {
    what: "a clock that is behind",
    make: async (folder) => {
      await Deno.mkdir(`${folder}/record`);
      await Deno.utime(`${folder}/record`, LATER, LATER);
      return { RECORD_ROOT_DIR: `${folder}/record` };
    },
    said: /^The clock says .*, but .*\/record was changed at 2100-01-01T00:00:00\.000Z$/,
  },
  {
    what: "fewer files than connections",
    make: () => ({ WEB_MAX_CONNECTIONS: "500", RTMP_MAX_CONNECTIONS: "100" }),
    said: /^The process may have 900 files open .*: expected 1000 or more for WEB_MAX_CONNECTIONS/,
    descriptors: 900,
  },
];

for (const { what, make, said, descriptors } of MISTAKES) {
  Deno.test(`echo check finds ${what}, in one line`, async () => {
    await withFolder(async (folder) => {
      const { code, errors } = await runCheck(folder, await make(folder), descriptors);
      assert.equal(errors.length, 1, errors.join("\n"));
      assert.match(errors[0] ?? "", said);
      assert.equal(code, 1);
    });
  });
}

Deno.test("echo check warns of a certificate that expires soon, and of a key that all may read", async () => {
  await withFolder(async (folder) => {
    await using authority = await TestAuthority.create();
    const { cert, key } = await authority.issue({ days: 3 });
    const env = { TLS_CERT_FILE: `${folder}/cert.pem`, TLS_KEY_FILE: `${folder}/key.pem` };
    await Deno.writeTextFile(env.TLS_CERT_FILE, cert);
    await Deno.writeTextFile(env.TLS_KEY_FILE, key, { mode: 0o644 });
    const { code, lines } = await runCheck(folder, { ...env, ...SECURE_DOORS_OFF });
    const warnings = lines.filter((line) => /certificate|key\.pem/i.test(line));
    const { TLS_KEY_FILE: file } = env;
    assert.deepEqual(warnings.map((line) => line.replace(/\d{4}-\d\d-\d\d/, "DAY")), [
      "warning: The TLS certificate expires on DAY",
      `warning: ${file} can be read by everybody on this machine: chmod 640 ${file}`,
    ]);
    assert.equal(code, 0, lines.join("\n"));
  });
});

Deno.test("echo check tells all mistakes at a time", async () => {
  await withFolder(async (folder) => {
    const others = MISTAKES.filter(({ said }) => /LIBSRT|libsrt|preroll|refused/.test(said.source));
    const env = Object.assign({}, ...await Promise.all(others.map(({ make }) => make(folder))));
    const { code, errors } = await runCheck(folder, env);
    assert.equal(errors.length, others.length, errors.join("\n"));
    assert.equal(code, 1);
  });
});

Deno.test("echo check finds a port that somebody else has", async () => {
  await withFolder(async (folder) => {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { code, errors } = await runCheck(folder, { RTMP_ADDR: `127.0.0.1:${other.addr.port}` });
    assert.equal(errors.length, 1, errors.join("\n"));
    assert.match(errors[0] ?? "", /^RTMP_ADDR: Cannot listen on .* for RTMP: .*in use/);
    assert.equal(code, 1);
  });
});

scenario("echo check takes the ports of an Echo that runs for its own", async () => {
  await using server = await EchoServer.start();
  const { code, lines } = await runCheck(server.folder, {
    RTMP_ADDR: `127.0.0.1:${server.rtmpPort}`,
    HLS_WEB_ADDR: `127.0.0.1:${server.hlsPort}`,
    STAT_WEB_ADDR: `127.0.0.1:${server.statPort}`,
  });
  assert.ok(lines.some((line) => /^warning: Echo runs here already/.test(line)), lines.join("\n"));
  assert.equal(code, 0, lines.join("\n"));
});

Deno.test("echo check finds nothing where all is well, and makes nothing", async () => {
  await withFolder(async (folder) => {
    const { code, errors, lines } = await runCheck(folder, {});
    assert.deepEqual(errors, []);
    assert.equal(lines.at(-1), "Echo would start, and nothing would fail");
    assert.equal(code, 0);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

/** Runs it in `folder`, with `env` beside a configuration in which nothing is wrong. */
async function runCheck(
  folder: string,
  env: Readonly<Record<string, string>>,
  descriptors?: number,
): Promise<{ code: number; lines: readonly string[]; errors: string[] }> {
  const [rtmp, srt, control, hls, stat] = freePorts(5).map((port) => `127.0.0.1:${port}`);
  const sound = {
    ...{ RTMP_ADDR: rtmp, ECHO_SRT_ADDR: srt, ECHO_ADDR: control },
    ...{ HLS_WEB_ADDR: hls, STAT_WEB_ADDR: stat },
    ...{ WEB_MAX_CONNECTIONS: "100", RTMP_MAX_CONNECTIONS: "100" },
  } as Record<string, string>;
  await using echo = runEcho(["check"], {
    env: { ...sound, ...env },
    cwd: folder,
    ...descriptors === undefined ? {} : { descriptors },
  });
  const { code } = await echo.end();
  const errors = echo.lines.filter((line) => line.startsWith("error: ")).map((line) =>
    line.slice(7)
  );
  return { code, lines: echo.lines, errors };
}
