// The page's open request and its series of races, one after the other. Pure.

import type { Action, Message } from "./messages";
import type { Notice, RaceParameters } from "./model";

export interface RequestState {
  /** The request that was sent last, until its outcome is known. */
  pending: { action: Action; since_ms: number; lanes: readonly string[] } | null;
  /** Races with the same parameters; a running race counts once it is over. */
  series: { wanted: number; done: number; parameters: RaceParameters } | null;
  notice: Notice | null;
}

export const idle: RequestState = { pending: null, series: null, notice: null };

/** Verify takes the longest: it reads 100,000 records. */
const TIMEOUT_MS = 180_000;
const BUTTONS: Record<string, string> = { run: "Start race", warmup: "Warm up", verify: "Verify" };
const LOGS = "Check the output of lambdameter live (on AWS, the functions' logs)";

export function sent(
  state: RequestState,
  action: Action,
  lanes: readonly string[],
  now_ms: number,
): RequestState {
  return { ...state, notice: null, pending: { action, since_ms: now_ms, lanes } };
}

/** What a message means for the open request. */
export function received(state: RequestState, message: Message): RequestState {
  const { pending } = state;
  switch (message.type) {
    case "refused":
      return { ...idle, notice: refusal(message.action, message.reason) };
    case "clearing":
      return pending?.action === "run" ? { ...state, pending: null } : state;
    case "verified":
      return pending?.action === "verify" ? { ...state, pending: null } : state;
    case "warmed": {
      if (pending?.action !== "warmup") return state;
      const lanes = pending.lanes.filter((lane) => lane !== message.lane);
      return { ...state, pending: lanes.length > 0 ? { ...pending, lanes } : null };
    }
    default:
      return state;
  }
}

function refusal(action: string, reason: string): Notice {
  if (/token/i.test(reason)) {
    return {
      about: "token",
      text: "The token is wrong",
      next_step: "Enter the token that lambdameter deploy printed, and try again.",
    };
  }
  const next_step = /is running|being warmed/i.test(reason)
    ? "Wait until that has ended, then try again."
    : "Change the settings, or start lambdameter live again.";
  return {
    about: "action",
    text: `${BUTTONS[action] ?? action} was refused: ${reason}`,
    next_step,
  };
}

/** Gives a request up that has had no outcome for long. */
export function timePassed(state: RequestState, now_ms: number): RequestState {
  const { pending } = state;
  if (!pending || now_ms - pending.since_ms < TIMEOUT_MS) return state;
  const text = `${BUTTONS[pending.action]} was accepted, but nothing followed`;
  return { ...idle, notice: { about: "action", text, next_step: `${LOGS}, then try again.` } };
}

/** The outcome of the open request may be missed, so the page does not wait for it. */
export const disconnected = (state: RequestState): RequestState =>
  state.pending ? { ...state, pending: null } : state;

/** The running race of a series sends no messages any more. */
export function stalled(state: RequestState): RequestState {
  const { series } = state;
  if (!series) return state;
  const text = `The series stopped in race ${series.done + 1} of ${series.wanted}: no more messages arrived`;
  return { ...state, series: null, notice: { about: "race", text, next_step: `${LOGS}.` } };
}

/** A race is over. `again` tells whether the series continues; it stops if a lane failed. */
export function raceEnded(
  state: RequestState,
  failedLanes: readonly string[],
): { state: RequestState; again: boolean } {
  const { series } = state;
  if (!series) return { state, again: false };
  const done = series.done + 1;
  if (done === series.wanted) return { state: { ...state, series: null }, again: false };
  if (failedLanes.length === 0) {
    return { state: { ...state, series: { ...series, done } }, again: true };
  }
  const notice: Notice = {
    about: "race",
    text: `The series stopped after race ${done} of ${series.wanted}: ${failedLanes.join(" and ")} failed`,
    next_step: "Choose a larger memory size, or read the error in the lane.",
  };
  return { state: { ...state, series: null, notice }, again: false };
}
