// A group of radio buttons that looks like one switch.

import { h, setText } from "../dom";

export interface Option {
  value: string;
  label: string;
  /** A second, smaller line. */
  detail?: string;
}
export interface RadioGroup {
  element: HTMLElement;
  select(value: string): void;
  /** Disables the options that cannot be chosen now. */
  setAvailable(isAvailable: (value: string) => boolean): void;
}

export function radioGroup(
  name: string,
  legend: string,
  options: readonly Option[],
  chosen: (value: string) => void,
): RadioGroup {
  const inputs = options.map(({ value }) =>
    h("input", { type: "radio", name, value, id: `${name}-${value}` }),
  );
  for (const input of inputs) {
    input.addEventListener("change", () => {
      if (input.checked) chosen(input.value);
    });
  }
  const pairs = options.flatMap(({ value, label, detail }, index) => {
    const element = h("label", { for: `${name}-${value}` }, h("b", {}, label));
    if (detail !== undefined) element.append(" ", h("small", {}, detail));
    return [inputs[index] ?? "", element];
  });
  const title = h("legend");
  setText(title, legend);
  return {
    element: h("fieldset", { class: "choice" }, title, h("div", { class: "options" }, ...pairs)),
    select(value) {
      for (const input of inputs) {
        const wanted = input.value === value;
        if (input.checked !== wanted) input.checked = wanted;
      }
    },
    setAvailable(isAvailable) {
      for (const input of inputs) {
        const disabled = !isAvailable(input.value);
        if (input.disabled !== disabled) input.disabled = disabled;
      }
    },
  };
}
