/** What is read of a store's answers. */
import assert from "node:assert/strict";
import { elementsOf, textOf } from "../../src/storage/store_xml.ts";

Deno.test("elements are found by their names, with attributes, and by nothing that begins so", () => {
  const xml = '<?xml version="1.0"?>\n<List xmlns="http://s3"><KeyCount>2</KeyCount>' +
    "<Key>a</Key><Key >b &amp; &#98;&#x63; &lt;&quot;&apos;&gt;</Key></List>";
  assert.deepEqual(elementsOf(xml, "Key"), ["a", "b &amp; &#98;&#x63; &lt;&quot;&apos;&gt;"]);
  assert.equal(textOf(xml.replace("<Key>a</Key>", ""), "Key"), "b & bc <\"'>");
  assert.equal(textOf(xml, "KeyCount"), "2");
  assert.equal(textOf(xml, "List"), undefined, "it has other elements in it");
});

Deno.test("what breaks off is not there", () => {
  for (
    const xml of ["", "<Key", "<Key>", "<Key>a", "<Key>a</Ke", "Key>a</Key>", "<Keys>a</Keys>"]
  ) {
    assert.deepEqual(elementsOf(xml, "Key"), [], xml);
  }
});

Deno.test("a character that there is not stays as it is written", () => {
  assert.equal(
    textOf("<Key>&#x110000;&#9999999;&nbsp;</Key>", "Key"),
    "&#x110000;&#9999999;&nbsp;",
  );
});
