// Light, dark, or the system's theme.

import { setAttribute, setText } from "./dom";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const KEY = "lambdameter-theme";

// A page that was opened from disk may have no storage: then a reload forgets the choice.
function stored(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto";
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // As above.
  }
}

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

export const isDark = (): boolean => {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme !== "light" && systemIsDark.matches);
};

/** `changed` is called after every change of the colours. */
export function setUpThemeButton(button: HTMLElement, changed: () => void): void {
  let theme = stored();
  const apply = (): void => {
    setAttribute(document.documentElement, "data-theme", theme);
    setText(button, `Theme: ${theme}`);
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
    store(theme);
    apply();
    changed();
  });
  systemIsDark.addEventListener("change", changed);
  apply();
}
