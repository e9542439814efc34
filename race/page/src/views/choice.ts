// A group of radio buttons that look like one switch.

import { h, text } from "../dom";

export interface Option {
  value: string;
  label: string;
  /** A second, smaller line. */
  about?: string;
}
export interface Choice {
  element: HTMLElement;
  choose(value: string): void;
  /** What cannot be chosen now. */
  offer(can: (value: string) => boolean): void;
}

export function choice(
  name: string,
  legend: string,
  options: readonly Option[],
  chosen: (value: string) => void,
): Choice {
  const inputs = options.map(({ value }) =>
    h("input", { type: "radio", name, value, id: `${name}-${value}` }),
  );
  const labels = options.map(({ value, label, about }) => {
    const words = h("label", { for: `${name}-${value}` }, h("b", {}, label));
    if (about !== undefined) words.append(" ", h("small", {}, about));
    return words;
  });
  for (const input of inputs) {
    input.addEventListener("change", () => {
      if (input.checked) chosen(input.value);
    });
  }
  const pairs = inputs.flatMap((input, index) => [input, labels[index] ?? ""]);
  const title = h("legend");
  text(title, legend);
  return {
    element: h("fieldset", { class: "choice" }, title, h("div", { class: "options" }, ...pairs)),
    choose(value) {
      for (const input of inputs) {
        const wanted = input.value === value;
        if (input.checked !== wanted) input.checked = wanted;
      }
    },
    offer(can) {
      for (const input of inputs) {
        const not = !can(input.value);
        if (input.disabled !== not) input.disabled = not;
      }
    },
  };
}
