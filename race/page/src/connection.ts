// The WebSocket connection: reconnects after a disconnection, and catches up on missed messages.

import { isMessage, isRecordedRace, type Message, type Request } from "./messages";

/** The part of a browser's WebSocket that is used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(data: string): void;
  close(): void;
}
export type ConnectionState =
  | { is: "connecting"; tries: number }
  | { is: "open" }
  | { is: "lost"; retry_ms: number; tries: number };

export interface Network {
  connect(url: string): Socket;
  /** The recorded race that is running, or ran last; null if there was none. */
  currentRace(): Promise<unknown>;
  after(ms: number, callback: () => void): () => void;
}
export interface ConnectionListener {
  /** `live` is false for a message that was missed. */
  received(message: Message, live: boolean): void;
  stateChanged(state: ConnectionState): void;
  /** All missed messages were received. */
  caughtUp(): void;
}

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 8_000;

/** A frame of the WebSocket; null if it is not a message. */
export function parseMessage(frame: unknown): Message | null {
  if (typeof frame !== "string") return null;
  try {
    const value: unknown = JSON.parse(frame);
    return isMessage(value) ? value : null;
  } catch {
    return null;
  }
}

export class Connection {
  readonly #url: string;
  readonly #network: Network;
  readonly #listener: ConnectionListener;
  #socket: Socket | null = null;
  #open = false;
  #tries = 0;
  #cancelRetry: () => void = () => undefined;

  constructor(url: string, network: Network, listener: ConnectionListener) {
    this.#url = url;
    this.#network = network;
    this.#listener = listener;
  }

  /** Connect now, also while waiting for the next try. */
  start(): void {
    this.#cancelRetry();
    this.#listener.stateChanged({ is: "connecting", tries: this.#tries });
    const socket = this.#network.connect(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#open = true;
      this.#tries = 0;
      this.#listener.stateChanged({ is: "open" });
      void this.catchUp();
    };
    socket.onmessage = ({ data }) => {
      const message = parseMessage(data);
      if (message) this.#listener.received(message, true);
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#open = false;
      const retry_ms = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#tries);
      this.#tries += 1;
      this.#listener.stateChanged({ is: "lost", retry_ms, tries: this.#tries });
      this.#cancelRetry = this.#network.after(retry_ms, () => this.start());
    };
  }

  /** False if there is no connection. */
  send(request: Request): boolean {
    if (!this.#socket || !this.#open) return false;
    this.#socket.send(JSON.stringify(request));
    return true;
  }

  /** Receive all messages of the race that is running, or ran last. */
  async catchUp(): Promise<void> {
    // The socket is open, so the messages after this answer arrive by it.
    const race = await this.#network.currentRace().catch(() => null);
    if (isRecordedRace(race)) {
      for (const message of race.messages) this.#listener.received(message, false);
    }
    this.#listener.caughtUp();
  }
}
