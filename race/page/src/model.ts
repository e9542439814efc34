// What the page shows at one moment; the views are functions of it.

import type { State } from "./connection";
import type { Action, Course, RaceSummary, Site, Warmed } from "./protocol";
import type { Race } from "./race";
import type { Replay } from "./replay";

export interface Notice {
  /** One sentence of what is wrong, one of what to do. */
  text: string;
  next_step: string;
  about: "token" | "action" | "race" | "page";
}
export interface Model {
  /** Where the page is: what its controls offer. */
  home: Site;
  /** Where the shown race was: a recorded one may have had another tier list or engines. */
  site: Site;
  race: Race | null;
  /** The senders' clock. */
  now_ms: number;
  /** Null where there is no gateway: recorded races alone. */
  connection: State | null;
  exported: boolean;
  choice: Course;
  pending: Action | null;
  /** Races that are still to be run after this one, and of how many. */
  repeat: { wanted: number; done: number } | null;
  notice: Notice | null;
  warmed: Readonly<Record<string, Warmed>>;
  history: readonly RaceSummary[];
  /** Null: the live race is shown. */
  replay: { id: string; player: Replay } | null;
  /** A race is on at the gateway, and heard of, whatever is shown. */
  busy: boolean;
  token_needed: boolean;
  volume: number;
  code_offered: boolean;
}
export type View = (model: Model) => void;
