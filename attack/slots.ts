/** Attempts to take all places that a server has. */
import { type Attack, pause, tally, times } from "./attack.ts";
import { inWords } from "./target.ts";
import { Crowd } from "./tcp_client.ts";

/** What the server is told by `RTMP_MAX_CONNECTIONS`. */
export const RTMP_SLOTS = 100;
const CONNECTIONS = RTMP_SLOTS + 30;

/** All RTMP connections from one address, which stay until they are closed. */
export const rtmpSlots: Attack = takeSlots("of one address", () => "127.0.0.66");

/** The same, each from an address of its own. */
export const rtmpSlotsOfMany: Attack = takeSlots("of many addresses", (i) => `127.0.3.${i + 1}`);

function takeSlots(whose: string, fromOf: (index: number) => string): Attack {
  return {
    name: `slots: RTMP connections ${whose}`,
    run: async (target) => {
      using crowd = await Crowd.connect(target.rtmpPort, CONNECTIONS, { fromOf });
      await pause(500);
      const taken = crowd.clients.length - crowd.ended;
      const dj = await target.newDj("besides");
      return {
        held: dj.gotIn,
        counts: `${CONNECTIONS} connections, ${taken} kept of ${RTMP_SLOTS} slots; ${inWords(dj)}`,
      };
    },
  };
}

/** Streams of events, as a website can have a browser open them. */
export const eventStreams: Attack = {
  name: "slots: event streams asked for by another website",
  run: async (target) => {
    using crowd = await Crowd.connect(target.webPorts.stat, 40);
    crowd.send(
      "GET /stat/1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://elsewhere.example\r\n" +
        "Sec-Fetch-Site: cross-site\r\n\r\n",
    );
    await pause(1500);
    const open = crowd.clients.filter(({ status }) => status === 200).length;
    const leaving = new AbortController();
    const url = `http://127.0.0.1:${target.webPorts.stat}/stat/1/events`;
    const answer = await fetch(url, { headers: target.operator, signal: leaving.signal });
    leaving.abort();
    return {
      held: answer.ok,
      counts: `40 asked for, ${open} open; the operator was answered ${answer.status}`,
    };
  },
};

/** What the server is told by `WEB_MAX_PER_ADDRESS`. */
export const WEB_SLOTS = 20;

/** Requests that stay open, of one client of a trusted proxy who has the token. */
export const requestsOfOne: Attack = {
  name: "slots: HTTP requests of one address, by a proxy",
  run: async (target) => {
    const { stat } = target.webPorts;
    const { Authorization = "" } = target.operator;
    using crowd = await Crowd.connect(stat, WEB_SLOTS + 10);
    crowd.send(
      `GET /stat/1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${Authorization}\r\n` +
        "X-Forwarded-For: 203.0.113.66\r\n\r\n",
    );
    await pause(1500);
    const statuses = crowd.clients.map(({ status }) => status ?? "no answer");
    const leaving = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${stat}/stat/1/events`, {
      headers: { ...target.operator, "X-Forwarded-For": "198.51.100.1" },
      signal: leaving.signal,
    });
    leaving.abort();
    return {
      held: answer.ok && statuses.filter((status) => status === 200).length === WEB_SLOTS,
      counts: `${tally(statuses)}; another address was answered ${answer.status}`,
    };
  },
};

/** Sessions without audio: reserved by the control API from one address. */
export const reservations: Attack = {
  name: "slots: sessions that are reserved and never used",
  run: async (target) => {
    const asked = 40;
    const statuses = await times(asked, 8, (i) => {
      return target.publishStatus(`reserved-${i}`, target.authorization, "203.0.113.66");
    });
    const given = statuses.filter((status) => status === 200).length;
    const dj = await target.newDj("besides-reserved");
    return { held: dj.gotIn, counts: `${asked} asked for, ${given} given; ${inWords(dj)}` };
  },
};
