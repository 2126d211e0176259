/** Finding, loading and closing libsrt, and what is said where that fails. */
import assert from "node:assert/strict";
import { loadSrt, SrtUnavailable } from "../../ffi/srt.ts";
import { checkedVersion } from "../../ffi/library.ts";
import { srt } from "../../testing/ffi/loopback.ts";

Deno.test("the version and the name it was loaded by are told", () => {
  assert.match(srt.version, /^1\.[45]\.\d+$/);
  assert.match(srt.path, /libsrt/);
});

Deno.test("versions from 1.4.4 to 1.5 are taken, others refused by number", () => {
  assert.equal(checkedVersion(0x010404), "1.4.4");
  assert.equal(checkedVersion(0x010507), "1.5.7");
  assert.throws(() => checkedVersion(0x010403), /is version 1\.4\.3/);
  assert.throws(() => checkedVersion(0x010600), /is version 1\.6\.0/);
});

Deno.test("a missing library is said, with what was tried and what to install", () => {
  const load = () => loadSrt({ path: "/nowhere/libsrt.so" });
  assert.throws(load, (error) => {
    assert(error instanceof SrtUnavailable);
    assert.deepEqual(error.tried.map(({ path }) => path), ["/nowhere/libsrt.so"]);
    assert.match(error.message, /\/nowhere\/libsrt\.so: .*No such file/i);
    assert.match(error.message, /apt install libsrt1\.5-openssl/);
    assert.match(error.message, /dnf install srt-libs/);
    assert.match(error.message, /brew install srt/);
    return true;
  });
});

Deno.test("a file that is no library, and a library that is not libsrt, are refused", async () => {
  const text = await Deno.makeTempFile({ suffix: ".so" });
  await Deno.writeTextFile(text, "not a library");
  try {
    assert.throws(() => loadSrt({ path: text }), SrtUnavailable);
  } finally {
    await Deno.remove(text);
  }
  const other = Deno.build.os === "darwin" ? "libSystem.dylib" : "libc.so.6";
  assert.throws(() => loadSrt({ path: other }), /srt_getversion/);
});

Deno.test("a library that is in use may be loaded, closed and loaded again", () => {
  for (let i = 0; i < 3; i++) {
    const again = loadSrt({ path: srt.path });
    assert.equal(again.version, srt.version);
    again.close();
    again.close();
  }
});
