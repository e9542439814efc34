// Each lane's identity: one colour (in style.css) and one shape, and never the colour alone.

import { svg } from "./dom";

const SHAPES = ["circle", "diamond", "square", "triangle"] as const;
export type Shape = (typeof SHAPES)[number];

export const shapeOf = (index: number): Shape => SHAPES[index % SHAPES.length] ?? "circle";

/** The class that sets --lane: by name where one is known, else by place. */
export function laneClass(name: string, index: number): string {
  return name === "python" || name === "rust" ? `lane-${name}` : `lane-${index % 4}`;
}

/** Within a square from -1 to 1. */
export function outline(shape: Shape): [number, number][] | null {
  switch (shape) {
    case "circle":
      return null;
    case "diamond":
      return [
        [0, -1.15],
        [1.15, 0],
        [0, 1.15],
        [-1.15, 0],
      ];
    case "square":
      return [
        [-0.9, -0.9],
        [0.9, -0.9],
        [0.9, 0.9],
        [-0.9, 0.9],
      ];
    case "triangle":
      return [
        [0, -1.1],
        [1.05, 0.85],
        [-1.05, 0.85],
      ];
  }
}

/** A mark around (x, y) in an SVG. */
export function mark(
  shape: Shape,
  x: number,
  y: number,
  radius: number,
  className: string,
): SVGElement {
  const corners = outline(shape);
  if (!corners) {
    return svg("circle", { cx: String(x), cy: String(y), r: String(radius), class: className });
  }
  const points = corners.map(([dx, dy]) => `${x + dx * radius},${y + dy * radius}`).join(" ");
  return svg("polygon", { points, class: className });
}

/** The mark that stands before a lane's name. */
export function emblem(shape: Shape): SVGElement {
  const drawn = svg("svg", { viewBox: "-8 -8 16 16", class: "emblem", "aria-hidden": "true" });
  drawn.append(mark(shape, 0, 0, 5.5, "full"));
  return drawn;
}
