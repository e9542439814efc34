import { describe, expect, test } from "vitest";
import { Connection, type ConnectionState, type Socket } from "../src/connection";
import type { Message } from "../src/messages";
import { recorded, until, WHOLE } from "./examples";

/** Sockets and timers that the test controls. */
class FakeNetwork {
  sockets: (Socket & { sent: string[] })[] = [];
  timers: { ms: number; callback: () => void }[] = [];
  states: ConnectionState[] = [];
  received: { message: Message; live: boolean }[] = [];
  /** How many messages were received at each `caughtUp`. */
  caughtUp: number[] = [];
  recorded: () => Promise<unknown> = () => Promise.reject(new Error("404"));

  connection(): Connection {
    const network = {
      connect: () => this.#socket(),
      currentRace: () => this.recorded(),
      after: (ms: number, callback: () => void) => {
        const timer = { ms, callback };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((other) => other !== timer);
        };
      },
    };
    return new Connection("ws://x", network, {
      received: (message, live) => this.received.push({ message, live }),
      stateChanged: (state) => this.states.push(state),
      caughtUp: () => this.caughtUp.push(this.received.length),
    });
  }
  #socket(): Socket {
    const sent: string[] = [];
    const socket = {
      onopen: null,
      onmessage: null,
      onclose: null,
      sent,
      send: (data: string) => void sent.push(data),
      close: () => undefined,
    };
    this.sockets.push(socket);
    return socket;
  }
  get last(): Socket & { sent: string[] } {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nothing was opened");
    return socket;
  }
  elapse(): void {
    const [timer] = this.timers.splice(0, 1);
    timer?.callback();
  }
}

describe("the connection", () => {
  test("waits twice as long after each try that fails, and eight seconds at most", () => {
    const network = new FakeNetwork();
    network.connection().start();
    const waits = Array.from({ length: 6 }, () => {
      network.last.onclose?.();
      const ms = network.timers[0]?.ms;
      network.elapse();
      return ms;
    });
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  });

  test("starts with the shortest wait again after it was open", () => {
    const network = new FakeNetwork();
    network.connection().start();
    network.last.onclose?.();
    network.elapse();
    network.last.onopen?.();
    network.last.onclose?.();
    expect(network.timers.map(({ ms }) => ms)).toEqual([500]);
  });

  test("reconnects at once on request, and not a second time later", () => {
    const network = new FakeNetwork();
    const connection = network.connection();
    connection.start();
    network.last.onclose?.();
    connection.start();
    expect([network.sockets.length, network.timers.length]).toEqual([2, 0]);
  });

  test("passes on what was missed whenever it opens", async () => {
    const network = new FakeNetwork();
    network.recorded = () => Promise.resolve(recorded(until(700)));
    network.connection().start();
    network.last.onopen?.();
    await new Promise((done) => setTimeout(done));
    expect(network.received).toEqual(until(700).map((message) => ({ message, live: false })));
    expect(network.caughtUp).toEqual([until(700).length]);
  });

  test("works without a recorded race", async () => {
    const network = new FakeNetwork();
    network.connection().start();
    network.last.onopen?.();
    await new Promise((done) => setTimeout(done));
    expect([network.received, network.states.at(-1)]).toEqual([[], { is: "open" }]);
  });

  test("ignores what is not a message", () => {
    const network = new FakeNetwork();
    network.connection().start();
    network.last.onmessage?.({ data: "{" });
    network.last.onmessage?.({ data: JSON.stringify(WHOLE[0]) });
    expect(network.received).toEqual([{ message: WHOLE[0], live: true }]);
  });

  test("sends only while it is open, and says so", () => {
    const network = new FakeNetwork();
    const connection = network.connection();
    connection.start();
    expect(connection.send({ action: "verify" })).toBe(false);
    network.last.onopen?.();
    expect(connection.send({ action: "verify" })).toBe(true);
    expect(network.last.sent).toEqual(['{"action":"verify"}']);
  });
});

test("a first try is not called a loss, and a later one is", () => {
  const network = new FakeNetwork();
  network.connection().start();
  network.last.onclose?.();
  network.elapse();
  expect(network.states.map((state) => [state.is, "tries" in state && state.tries])).toEqual([
    ["connecting", 0],
    ["lost", 1],
    ["connecting", 1],
  ]);
});
