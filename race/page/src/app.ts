// The page's one state, and everything that changes it.

import * as asking from "./asking";
import type { Connection, State } from "./connection";
import type { Library } from "./library";
import { isCold, nearest, withOwn } from "./likeness";
import type { Model, Notice } from "./model";
import {
  type Action,
  type Code,
  type Course,
  type Message,
  ofARace,
  type RaceMessage,
  type RaceSummary,
  type RecordedRace,
  type Request,
  type Site,
  type Warmed,
} from "./protocol";
import { fold, isOver, type Race, reduce, summaryOf } from "./race";
import { Replay, type Speed } from "./replay";
import { namesOf } from "./story";

export interface Environment {
  library: Library;
  connect(url: string, ears: ConstructorParameters<typeof Connection>[2]): Connection;
  /** Unix epoch in milliseconds. */
  now(): number;
  /** Only goes forward. */
  steady(): number;
  after(ms: number, then: () => void): () => void;
  token: { read(): string; keep(token: string): void };
  /** Draw soon. */
  dirty(): void;
}

/** A racer writes a thousand records in less; who is silent for longer has been cut off. */
export const SILENT_MS = 60_000;
/** A page that came late is not on the racers' list, and looks at what was recorded instead. */
const LOOK_AGAIN_MS = 2000;
/** The runner tells of its end a moment before it has ended. */
const NEXT_RACE_MS = 1000;
const USUAL_MB = 1024;
const USUAL_VOLUME = 100_000;

export class App {
  readonly #home: Site;
  readonly #exported: boolean;
  readonly #world: Environment;
  readonly #connection: Connection | null;
  #state: State | null = null;
  /** Races that were live here once: what still comes of them begins no new one. */
  #seen = new Set<string>();
  #over = new Set<string>();
  #live: Race | null = null;
  /** When the live race last changed, and anything was heard, by the steady clock. */
  #changed_ms: number;
  #heard_ms: number;
  /** The senders' clocks against ours: the least that a message ever took. */
  #behind_ms: number | null = null;
  /** What had been told before the connection was there is known: whatever comes now is new. */
  #caughtUp = false;
  /** Takes the next race of a series back. */
  #due: (() => void) | null = null;
  #asking = asking.nothing;
  #warmed: Record<string, Warmed> = {};
  #history: readonly RaceSummary[] = [];
  /** The race that ended last, as this page saw it. */
  #own: RaceSummary | null = null;
  #lookUps = 0;
  #replay: { id: string; player: Replay; site: Site } | null = null;
  #speed: Speed;
  #choice: Course;
  #volume = USUAL_VOLUME;
  #code: Code | null = null;

  constructor(home: Site, exported: boolean, still: boolean, world: Environment) {
    this.#home = home;
    this.#exported = exported;
    this.#world = world;
    this.#heard_ms = this.#changed_ms = world.steady();
    this.#speed = still || exported ? "instant" : 1;
    const usual = home.tiers.find(({ memory_mb }) => memory_mb === USUAL_MB) ?? home.tiers.at(-1);
    const format = home.formats[0] ?? "csv";
    this.#choice = { format, memory_mb: usual?.memory_mb ?? USUAL_MB, cold: false };
    const ears = {
      told: (message: Message, live: boolean) => this.#told(message, live),
      changed: (state: State) => this.#changed(state),
      caughtUp: () => this.#nothingMissed(),
    };
    this.#connection = home.websocket === null ? null : world.connect(home.websocket, ears);
  }

