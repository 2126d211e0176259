/** The first lines of requests as clients of Icecast write them. */
import assert from "node:assert/strict";
import { parseIcecastRequest } from "../../src/icecast/icecast_request.ts";

Deno.test("a target may hold spaces, and its host is passed over", () => {
  const lines = {
    "SOURCE /show ICE/1.0": ["SOURCE", "/show", "", "ICE/1.0"],
    "GET /admin/metadata?song=A b  HTTP/1.1 c&mount=/show HTTP/1.0  ": [
      ...["GET", "/admin/metadata", "song=A b  HTTP/1.1 c&mount=/show", "HTTP/1.0"],
    ],
    "GET  http://radio.example:8000/show?a  HTTP/1.1": ["GET", "/show", "a", "HTTP/1.1"],
  };
  for (const [line, expected] of Object.entries(lines)) {
    const request = parseIcecastRequest([line]);
    assert.ok(request, line);
    const { method, path, query, version } = request;
    assert.deepEqual([method, path, query, version], expected);
  }
});

Deno.test("other lines are none", () => {
  const lines = ["", "GET", "GET /show", "GET HTTP/1.1", "get /show HTTP/1.1", "GET /show HTTP/2"];
  for (const line of [...lines, " GET /show HTTP/1.1", "GET /show HTTP/1.1 x", "GET  HTTP/1.1"]) {
    assert.equal(parseIcecastRequest([line]), undefined, line);
  }
});

Deno.test("lines of a megabyte of spaces take no longer than others of that length", () => {
  const spaces = " ".repeat(1_000_000);
  for (const line of [`GET a${spaces}x`, `GET /a HTTP/1.1${spaces}x`, `GET${spaces}x`, spaces]) {
    assert.equal(parseIcecastRequest([line]), undefined);
  }
});
