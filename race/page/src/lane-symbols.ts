// What marks a lane: a colour (in the style sheet) and a shape, never only a colour.

import { svg } from "./dom";

const SHAPES = ["circle", "diamond", "square", "triangle"] as const;
export type Shape = (typeof SHAPES)[number];

export const shapeOf = (index: number): Shape => SHAPES[index % SHAPES.length] ?? "circle";

/** The class that sets the colour --lane. */
export function laneClass(name: string, index: number): string {
  return name === "python" || name === "rust" ? `lane-${name}` : `lane-${index % 4}`;
}

const CORNERS: Record<Shape, readonly (readonly [number, number])[] | null> = {
  circle: null,
  diamond: [
    [0, -1.15],
    [1.15, 0],
    [0, 1.15],
    [-1.15, 0],
  ],
  square: [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  triangle: [
    [0, -1.1],
    [1.05, 0.85],
    [-1.05, 0.85],
  ],
};

/** The corners in a square from -1 to 1; null for a circle. */
export const cornersOf = (shape: Shape): readonly (readonly [number, number])[] | null =>
  CORNERS[shape];

/** A mark around (x, y) in an SVG. */
export function mark(
  shape: Shape,
  x: number,
  y: number,
  radius: number,
  className: string,
): SVGElement {
  const corners = cornersOf(shape);
  if (!corners) {
    return svg("circle", { cx: String(x), cy: String(y), r: String(radius), class: className });
  }
  const points = corners.map(([dx, dy]) => `${x + dx * radius},${y + dy * radius}`).join(" ");
  return svg("polygon", { points, class: className });
}

/** The symbol before a lane's name. */
export const symbol = (index: number): SVGElement =>
  svg(
    "svg",
    { viewBox: "-8 -8 16 16", class: "symbol", "aria-hidden": "true" },
    mark(shapeOf(index), 0, 0, 5.5, "filled"),
  );
