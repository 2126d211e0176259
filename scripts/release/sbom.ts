/** Makes the bill of materials of a release. */
import { Buffer } from "node:buffer";
import lockText from "../../deno.lock" with { type: "text" };
import { VERSION } from "../../src/version.ts";
import type { LibsrtFacts } from "../compile/stage.ts";
import type { BundledPackage } from "./bundled.ts";

/** The libraries that libsrt is linked from, by Debian's source packages. */
const NATIVE: Readonly<Record<string, { readonly name: string; readonly license: string }>> = {
  srt: { name: "libsrt", license: "MPL-2.0" },
  openssl: { name: "OpenSSL", license: "Apache-2.0" },
  gcc: { name: "libstdc++", license: "GPL-3.0-or-later WITH GCC-exception-3.1" },
};

const LOCKED: Readonly<Record<string, { readonly integrity?: string }>> = JSON.parse(lockText).npm;

/** The bill of materials of the program, as CycloneDX 1.5. */
export function sbom(packages: readonly BundledPackage[], libsrt: LibsrtFacts | undefined): object {
  const components = [
    ...packages.map(npmComponent),
    component("application", "deno", Deno.version.deno, "MIT", {
      purl: `pkg:github/denoland/deno@v${Deno.version.deno}`,
    }),
    ...Object.entries(libsrt?.sources ?? {}).map(([source, version]) => {
      const { name, license } = NATIVE[source] ?? { name: source, license: "NOASSERTION" };
      const purl = `pkg:deb/debian/${source}@${encodeURIComponent(version)}?arch=source`;
      return component("library", name, version, license, { purl });
    }),
  ];
  const echo = component("application", "echo", VERSION, "MIT", {
    purl: `pkg:generic/echo@${VERSION}`,
  });
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: echo },
    components,
    dependencies: [{
      ref: echo["bom-ref"],
      dependsOn: components.map((component) => component["bom-ref"]),
    }],
  };
}

function npmComponent({ name, version, license }: BundledPackage) {
  const [algorithm, base64 = ""] = LOCKED[`${name}@${version}`]?.integrity?.split("-") ?? [];
  if (algorithm !== "sha512") {
    throw new Error(`Cannot tell the hash of ${name}: expected sha512 in deno.lock`);
  }
  return component("library", name, version, license, {
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    hashes: [{ alg: "SHA-512", content: Buffer.from(base64, "base64").toString("hex") }],
  });
}

interface Origin {
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

function component(type: string, name: string, version: string, license: string, origin: Origin) {
  const licenses = [license.includes(" ") ? { expression: license } : { license: { id: license } }];
  return { type, "bom-ref": origin.purl, name, version, licenses, ...origin };
}