  async start(): Promise<void> {
    this.#connection?.start();
    await this.#lookUp();
    const newest = this.#history.find(({ over }) => over);
    if (!this.#connection && newest) await this.play(newest.race);
  }

  model(): Model {
    const shown = this.#replay;
    const race = shown ? fold(shown.player.messages()) : this.#live;
    const { pending, series, notice } = this.#asking;
    return {
      home: this.#home,
      site: shown?.site ?? this.#home,
      race,
      now_ms: shown?.player.at_ms ?? this.#now(),
      connection: this.#state,
      exported: this.#exported,
      choice: this.#choice,
      pending: pending?.action ?? null,
      repeat: series,
      notice,
      warmed: this.#warmed,
      history: this.#history,
      replay: shown,
      busy: this.#busy(),
      token_needed: this.#connection !== null && this.#home.token === null,
      volume: this.#volume,
      // A page server that only replays has no functions, and so no code.
      code_offered: this.#world.library.hasCode && (this.#exported || this.#connection !== null),
    };
  }

  /** Whether figures change without a message. */
  get moving(): boolean {
    if (this.#asking.pending) return true;
    return this.#replay ? this.#replay.player.playing : this.#busy();
  }

  /** From time to time while something moves. */
  tick(): void {
    this.#set(asking.waited(this.#asking, this.#world.now()));
    const silent = this.#world.steady() - this.#heard_ms;
    if (this.#busy() && this.#state?.is === "open" && silent > LOOK_AGAIN_MS) {
      this.#heard_ms = this.#world.steady();
      void this.#connection?.catchUp();
    }
    if (this.#caughtUp && this.#asking.series && !this.#asking.pending && this.#stalled()) {
      this.#set(asking.stalled(this.#asking));
    }
  }

  course(changed: Partial<Course>): void {
    this.#choice = { ...this.#choice, ...changed };
    if (!this.#connection) {
      const here = (this.#replay?.site ?? this.#home).conditions;
      const race = nearest(this.#history, this.#choice, here);
      if (race) void this.play(race.race);
    }
    this.#world.dirty();
  }
  run(times: number): void {
    const course = this.#choice;
    if (!this.#ask({ action: "run", token: this.#token(), ...course })) return;
    this.#replay = null;
    this.#due?.();
    this.#set({ ...this.#asking, series: times > 1 ? { wanted: times, done: 0, course } : null });
  }
  stop(): void {
    this.#set({ ...this.#asking, series: null });
  }
  warmUp(): void {
    const { memory_mb } = this.#choice;
    if (this.#ask({ action: "warmup", token: this.#token(), memory_mb })) this.#warmed = {};
  }
  verify(): void {
    this.#ask({ action: "verify" });
  }
  keepToken(token: string): void {
    this.#world.token.keep(token);
    if (this.#asking.notice?.about === "token") this.#set({ ...this.#asking, notice: null });
  }
  price(volume: number): void {
    this.#volume = volume;
    this.#world.dirty();
  }
  reconnect(): void {
    this.#connection?.start();
  }

  async play(id: string): Promise<void> {
    let recorded: RecordedRace;
    try {
      recorded = await this.#world.library.race(id);
    } catch {
      this.#notice(
        "race",
        "The recorded race cannot be read",
        "Choose another, or look into its run folder.",
      );
      return;
    }
    const player = new Replay(recorded.messages, this.#speed, () => this.#world.steady());
    this.#replay = { id, player, site: recorded.site };
    const race = fold(recorded.messages);
    const summary = race && summaryOf(race, recorded.site);
    if (race?.course && summary && !this.#connection) {
      this.#choice = { ...race.course, cold: isCold(summary) };
    }
    this.#world.dirty();
  }
  toggle(): void {
    const player = this.#replay?.player;
    if (!player) return;
    if (player.playing) player.pause();
    else {
      if (player.speed === "instant") this.#speed = player.speed = 1;
      player.play();
    }
    this.#world.dirty();
  }
  speed(speed: Speed): void {
    this.#speed = speed;
    const player = this.#replay?.player;
    if (player) {
      player.speed = speed;
      if (speed !== "instant" && player.over) player.play();
    }
    this.#world.dirty();
  }
  showLive(): void {
    this.#replay = null;
    this.#world.dirty();
  }

  async code(): Promise<Code | null> {
    try {
      this.#code ??= await this.#world.library.code();
    } catch {
      this.#notice(
        "page",
        "The code cannot be read",
        "Is lambdameter live still running? Start it again.",
      );
    }
    return this.#code;
  }

  #told(message: Message, live: boolean): void {
    this.#heard_ms = this.#world.steady();
    if (live) this.#set(asking.heard(this.#asking, message));
    if (message.type === "warmed") this.#warmed = { ...this.#warmed, [message.lane]: message };
    if (ofARace(message)) this.#toldOfARace(message, live);
    this.#world.dirty();
  }

  #toldOfARace(message: RaceMessage, live: boolean): void {
    const before = this.#live;
    const race = this.#with(message);
    // Of a race that is not shown, the list alone may say something new.
    if (!race) return void (message.type === "verified" && this.#lookUp());
    this.#live = race;
    const news = race !== before;
    if (news) this.#changed_ms = this.#world.steady();
    if (live || (news && this.#caughtUp)) {
      const behind = this.#world.now() - message.at_ms;
      this.#behind_ms = Math.min(behind, this.#behind_ms ?? behind);
    }
    if (news) this.#ended(race, live, message.type === "verified");
  }

  /** The live race with this told, or a new one that begins with it; null: it is of another. */
  #with(message: RaceMessage): Race | null {
    const live = this.#live;
    if (message.race === live?.id) return reduce(live, message);
    if (message.type === "verified" || this.#seen.has(message.race)) return null;
    this.#seen.add(message.race);
    return !live || message.at_ms > live.first_ms ? reduce(null, message) : null;
  }

  #ended(race: Race, live: boolean, verified: boolean): void {
    if (!isOver(race, namesOf(this.#home))) return;
    const known = this.#over.has(race.id);
    this.#over.add(race.id);
    this.#own = summaryOf(race, this.#home) ?? this.#own;
    this.#listed(this.#history);
    if (verified || !known) void this.#lookUp();
    if (known || !(live || this.#asking.series)) return;
    const failed = this.#home.lanes.filter(({ name }) => race.lanes[name]?.failed);
    const next = asking.ended(
      this.#asking,
      failed.map(({ title }) => title),
    );
    this.#set(next.asking);
    if (next.again) this.#soon();
  }

  #soon(): void {
    this.#due?.();
    this.#due = this.#world.after(NEXT_RACE_MS, () => {
      this.#due = null;
      this.#next();
    });
  }

  #next(): void {
    const { series, pending } = this.#asking;
    // While there is no connection, or a race is on: the series goes on with the end of that.
    if (!series || this.#state?.is !== "open" || this.#busy()) return;
    if (pending) this.#soon();
    else if (!this.#ask({ action: "run", token: this.#token(), ...series.course })) this.stop();
  }

  #nothingMissed(): void {
    if (this.#state?.is !== "open") return;
    const first = !this.#caughtUp;
    this.#caughtUp = true;
    if (first && this.#asking.series && !this.#asking.pending && !this.#due) this.#soon();
    this.#world.dirty();
  }

  #changed(state: State): void {
    this.#state = state;
    if (state.is === "lost") {
      this.#caughtUp = false;
      this.#set(asking.cut(this.#asking));
    }
    if (state.is === "open") void this.#lookUp();
    this.#world.dirty();
  }

  #ask(request: Request): boolean {
    if ("token" in request && request.token === "") {
      this.#notice(
        "token",
        "Starting a race takes the token",
        "Type the one that lambdameter deploy printed.",
      );
      return false;
    }
    if (!this.#connection?.send(request)) return false;
    const action: Action = request.action;
    this.#set(asking.asked(this.#asking, action, namesOf(this.#home), this.#world.now()));
    return true;
  }

  async #lookUp(): Promise<void> {
    this.#lookUps += 1;
    const turn = this.#lookUps;
    try {
      const found = await this.#world.library.summaries();
      if (turn === this.#lookUps) this.#listed(found);
    } catch {
      // The races that are known stay; the connection tells whether anybody is there.
    }
  }
  /** Views draw the list anew when it is another one, so that it is one only where it changed. */
  #listed(found: readonly RaceSummary[]): void {
    const list = withOwn(found, this.#own);
    if (JSON.stringify(list) === JSON.stringify(this.#history)) return;
    this.#history = list;
    this.#world.dirty();
  }

  #token(): string {
    return this.#home.token ?? this.#world.token.read();
  }
  #set(now: asking.Asking): void {
    if (now === this.#asking) return;
    this.#asking = now;
    this.#world.dirty();
  }
  #notice(about: Notice["about"], text: string, next_step: string): void {
    this.#set({ ...this.#asking, notice: { about, text, next_step } });
  }
  /** The senders' clock; it stands still where nothing goes on. */
  #now(): number {
    const live = this.#live;
    if (!live) return this.#world.now();
    if (!this.#busy()) return live.last_ms;
    if (this.#behind_ms !== null)
      return Math.max(live.last_ms, this.#world.now() - this.#behind_ms);
    return live.last_ms + this.#world.steady() - this.#changed_ms;
  }
  #busy(): boolean {
    return this.#unfinished() && this.#world.steady() - this.#changed_ms < SILENT_MS;
  }
  #stalled(): boolean {
    return this.#unfinished() && !this.#busy();
  }
  #unfinished(): boolean {
    return !!this.#connection && !!this.#live && !isOver(this.#live, namesOf(this.#home));
  }
}
