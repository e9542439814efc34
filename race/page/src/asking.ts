// What this page has asked of the gateway and not yet seen answered, and races one after another.
// Pure: what is to be sent is returned.

import type { Notice } from "./model";
import type { Action, Course, Message } from "./protocol";

export interface Asking {
  pending: { action: Action; since_ms: number; left: readonly string[] } | null;
  /** Races of a series, all of one course: the one that is on counts once it is over. */
  series: { wanted: number; done: number; course: Course } | null;
  notice: Notice | null;
}

export const nothing: Asking = { pending: null, series: null, notice: null };
/** Reading 100,000 records for Verify takes longest. */
const PATIENCE_MS = 180_000;

export function asked(
  asking: Asking,
  action: Action,
  lanes: readonly string[],
  now_ms: number,
): Asking {
  return { ...asking, notice: null, pending: { action, since_ms: now_ms, left: lanes } };
}

/** What a message from the gateway means for what was asked. */
export function heard(asking: Asking, message: Message): Asking {
  const { pending } = asking;
  switch (message.type) {
    case "refused":
      return { pending: null, series: null, notice: refusal(message.action, message.reason) };
    case "clearing":
      return pending?.action === "run" ? { ...asking, pending: null } : asking;
    case "verified":
      return pending?.action === "verify" ? { ...asking, pending: null } : asking;
    case "warmed": {
      if (pending?.action !== "warmup") return asking;
      const left = pending.left.filter((lane) => lane !== message.lane);
      return { ...asking, pending: left.length > 0 ? { ...pending, left } : null };
    }
    default:
      return asking;
  }
}

function refusal(action: string, reason: string): Notice {
  if (/token/i.test(reason)) {
    return {
      about: "token",
      text: "The token is wrong",
      next_step: "Type the one that lambdameter deploy printed, and try again.",
    };
  }
  const next_step = /is on|being warmed/i.test(reason)
    ? "Wait until that is over, then try again."
    : "Change what was asked for, or start lambdameter live again.";
  return { about: "action", text: `${NAMES[action] ?? action} was refused: ${reason}`, next_step };
}

const NAMES: Record<string, string> = { run: "Run all", warmup: "Warm up", verify: "Verify" };

/** Who asked and heard nothing for long is told so. */
export function waited(asking: Asking, now_ms: number): Asking {
  const { pending } = asking;
  if (!pending || now_ms - pending.since_ms < PATIENCE_MS) return asking;
  return {
    pending: null,
    series: null,
    notice: {
      about: "action",
      text: `${NAMES[pending.action]} was accepted, and nothing came of it`,
      next_step: "See what lambdameter live prints (on AWS, the functions' logs), then try again.",
    },
  };
}

/** The connection is gone: an answer to what was asked cannot come any more. */
export const cut = (asking: Asking): Asking =>
  asking.pending ? { ...asking, pending: null } : asking;

/** The race that is on is heard of no more: what would come after it is not waited for. */
export function stalled(asking: Asking): Asking {
  const { series } = asking;
  if (!series) return asking;
  const notice: Notice = {
    about: "race",
    text: `The series ended in race ${series.done + 1} of ${series.wanted}: nothing is heard of it any more`,
    next_step: "See what lambdameter live prints (on AWS, the functions' logs).",
  };
  return { ...asking, series: null, notice };
}

/** A race is over: is another one due? A series ends where a lane failed. */
export function ended(
  asking: Asking,
  failed: readonly string[],
): { asking: Asking; again: boolean } {
  const { series } = asking;
  if (!series) return { asking, again: false };
  const done = series.done + 1;
  if (failed.length === 0 && done < series.wanted) {
    return { asking: { ...asking, series: { ...series, done } }, again: true };
  }
  const stopped = failed.length > 0 && done < series.wanted;
  const notice: Notice | null = stopped
    ? {
        about: "race",
        text: `The series ended after race ${done} of ${series.wanted}: ${failed.join(" and ")} failed`,
        next_step: "Choose a larger memory size, or see why in its lane.",
      }
    : asking.notice;
  return { asking: { ...asking, series: null, notice }, again: false };
}
