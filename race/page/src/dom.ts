// Elements: created, and changed only if something is different.

type Attributes = Record<string, string | boolean>;

/** An element with attributes; false omits an attribute, true makes it empty. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children);
  return element;
}

export function svg(
  tag: string,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children);
  return element;
}

/** Text whose parts between backticks are code. */
export const withCode = (text: string): (Node | string)[] =>
  text.split("`").map((part, index) => (index % 2 === 1 ? h("code", {}, part) : part));

/** A table whose first cell of each row is a header; a row's class colours its lane. */
export function table(
  heads: readonly (Node | string)[],
  rows: readonly { class?: string; cells: readonly (Node | string)[] }[],
): HTMLTableElement {
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    h(
      "tbody",
      {},
      ...rows.map(({ class: className = false, cells }) =>
        h("tr", { class: className }, ...cells.map(toCell)),
      ),
    ),
  );
}
const toCell = (cell: Node | string): Node =>
  cell instanceof HTMLTableCellElement ? cell : h("td", {}, cell);

/** A table may be wider than a small screen; then it scrolls, also by keyboard. */
export const scrollable = (label: string, ...children: Node[]): HTMLElement =>
  h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, ...children);

export function setAttribute(element: Element, name: string, value: string | boolean): void {
  if (value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const wanted = value === true ? "" : value;
  if (element.getAttribute(name) !== wanted) element.setAttribute(name, wanted);
}

export function setText(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

/** By the object model: a policy without 'unsafe-inline' forbids style attributes. */
export function setStyle(element: HTMLElement | SVGElement, name: string, value: string): void {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

/** Shows or hides an element; if it has the focus, `successor` gets the focus. */
export function setShown(element: HTMLElement, shown: boolean, successor?: HTMLElement): void {
  if (!shown && successor && element.contains(document.activeElement)) successor.focus();
  if (element.hidden === shown) element.hidden = !shown;
}

/** A button that can do nothing now keeps its focus, unlike a disabled one. */
export function setEnabled(element: HTMLElement, enabled: boolean): void {
  setAttribute(element, "aria-disabled", enabled ? false : "true");
}

/** A button that ignores clicks while it is not enabled. */
export function button(
  label: string,
  id: string,
  clicked: () => void,
  className: string | false = false,
): HTMLButtonElement {
  const element = h("button", { type: "button", id, class: className }, label);
  element.addEventListener("click", () => {
    if (element.getAttribute("aria-disabled") !== "true") clicked();
  });
  return element;
}

export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element ${id}`);
  return element as Kind;
}

type Key = string | readonly unknown[];
const isSame = (a: Key | undefined, b: Key): boolean =>
  a === b ||
  (Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((part, index) => Object.is(part, b[index])));

/** Replaces the children, but only if `key` or a part of it is different from last time. */
export function renderOnChange(element: Element, key: Key, make: () => (Node | string)[]): void {
  const keyed = element as Element & { lambdameterKey?: Key };
  if (isSame(keyed.lambdameterKey, key)) return;
  keyed.lambdameterKey = key;
  element.replaceChildren(...make());
}
