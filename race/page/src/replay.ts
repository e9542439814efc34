// A recorded race played again on its true times, faster, or at once. The clock is injected.

import type { RaceMessage } from "./protocol";

export type Speed = 1 | 4 | "instant";

/** Messages with the time at which each is due, in milliseconds from the start of the race. */
export interface Score {
  due: { at: number; message: RaceMessage }[];
  /** The sender's clock at the start. */
  start_ms: number;
  length_ms: number;
}

/**
 * The race alone takes its time: what was before it (clearing the tables) is due at once, and what
 * came after it (somebody pressed Verify) with its end.
 */
export function score(messages: readonly RaceMessage[]): Score {
  const started = messages.find(({ type }) => type === "started");
  const ofRace = messages.filter(({ type }) => type !== "verified" && type !== "clearing");
  const times = ofRace.map(({ at_ms }) => at_ms);
  const start_ms = started?.at_ms ?? times.reduce((a, b) => Math.min(a, b), Infinity);
  if (!Number.isFinite(start_ms)) return { due: [], start_ms: 0, length_ms: 0 };
  const length_ms = times.reduce((a, b) => Math.max(a, b), start_ms) - start_ms;
  const due = messages.map((message) => ({
    at: Math.min(Math.max(0, message.at_ms - start_ms), length_ms),
    message,
  }));
  return { due: due.toSorted((a, b) => a.at - b.at), start_ms, length_ms };
}

export class Replay {
  readonly #score: Score;
  readonly #now: () => number;
  #speed: Speed;
  #playing = true;
  /** Where in the race it was when last it was touched, and the clock then. */
  #reached = 0;
  #since: number;

  /** `now` is a clock in milliseconds that only goes forward. */
  constructor(messages: readonly RaceMessage[], speed: Speed, now: () => number) {
    this.#score = score(messages);
    this.#now = now;
    this.#speed = speed;
    this.#since = now();
  }

  get position_ms(): number {
    if (this.#speed === "instant") return this.#score.length_ms;
    const gone = this.#playing ? (this.#now() - this.#since) * this.#speed : 0;
    return Math.min(this.#score.length_ms, this.#reached + gone);
  }
  get length_ms(): number {
    return this.#score.length_ms;
  }
  /** The senders' clock at this place of the race. */
  get at_ms(): number {
    return this.#score.start_ms + this.position_ms;
  }
  get over(): boolean {
    return this.position_ms >= this.#score.length_ms;
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
  /** Go on; from the start where it was over. */
  play(): void {
    const again = this.over;
    this.#settle();
    if (again) this.#reached = 0;
    this.#playing = true;
  }

  /** What has been told by now. */
  messages(): RaceMessage[] {
    const position = this.position_ms;
    return this.#score.due.filter(({ at }) => at <= position).map(({ message }) => message);
  }

  #settle(): void {
    this.#reached = this.position_ms;
    this.#since = this.#now();
  }
}
