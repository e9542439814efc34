// The sentence that decides, its facts, and the one live region.

import { find, h, renew, show, text } from "../dom";
import type { Model, View } from "../model";
import { isOver } from "../race";
import * as story from "../story";

export function headline(): View {
  const [kind, sentence, reservation] = [find("kind"), find("headline"), find("reservation")];
  const [facts, said] = [find("facts"), find("said")];
  return (model) => {
    const { site, race } = model;
    text(kind, kindOf(model));
    text(sentence, story.headline(site, race));
    const doubt = reservationOf(model);
    text(reservation, doubt);
    show(reservation, doubt !== "");
    const known = story.facts(site, race);
    renew(facts, known.join("\n"), () => known.map((fact) => h("li", {}, fact)));
    show(facts, known.length > 0);
    text(said, [story.announcement(site, race), noticeOf(model)].filter(Boolean).join(" "));
    document.title = race
      ? `${story.headline(site, race)} · lambdameter`
      : "lambdameter: the live race";
  };
}

const noticeOf = ({ notice }: Model): string =>
  notice ? `${notice.text}. ${notice.next_step}` : "";

function kindOf({ replay, exported, connection, repeat, race }: Model): string {
  if (replay) {
    const { player } = replay;
    const speed = player.speed === "instant" ? "" : `, played at x${player.speed}`;
    return `${exported ? "Recorded race" : "Replay of a recorded race"} ${replay.id.slice(0, 8)}${speed}`;
  }
  if (repeat) return `Race ${repeat.done + 1} of ${repeat.wanted}`;
  if (connection?.is === "lost") return "The last that was heard before the connection was lost";
  return race ? `Race ${race.id.slice(0, 8)}` : "";
}

export function reservationOf(model: Model): string {
  const { site, race, connection, busy, exported, history, replay } = model;
  if (!race && connection === null) {
    return exported || history.length > 0
      ? "Choose a recorded race."
      : "No race was recorded here yet. Start one with: lambdameter live";
  }
  if (!race) return "No race yet: choose a tier, and press Run all.";
  if (!replay && !busy && !isOver(race, story.namesOf(site))) {
    return "Nothing was heard of this race for a minute: it may have been cut off. The gateway refuses another until it is over, for 20 minutes at most.";
  }
  return story.reservation(site, race);
}

/** What went wrong with what was asked, or with the page itself; the sentence says what to do. */
export function notice(retry: () => void): View {
  const box = find("notice");
  const again = h("button", { type: "button", id: "retry" }, "Try now");
  again.addEventListener("click", retry);
  const [what, next] = [h("b"), h("span")];
  box.append(what, " ", next, " ", again);
  return ({ notice: said, connection }) => {
    const lost = connection !== null && connection.is !== "open" && connection.tries > 0;
    const told = lost
      ? {
          text: "The connection to the gateway is lost",
          next_step:
            connection.is === "lost"
              ? `The next try comes within ${Math.ceil(connection.retry_ms / 1000)} s; what was missed is shown then. Is lambdameter live still running?`
              : "It is being tried again.",
        }
      : said;
    show(again, connection?.is === "lost", find("headline"));
    show(box, told !== null);
    text(what, told ? `${told.text}.` : "");
    text(next, told?.next_step ?? "");
  };
}
