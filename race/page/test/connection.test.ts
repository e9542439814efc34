import { describe, expect, test } from "vitest";
import { Connection, type Socket, type State } from "../src/connection";
import type { Message } from "../src/protocol";
import { recorded, until, WHOLE } from "./messages";

/** Sockets that open, close and speak when the test says so; timers that it lets run. */
class World {
  sockets: (Socket & { sent: string[] })[] = [];
  timers: { ms: number; then: () => void }[] = [];
  states: State[] = [];
  told: { message: Message; live: boolean }[] = [];
  /** How many messages were told when nothing was missed any more. */
  caughtUp: number[] = [];
  recorded: () => Promise<unknown> = () => Promise.reject(new Error("404"));

  connection(): Connection {
    const world = {
      connect: () => this.#socket(),
      current: () => this.recorded(),
      after: (ms: number, then: () => void) => {
        const timer = { ms, then };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((one) => one !== timer);
        };
      },
    };
    return new Connection("ws://x", world, {
      told: (message, live) => this.told.push({ message, live }),
      changed: (state) => this.states.push(state),
      caughtUp: () => this.caughtUp.push(this.told.length),
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
    timer?.then();
  }
}

describe("the connection", () => {
  test("waits twice as long after each try that fails, and eight seconds at most", () => {
    const world = new World();
    world.connection().start();
    const waits = Array.from({ length: 6 }, () => {
      world.last.onclose?.();
      const ms = world.timers[0]?.ms;
      world.elapse();
      return ms;
    });
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  });

  test("begins with the shortest wait again once it was open", () => {
    const world = new World();
    world.connection().start();
    world.last.onclose?.();
    world.elapse();
    world.last.onopen?.();
    world.last.onclose?.();
    expect(world.timers.map(({ ms }) => ms)).toEqual([500]);
  });

  test("tries at once when it is told to, and not a second time later", () => {
    const world = new World();
    const connection = world.connection();
    connection.start();
    world.last.onclose?.();
    connection.start();
    expect([world.sockets.length, world.timers.length]).toEqual([2, 0]);
  });

  test("tells what was missed whenever it opens", async () => {
    const world = new World();
    world.recorded = () => Promise.resolve(recorded(until(700)));
    world.connection().start();
    world.last.onopen?.();
    await new Promise((done) => setTimeout(done));
    expect(world.told).toEqual(until(700).map((message) => ({ message, live: false })));
    expect(world.caughtUp).toEqual([until(700).length]);
  });

  test("lives without a recorded race", async () => {
    const world = new World();
    world.connection().start();
    world.last.onopen?.();
    await new Promise((done) => setTimeout(done));
    expect([world.told, world.states.at(-1)]).toEqual([[], { is: "open" }]);
  });

  test("lets lie what is no message", () => {
    const world = new World();
    world.connection().start();
    world.last.onmessage?.({ data: "{" });
    world.last.onmessage?.({ data: JSON.stringify(WHOLE[0]) });
    expect(world.told).toEqual([{ message: WHOLE[0], live: true }]);
  });

  test("sends only while it is open, and says so", () => {
    const world = new World();
    const connection = world.connection();
    connection.start();
    expect(connection.send({ action: "verify" })).toBe(false);
    world.last.onopen?.();
    expect(connection.send({ action: "verify" })).toBe(true);
    expect(world.last.sent).toEqual(['{"action":"verify"}']);
  });
});

test("a first try is not called a loss, and a later one is", () => {
  const world = new World();
  world.connection().start();
  world.last.onclose?.();
  world.elapse();
  expect(world.states.map((state) => [state.is, "tries" in state && state.tries])).toEqual([
    ["connecting", 0],
    ["lost", 1],
    ["connecting", 1],
  ]);
});
