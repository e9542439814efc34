// The headline, its facts and caveat, the notice, and the live region for screen readers.

import { byId, h, renderOnChange, setShown, setText } from "../dom";
import * as text from "../headline";
import type { Model, View } from "../model";
import { isOver } from "../race";

export function headline(): View {
  const [source, sentence, caveat] = [byId("source"), byId("headline"), byId("caveat")];
  const [facts, announcement] = [byId("facts"), byId("announcement")];
  return (model) => {
    const { site, race, notice: current } = model;
    const title = text.headline(site, race);
    setText(source, sourceOf(model));
    setText(sentence, title);
    const limits = caveatOf(model);
    setText(caveat, limits);
    setShown(caveat, limits !== "");
    const known = text.facts(site, race);
    renderOnChange(facts, known.join("\n"), () => known.map((fact) => h("li", {}, fact)));
    setShown(facts, known.length > 0);
    const problem = current ? `${current.text}. ${current.next_step}` : "";
    setText(announcement, [text.announcement(site, race), problem].filter(Boolean).join(" "));
    document.title = race ? `${title} · lambdameter` : "lambdameter: live race";
  };
}

/** Which race is shown, and how. */
function sourceOf({ replay, connection, series, race }: Model): string {
  if (replay) {
    const { id, player } = replay;
    const speed = player.speed === "instant" ? "" : `, played at ${player.speed}x`;
    return `Recorded race ${id.slice(0, 8)}${speed}`;
  }
  if (series) return `Race ${series.done + 1} of ${series.wanted}`;
  if (connection?.is === "lost") return "Last state before the connection was lost";
  return race ? `Race ${race.id.slice(0, 8)}` : "";
}

export function caveatOf(model: Model): string {
  const { site, race, connection, busy, history, replay } = model;
  if (!race && connection === null) {
    return history.length > 0
      ? "Choose a recorded race."
      : "There are no recorded races here. Record one with: lambdameter live";
  }
  if (!race) return "No race has run yet: choose a memory size, and press Start race.";
  if (!replay && !busy && !isOver(race, text.laneNames(site))) {
    return "No message of this race has arrived for a minute, so it may have been interrupted. Another race is refused until this race has ended, for at most 30 minutes.";
  }
  return text.caveat(site, race);
}

/** What went wrong with a request or with the page, and what to do. */
export function notice(reconnect: () => void): View {
  const box = byId("notice");
  const retry = h("button", { type: "button", id: "retry" }, "Reconnect now");
  retry.addEventListener("click", reconnect);
  const [problem, next] = [h("b"), h("span")];
  box.append(problem, " ", next, " ", retry);
  return (model) => {
    const shown = connectionNotice(model) ?? model.notice;
    setShown(retry, model.connection?.is === "lost", byId("headline"));
    setShown(box, shown !== null);
    setText(problem, shown ? `${shown.text}.` : "");
    setText(next, shown?.next_step ?? "");
  };
}

function connectionNotice({ connection }: Model): { text: string; next_step: string } | null {
  if (!connection || connection.is === "open" || connection.tries === 0) return null;
  const next_step =
    connection.is === "lost"
      ? `The page reconnects within ${Math.ceil(connection.retry_ms / 1_000)} s and then shows what it missed. Check that lambdameter live is still running.`
      : "The page is reconnecting.";
  return { text: "The connection to the WebSocket API is lost", next_step };
}
