// Plays a recorded race with its true times, faster, or at once. The clock is injected.

import type { RaceMessage } from "./messages";

export type Speed = 1 | 4 | "instant";

/** Each message with its time in ms since the start of the race. */
export interface Timeline {
  entries: { at: number; message: RaceMessage }[];
  /** By the sender's clock. */
  start_ms: number;
  length_ms: number;
}

/**
 * Only the race itself takes time: messages before it (the tables are cleared) are due at its
 * start, and messages after it (somebody pressed Verify) at its end.
 */
export function timeline(messages: readonly RaceMessage[]): Timeline {
  const started = messages.find(({ type }) => type === "started");
  const duringRace = messages.filter(({ type }) => type !== "verified" && type !== "clearing");
  const times = duringRace.map(({ at_ms }) => at_ms);
  const start_ms = started?.at_ms ?? times.reduce((a, b) => Math.min(a, b), Infinity);
  if (!Number.isFinite(start_ms)) return { entries: [], start_ms: 0, length_ms: 0 };
  const length_ms = times.reduce((a, b) => Math.max(a, b), start_ms) - start_ms;
  const entries = messages.map((message) => ({
    at: Math.min(Math.max(0, message.at_ms - start_ms), length_ms),
    message,
  }));
  return { entries: entries.toSorted((a, b) => a.at - b.at), start_ms, length_ms };
}

export class Replay {
  readonly #timeline: Timeline;
  readonly #now: () => number;
  #speed: Speed;
  #playing = true;
  /** The position at the last change of speed or state, and the clock at that time. */
  #position = 0;
  #since: number;

  /** `now` is a clock in milliseconds that only goes forward. */
  constructor(messages: readonly RaceMessage[], speed: Speed, now: () => number) {
    this.#timeline = timeline(messages);
    this.#now = now;
    this.#speed = speed;
    this.#since = now();
  }

  get position_ms(): number {
    if (this.#speed === "instant") return this.#timeline.length_ms;
    const elapsed = this.#playing ? (this.#now() - this.#since) * this.#speed : 0;
    return Math.min(this.#timeline.length_ms, this.#position + elapsed);
  }
  get length_ms(): number {
    return this.#timeline.length_ms;
  }
  /** The senders' clock at this position. */
  get at_ms(): number {
    return this.#timeline.start_ms + this.position_ms;
  }
  get over(): boolean {
    return this.position_ms >= this.#timeline.length_ms;
  }
  get playing(): boolean {
    return this.#playing && !this.over;
  }
  get speed(): Speed {
    return this.#speed;
  }

  set speed(speed: Speed) {
    this.#settle();
    this.#speed = speed;
  }
  pause(): void {
    this.#settle();
    this.#playing = false;
  }
  /** Continue, or start again if the race is over. */
  play(): void {
    const again = this.over;
    this.#settle();
    if (again) this.#position = 0;
    this.#playing = true;
  }

  /** The messages up to this position. */
  messages(): RaceMessage[] {
    const position = this.position_ms;
    return this.#timeline.entries.filter(({ at }) => at <= position).map(({ message }) => message);
  }

  #settle(): void {
    this.#position = this.position_ms;
    this.#since = this.#now();
  }
}
