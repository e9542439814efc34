// Elements, made and changed only where something changed.

type Attributes = Record<string, string | boolean>;

/** An element with attributes; false leaves one out, true makes it empty. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) attribute(element, name, value);
  element.append(...children);
  return element;
}

export function svg(tag: string, attributes: Attributes = {}, ...children: Node[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) attribute(element, name, value);
  element.append(...children);
  return element;
}

export function attribute(element: Element, name: string, value: string | boolean): void {
  if (value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const wanted = value === true ? "" : value;
  if (element.getAttribute(name) !== wanted) element.setAttribute(name, wanted);
}

export function text(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

/** Through the object model: a policy without 'unsafe-inline' forbids style attributes. */
export function style(element: HTMLElement | SVGElement, name: string, value: string): void {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

/** Shows or hides; `instead` gets the focus before what has it is hidden. */
export function show(element: HTMLElement, shown: boolean, instead?: HTMLElement): void {
  if (!shown && instead && element.contains(document.activeElement)) instead.focus();
  if (element.hidden === shown) element.hidden = !shown;
}

/** A button that does nothing now keeps its focus, unlike a disabled one. */
export function able(button: HTMLElement, can: boolean): void {
  attribute(button, "aria-disabled", can ? false : "true");
}

export const isAble = (button: HTMLElement): boolean =>
  button.getAttribute("aria-disabled") !== "true";

export function find<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element ${id}`);
  return element as Kind;
}

type Key = string | readonly unknown[];
const same = (a: Key | undefined, b: Key): boolean =>
  a === b ||
  (Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((part, place) => Object.is(part, b[place])));

/** Children are made anew only when `key`, or a part of it, is another than last time. */
export function renew(element: Element, key: Key, make: () => (Node | string)[]): void {
  const keyed = element as Element & { lambdameterKey?: Key };
  if (same(keyed.lambdameterKey, key)) return;
  keyed.lambdameterKey = key;
  element.replaceChildren(...make());
}
