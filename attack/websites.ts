/** What a website can have the browser of a visitor do who reaches the server. */
import { type Attack, tally } from "./attack.ts";
import type { Target } from "./target.ts";

const ORIGIN = "https://elsewhere.example";

/** Asks for a key of a name that is on air, as a form of a website can. */
export const foreignPublish: Attack = {
  name: "websites: a key for a live name",
  run: async (target) => {
    const statuses: number[] = [];
    for (const name of target.onAir) {
      for (const version of ["3", "4"]) statuses.push(await publish(target, name, version));
    }
    return { held: statuses.every((status) => status >= 400), counts: tally(statuses) };
  },
};

async function publish({ control }: Target, name: string, version: string): Promise<number> {
  const media = version === "3" ? { media: { type: "audio", protocol: "rtmp", format: "flv" } } : {
    media: { type: "audio", protocol: "rtmp", format: "flv" },
    reason: { code: 0, message: "x" },
  };
  const answer = await fetch(`http://${control}/echo/${version}/publish/${name}`, {
    method: "POST",
    headers: { "Content-Type": "text/plain", Origin: ORIGIN, "Sec-Fetch-Site": "cross-site" },
    body: JSON.stringify(media),
  });
  await answer.body?.cancel();
  return answer.status;
}

/** Asks for what operators alone may see and do. */
export const foreignOperator: Attack = {
  name: "websites: what operators alone may do",
  run: async (target) => {
    const base = `http://127.0.0.1:${target.webPorts.stat}`;
    const headers = { Origin: ORIGIN, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors" };
    const statuses: string[] = [];
    let isHeld = true;
    for (const [method, path] of OPERATORS) {
      const answer = await fetch(base + path, { method, headers, redirect: "manual" });
      await answer.body?.cancel();
      // Without this header the browser keeps the answer from the page (Fetch 3.3.4).
      const isKept = answer.headers.get("Access-Control-Allow-Origin") === null;
      const mayAnswer = method === "GET" && path !== EVENTS && isKept;
      isHeld &&= mayAnswer || answer.status >= 400 && answer.status < 500;
      statuses.push(`${method} ${path} ${answer.status}${answer.ok && isKept ? " unread" : ""}`);
    }
    const rebound = await hostStatus(target.webPorts.stat);
    return {
      held: isHeld && rebound >= 400 && rebound < 500,
      counts: [...statuses, `by another Host ${rebound}`].join(", "),
    };
  },
};

/** A stream takes a place for as long as it is open, whoever may read it. */
const EVENTS = "/stat/1/events";
const OPERATORS = [
  ["GET", EVENTS],
  ["GET", "/stat/1/listeners"],
  ["GET", "/stat/1/recordings"],
  ["DELETE", "/stat/1/sessions/1"],
] as const;

/** A name that was made to point at the box (DNS rebinding). */
async function hostStatus(port: number): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = "GET /stat/1/listeners HTTP/1.1\r\nHost: elsewhere.example\r\n" +
    "Connection: close\r\n\r\n";
  await conn.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(1024);
  const length = await conn.read(buffer) ?? 0;
  return Number(new TextDecoder().decode(buffer.subarray(0, length)).split(" ")[1]);
}
