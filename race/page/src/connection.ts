// The WebSocket: opened again when it is cut, and what was missed is asked for.

import { type Message, parseMessage, parseRace } from "./protocol";

/** What is used of a browser's WebSocket. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(data: string): void;
  close(): void;
}
export type State =
  | { is: "connecting"; tries: number }
  | { is: "open" }
  | { is: "lost"; retry_ms: number; tries: number };

export interface World {
  connect(url: string): Socket;
  /** The race that is on, or was on last, as JSON; null where there was none. */
  current(): Promise<unknown>;
  after(ms: number, then: () => void): () => void;
}
export interface Ears {
  /** `live`: told just now; else it is what was missed. */
  told(message: Message, live: boolean): void;
  changed(state: State): void;
  /** All that was missed has been told. */
  caughtUp(): void;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8000;

export class Connection {
  readonly #url: string;
  readonly #world: World;
  readonly #ears: Ears;
  #socket: Socket | null = null;
  #open = false;
  #tries = 0;
  #waiting: () => void = () => undefined;

  constructor(url: string, world: World, ears: Ears) {
    this.#url = url;
    this.#world = world;
    this.#ears = ears;
  }

  /** Connect now, also while waiting to try again. */
  start(): void {
    this.#waiting();
    this.#ears.changed({ is: "connecting", tries: this.#tries });
    const socket = this.#world.connect(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#open = true;
      this.#tries = 0;
      this.#ears.changed({ is: "open" });
      void this.catchUp();
    };
    socket.onmessage = ({ data }) => {
      const message = parseMessage(data);
      if (message) this.#ears.told(message, true);
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#open = false;
      const retry_ms = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#tries);
      this.#tries += 1;
      this.#ears.changed({ is: "lost", retry_ms, tries: this.#tries });
      this.#waiting = this.#world.after(retry_ms, () => this.start());
    };
  }

  /** False where nobody is there to hear it. */
  send(request: object): boolean {
    if (!this.#socket || !this.#open) return false;
    this.#socket.send(JSON.stringify(request));
    return true;
  }

  /** Ask for all that was told of the race that is on, or was on last. */
  async catchUp(): Promise<void> {
    // It is asked for once the socket is open: whatever comes after the answer is told by it.
    const race = parseRace(await this.#world.current().catch(() => null));
    for (const message of race?.messages ?? []) this.#ears.told(message, false);
    this.#ears.caughtUp();
  }
}
