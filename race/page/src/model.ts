// What the page shows at one moment; the views are functions of it.

import type { ConnectionState } from "./connection";
import type { Action, RaceSite, RaceSummary, RunRequest, Warmed } from "./messages";
import type { Race } from "./race";
import type { Replay } from "./replay";

/** What the user chooses for a race. */
export type RaceParameters = Pick<RunRequest, "format" | "memory_mb" | "cold">;

export interface Notice {
  /** What is wrong, in one sentence without a full stop. */
  text: string;
  next_step: string;
  about: "token" | "action" | "race" | "page";
}
export interface Model {
  /** The site of this page: it decides what the controls offer. */
  home: RaceSite;
  /** The site of the shown race: a recorded race may have other memory sizes or conditions. */
  site: RaceSite;
  race: Race | null;
  /** By the senders' clock. */
  now_ms: number;
  /** Null without a WebSocket API: then there are only recorded races. */
  connection: ConnectionState | null;
  exported: boolean;
  choice: RaceParameters;
  pending: Action | null;
  series: { wanted: number; done: number } | null;
  notice: Notice | null;
  warmed: Readonly<Record<string, Warmed>>;
  history: readonly RaceSummary[];
  /** Null while the live race is shown. */
  replay: { id: string; player: Replay } | null;
  /** A live race is running and sends messages, whatever is shown. */
  busy: boolean;
  needsToken: boolean;
  /** Invocations per month. */
  volume: number;
  hasCode: boolean;
}
export type View = (model: Model) => void;
