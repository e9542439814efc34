// Light, dark, or as the system has it.

import { attribute, text } from "./dom";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const KEY = "lambdameter-theme";

// A page from disk may have no storage: the choice then lasts as long as the page.
function stored(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto";
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // See above.
  }
}

const darkSystem = matchMedia("(prefers-color-scheme: dark)");

export const isDark = (): boolean => {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme !== "light" && darkSystem.matches);
};

/** `changed` is called whenever the colours are others. */
export function themeSwitch(button: HTMLElement, changed: () => void): void {
  let theme = stored();
  const apply = (): void => {
    attribute(document.documentElement, "data-theme", theme);
    text(button, `Theme: ${theme}`);
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
    keep(theme);
    apply();
    changed();
  });
  darkSystem.addEventListener("change", changed);
  apply();
}
