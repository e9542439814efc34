// The page's state, and everything that changes it.

import { closestRace, isColdStart, withOwnRace } from "./comparable";
import type { Connection, ConnectionListener, ConnectionState } from "./connection";
import { laneNames } from "./headline";
import type {
  DeployedCode,
  MemorySize,
  Message,
  RaceMessage,
  RaceSite,
  RaceSummary,
  RecordedRace,
  Request,
  Warmed,
} from "./messages";
import type { Model, Notice, RaceParameters } from "./model";
import { fold, isOver, type Race, reduce, summaryOf } from "./race";
import type { RaceStore } from "./race-store";
import { Replay, type Speed } from "./replay";
import * as requests from "./requests";

export interface Environment {
  store: RaceStore;
  connect(
    url: string,
    listener: ConnectionListener,
  ): Pick<Connection, "start" | "send" | "catchUp">;
  /** Unix time in milliseconds. */
  now(): number;
  /** A clock that only goes forward. */
  steady(): number;
  after(ms: number, callback: () => void): () => void;
  token: { read(): string; save(token: string): void };
  /** Draw soon. */
  redraw(): void;
}

/** A racer sends a message more often than this, so a silent race was interrupted. */
export const SILENT_MS = 60_000;
/** The racers do not know a page that connected during the race: it looks at the recording. */
const POLL_MS = 2_000;
/** The runner ends a moment after its last message. */
const NEXT_RACE_MS = 1_000;
const DEFAULT_MEMORY_MB = 1_024;
const DEFAULT_VOLUME = 100_000;

export class App {
  readonly #home: RaceSite;
  readonly #exported: boolean;
  readonly #environment: Environment;
  readonly #connection: ReturnType<Environment["connect"]> | null;
  #connectionState: ConnectionState | null = null;
  /** Races that were live on this page: a late message does not start one of them again. */
  readonly #seen = new Set<string>();
  readonly #over = new Set<string>();
  #live: Race | null = null;
  /** Times of the last news and of the last message, by the steady clock. */
  #newsAt_ms: number;
  #messageAt_ms: number;
  /** How far our clock is ahead of the senders': the least that a message ever took. */
  #clockOffset_ms: number | null = null;
  /** All missed messages were received, so any other message is new. */
  #caughtUp = false;
  /** Cancels the start of a series' next race. */
  #cancelNext: (() => void) | null = null;
  #requests = requests.idle;
  #warmed: Record<string, Warmed> = {};
  #history: readonly RaceSummary[] = [];
  /** The race that ended last, as this page saw it. */
  #own: RaceSummary | null = null;
  #historyRequests = 0;
  #replay: { id: string; player: Replay; site: RaceSite } | null = null;
  #speed: Speed;
  #choice: RaceParameters;
  #volume = DEFAULT_VOLUME;
  #code: DeployedCode | null = null;

