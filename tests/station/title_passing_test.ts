/** Titles that are told at one box about a broadcast of another. */
import assert from "node:assert/strict";
import { newRecord } from "../../src/fleet/registry.ts";
import { PublishRefused, type PublishRequest } from "../../src/session/ingest.ts";
import type { Tags } from "../../src/session/tags.ts";
import { type TellTitle, titleRoutes, titleTeller } from "../../src/station/title_passing.ts";
import { knownBox } from "../../testing/fleet/known_box.ts";

const TAGS: Tags = { title: "Blue in green", artist: undefined };
const TRANSPORT = { protocol: "icecast", address: "198.51.100.7", close: () => {} } as const;
const REQUEST: PublishRequest = {
  ...{ name: "live/demo", key: "sesame", user: "anna", application: "unusual" },
  others: [{ name: "demo", key: "sesame" }],
  transport: TRANSPORT,
};

/** Box `a`, to which titles are told, beside `b`. @param owner the box that has `demo` */
function setUp(owner: string | undefined, tellThere: TellTitle = () => Promise.resolve(true)) {
  const boxes = [knownBox("a"), knownBox("b")];
  const record = owner === undefined ? undefined : {
    ...{ ...newRecord("demo"), box: owner, incarnation: `first of ${owner}`, epoch: 1 },
    state: "live" as const,
  };
  const state = { isGone: false };
  const here: PublishRequest[] = [];
  const there: [PublishRequest, Tags][] = [];
  const routes = titleRoutes((request, tags) => {
    there.push([request, tags]);
    return tellThere(request, tags);
  });
  const tell = titleTeller({
    member: {
      ...{ box: "a", boxes },
      find: (name) => name === "demo" ? record : undefined,
      boxOf: (id) => boxes.find((box) => box.id === id),
      isAlive: () => true,
    },
    links: {
      request: async (box, path, init) => {
        assert.deepEqual([box.id, path], ["b", "/fleet/1/title"]);
        if (state.isGone) throw new Error("no answer within 1.5 s");
        return await routes.request("/", { method: "POST", body: String(init?.body) });
      },
    },
  }, (request) => {
    here.push(request);
    return Promise.resolve(false);
  });
  return { tell, here, there, state };
}

Deno.test("a title is told at the box that has the broadcast, as the client has told it", async () => {
  const { tell, here, there } = setUp("b");
  assert.equal(await tell(REQUEST, TAGS), true);
  assert.deepEqual(here, []);
  const [[{ transport, ...request }, tags] = [REQUEST, TAGS]] = there;
  assert.deepEqual(tags, TAGS);
  assert.deepEqual([transport.protocol, transport.address], ["icecast", "198.51.100.7"]);
  const { transport: _, ...asked } = REQUEST;
  assert.deepEqual(request, { ...asked, others: [{ ...asked.others?.[0], user: undefined }] });
});

Deno.test("of what this box has, or nobody, it is told here", async () => {
  for (const owner of ["a", undefined]) {
    const { tell, here, there } = setUp(owner);
    assert.equal(await tell(REQUEST, TAGS), false);
    assert.deepEqual([here, there], [[REQUEST], []]);
  }
});

Deno.test("who may not tell it is refused by the box that has the broadcast, and for what", async () => {
  for (const kind of ["key-unknown", "name-in-use", "unavailable"] as const) {
    const { tell } = setUp("b", () => {
      return Promise.reject(new PublishRefused(kind, "Cannot publish demo: no"));
    });
    await assert.rejects(tell(REQUEST, TAGS), {
      ...{ name: "PublishRefused", kind, message: "Cannot publish demo: no" },
    });
  }
});

Deno.test("where the box that has it does not answer, that is no bug", async () => {
  const { tell, state } = setUp("b");
  state.isGone = true;
  await assert.rejects(tell(REQUEST, TAGS), { name: "PublishRefused", kind: "unavailable" });
});
