/** What reads answers of a store, keys in a bucket, and what is kept of uploads. */
import assert from "node:assert/strict";
import { z } from "zod";
import { parseFileName } from "../../../src/record/file_names.ts";
import { parseKeptUpload } from "../../../src/storage/kept_uploads.ts";
import { fileOfKey, keyOf, recordingOf } from "../../../src/storage/object_keys.ts";
import { elementsOf, textOf as xmlText } from "../../../src/storage/store_xml.ts";
import { about, bytesOf, type Target, textOf } from "../target.ts";

const LIST = "<ListBucketResult><Contents><Key>rec/demo/20261123T141200Z.mp4</Key><Size>7</Size>" +
  "</Contents><Contents><Key>a&amp;b&#x41;</Key></Contents></ListBucketResult>";
const ERROR = "<Error><Code>SlowDown</Code><Message>&lt;later&gt;</Message></Error>";
const UPLOAD = JSON.stringify({
  ...{ identity: "17-1795443120000", name: "demo", startTime: 1_795_443_120_000, count: 1 },
  ...{ mark: "m", uploadId: "u", partBytes: 8_388_608, storedBytes: null },
  parts: [null, { etag: '"e"', sha256: "00" }],
});

export const STORAGE_TARGETS: readonly Target[] = [
  {
    name: "store_answer",
    errors: [],
    maxBytes: 4096,
    tokens: ["<", ">", "</", "Contents", "Key", "Error", "&#", "&#x10ffff;", "&#x110000;", "&amp;"],
    seeds: () => [LIST, ERROR].map(bytesOf),
    run: (input) => {
      const text = textOf(input);
      const contents = elementsOf(text, "Contents");
      for (const entry of contents) assert.ok(text.includes(entry));
      return `${about(contents.length)} ${about(xmlText(text, "Code")?.length ?? 0)}`;
    },
  },
  {
    name: "object_key",
    errors: [],
    maxBytes: 256,
    tokens: ["rec/", "/", "..", ".mp4", "-2", "Z", "%2f", "\\"],
    seeds: () => ["rec/demo/20261123T141200Z.mp4", "rec/demo/20261123T141200Z-2.mp4"].map(bytesOf),
    run: (input) => {
      const file = fileOfKey("rec", textOf(input));
      if (file === undefined) return "none";
      const id = recordingOf(file);
      assert.ok(id !== undefined && parseFileName(file)?.state === "finished");
      assert.equal(fileOfKey("rec", keyOf("rec", id))?.startsWith(`${id.name}.`), true);
      return about(id.count);
    },
  },
  {
    name: "upload_state",
    errors: [SyntaxError, z.ZodError],
    maxBytes: 1024,
    tokens: ["{", "}", "[", '"', ":", "null", "1e999", "-1", "../", "identity", "__proto__"],
    seeds: () => [bytesOf(UPLOAD)],
    run: (input) => {
      const { identity, name, parts } = parseKeptUpload(textOf(input));
      assert.ok(!/[/\\.\0]/.test(identity + name));
      return about(parts.length);
    },
  },
];