  constructor(home: RaceSite, exported: boolean, still: boolean, environment: Environment) {
    this.#home = home;
    this.#exported = exported;
    this.#environment = environment;
    this.#messageAt_ms = this.#newsAt_ms = environment.steady();
    this.#speed = still || exported ? "instant" : 1;
    const isDefault = (size: MemorySize): boolean => size.memory_mb === DEFAULT_MEMORY_MB;
    const memory_mb = (home.tiers.find(isDefault) ?? home.tiers.at(-1))?.memory_mb;
    this.#choice = {
      format: home.formats[0] ?? "csv",
      memory_mb: memory_mb ?? DEFAULT_MEMORY_MB,
      cold: false,
    };
    const listener: ConnectionListener = {
      received: (message, live) => this.#received(message, live),
      stateChanged: (state) => this.#stateChanged(state),
      caughtUp: () => this.#allReceived(),
    };
    this.#connection =
      home.websocket === null ? null : environment.connect(home.websocket, listener);
  }

  async start(): Promise<void> {
    this.#connection?.start();
    await this.#loadHistory();
    const newest = this.#history.find(({ over }) => over);
    if (!this.#connection && newest) await this.play(newest.race);
  }

  model(): Model {
    const replay = this.#replay;
    const { pending, series, notice } = this.#requests;
    return {
      home: this.#home,
      site: replay?.site ?? this.#home,
      race: replay ? fold(replay.player.messages()) : this.#live,
      now_ms: replay?.player.at_ms ?? this.#now(),
      connection: this.#connectionState,
      exported: this.#exported,
      choice: this.#choice,
      pending: pending?.action ?? null,
      series,
      notice,
      warmed: this.#warmed,
      history: this.#history,
      replay,
      busy: this.#isBusy(),
      needsToken: this.#connection !== null && this.#home.token === null,
      volume: this.#volume,
      // A page server that only replays has no functions, and so no code.
      hasCode: this.#environment.store.hasCode && (this.#exported || this.#connection !== null),
    };
  }

  /** Whether figures change without a message. */
  get moving(): boolean {
    if (this.#requests.pending) return true;
    return this.#replay ? this.#replay.player.playing : this.#isBusy();
  }

  /** Called regularly while something moves. */
  tick(): void {
    this.#setRequests(requests.timePassed(this.#requests, this.#environment.now()));
    const silent_ms = this.#environment.steady() - this.#messageAt_ms;
    if (this.#isBusy() && this.#connectionState?.is === "open" && silent_ms > POLL_MS) {
      this.#messageAt_ms = this.#environment.steady();
      void this.#connection?.catchUp();
    }
    const waitsForEnd = this.#requests.series && !this.#requests.pending;
    if (this.#caughtUp && waitsForEnd && this.#isUnfinished() && !this.#isBusy()) {
      this.#setRequests(requests.stalled(this.#requests));
    }
  }

  choose(changed: Partial<RaceParameters>): void {
    this.#choice = { ...this.#choice, ...changed };
    if (!this.#connection) {
      const { conditions } = this.#replay?.site ?? this.#home;
      const race = closestRace(this.#history, this.#choice, conditions);
      if (race) void this.play(race.race);
    }
    this.#environment.redraw();
  }
  run(times: number): void {
    const parameters = this.#choice;
    if (!this.#send({ action: "run", token: this.#token(), ...parameters })) return;
    this.#replay = null;
    this.#cancelNext?.();
    const series = times > 1 ? { wanted: times, done: 0, parameters } : null;
    this.#setRequests({ ...this.#requests, series });
  }
  stopSeries(): void {
    this.#setRequests({ ...this.#requests, series: null });
  }
  warmUp(): void {
    const { memory_mb } = this.#choice;
    if (this.#send({ action: "warmup", token: this.#token(), memory_mb })) this.#warmed = {};
  }
  verify(): void {
    this.#send({ action: "verify" });
  }
  saveToken(token: string): void {
    this.#environment.token.save(token);
    const { notice } = this.#requests;
    if (notice?.about === "token") this.#setRequests({ ...this.#requests, notice: null });
  }
  setVolume(volume: number): void {
    this.#volume = volume;
    this.#environment.redraw();
  }
  reconnect(): void {
    this.#connection?.start();
  }

  async play(id: string): Promise<void> {
    let recorded: RecordedRace;
    try {
      recorded = await this.#environment.store.race(id);
    } catch {
      const next_step = "Choose another race, or look into the folder of this race.";
      this.#notify({ about: "race", text: "The recorded race cannot be read", next_step });
      return;
    }
    const player = new Replay(recorded.messages, this.#speed, () => this.#environment.steady());
    this.#replay = { id, player, site: recorded.site };
    const race = fold(recorded.messages);
    const summary = race && summaryOf(race, recorded.site);
    if (race?.parameters && summary && !this.#connection) {
      this.#choice = { ...race.parameters, cold: isColdStart(summary) };
    }
    this.#environment.redraw();
  }
  togglePlaying(): void {
    const player = this.#replay?.player;
    if (!player) return;
    if (player.playing) player.pause();
    else {
      if (player.speed === "instant") this.#speed = player.speed = 1;
      player.play();
    }
    this.#environment.redraw();
  }
  setSpeed(speed: Speed): void {
    this.#speed = speed;
    const player = this.#replay?.player;
    if (player) {
      player.speed = speed;
      if (speed !== "instant" && player.over) player.play();
    }
    this.#environment.redraw();
  }
  showLive(): void {
    this.#replay = null;
    this.#environment.redraw();
  }

  async code(): Promise<DeployedCode | null> {
    try {
      this.#code ??= await this.#environment.store.code();
    } catch {
      const next_step = "Check that lambdameter live is still running.";
      this.#notify({ about: "page", text: "The code cannot be loaded", next_step });
    }
    return this.#code;
  }

  #received(message: Message, live: boolean): void {
    this.#messageAt_ms = this.#environment.steady();
    if (live) this.#setRequests(requests.received(this.#requests, message));
    if (message.type === "warmed") this.#warmed = { ...this.#warmed, [message.lane]: message };
    if ("race" in message) this.#receivedOfRace(message, live);
    this.#environment.redraw();
  }

  #receivedOfRace(message: RaceMessage, live: boolean): void {
    const before = this.#live;
    const race = this.#liveRaceWith(message);
    if (!race) {
      // The verdict on another race changes the list of races.
      if (message.type === "verified") void this.#loadHistory();
      return;
    }
    this.#live = race;
    const isNews = race !== before;
    if (isNews) this.#newsAt_ms = this.#environment.steady();
    if (live || (isNews && this.#caughtUp)) {
      const offset_ms = this.#environment.now() - message.at_ms;
      this.#clockOffset_ms = Math.min(offset_ms, this.#clockOffset_ms ?? offset_ms);
    }
    if (isNews && isOver(race, laneNames(this.#home))) {
      this.#raceEnded(race, live, message.type === "verified");
    }
  }

  /** The live race, or a new one that this message starts; null for a message of another race. */
  #liveRaceWith(message: RaceMessage): Race | null {
    const live = this.#live;
    if (message.race === live?.id) return reduce(live, message);
    if (message.type === "verified" || this.#seen.has(message.race)) return null;
    this.#seen.add(message.race);
    return !live || message.at_ms > live.first_ms ? reduce(null, message) : null;
  }

  #raceEnded(race: Race, live: boolean, verified: boolean): void {
    const known = this.#over.has(race.id);
    this.#over.add(race.id);
    this.#own = summaryOf(race, this.#home) ?? this.#own;
    this.#setHistory(this.#history);
    if (verified || !known) void this.#loadHistory();
    if (known || !(live || this.#requests.series)) return;
    const failed = this.#home.lanes.filter(({ name }) => race.lanes[name]?.failed);
    const { state, again } = requests.raceEnded(
      this.#requests,
      failed.map(({ title }) => title),
    );
    this.#setRequests(state);
    if (again) this.#scheduleNext();
  }

  #scheduleNext(): void {
    this.#cancelNext?.();
    this.#cancelNext = this.#environment.after(NEXT_RACE_MS, () => {
      this.#cancelNext = null;
      this.#startNext();
    });
  }

  #startNext(): void {
    const { series, pending } = this.#requests;
    // Without a connection, or while a race is running, the series continues after that.
    if (!series || this.#connectionState?.is !== "open" || this.#isBusy()) return;
    if (pending) this.#scheduleNext();
    else if (!this.#send({ action: "run", token: this.#token(), ...series.parameters })) {
      this.stopSeries();
    }
  }

  #allReceived(): void {
    if (this.#connectionState?.is !== "open") return;
    const first = !this.#caughtUp;
    this.#caughtUp = true;
    const { series, pending } = this.#requests;
    if (first && series && !pending && !this.#cancelNext) this.#scheduleNext();
    this.#environment.redraw();
  }

  #stateChanged(state: ConnectionState): void {
    this.#connectionState = state;
    if (state.is === "lost") {
      this.#caughtUp = false;
      this.#setRequests(requests.disconnected(this.#requests));
    }
    if (state.is === "open") void this.#loadHistory();
    this.#environment.redraw();
  }

  #send(request: Request): boolean {
    if ("token" in request && request.token === "") {
      const next_step = "Enter the token that lambdameter deploy printed.";
      this.#notify({ about: "token", text: "Starting a race needs the token", next_step });
      return false;
    }
    if (!this.#connection?.send(request)) return false;
    const lanes = laneNames(this.#home);
    const now_ms = this.#environment.now();
    this.#setRequests(requests.sent(this.#requests, request.action, lanes, now_ms));
    return true;
  }

  async #loadHistory(): Promise<void> {
    this.#historyRequests += 1;
    const request = this.#historyRequests;
    try {
      const history = await this.#environment.store.summaries();
      if (request === this.#historyRequests) this.#setHistory(history);
    } catch {
      // The known races stay; the connection's state tells whether the server is there.
    }
  }
  /** Keeps the same list if nothing changed: views draw another list again. */
  #setHistory(history: readonly RaceSummary[]): void {
    const list = withOwnRace(history, this.#own);
    if (JSON.stringify(list) === JSON.stringify(this.#history)) return;
    this.#history = list;
    this.#environment.redraw();
  }

  #token(): string {
    return this.#home.token ?? this.#environment.token.read();
  }
  #setRequests(state: requests.RequestState): void {
    if (state === this.#requests) return;
    this.#requests = state;
    this.#environment.redraw();
  }
  #notify(notice: Notice): void {
    this.#setRequests({ ...this.#requests, notice });
  }
  /** By the senders' clock; it stands still while no race is running. */
  #now(): number {
    const live = this.#live;
    if (!live) return this.#environment.now();
    if (!this.#isBusy()) return live.last_ms;
    if (this.#clockOffset_ms !== null) {
      return Math.max(live.last_ms, this.#environment.now() - this.#clockOffset_ms);
    }
    return live.last_ms + this.#environment.steady() - this.#newsAt_ms;
  }
  #isBusy(): boolean {
    return this.#isUnfinished() && this.#environment.steady() - this.#newsAt_ms < SILENT_MS;
  }
  #isUnfinished(): boolean {
    return (
      this.#connection !== null && this.#live !== null && !isOver(this.#live, laneNames(this.#home))
    );
  }
}
