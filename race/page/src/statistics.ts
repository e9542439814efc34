// What the distribution of repeated races needs, and no more.

/** The middle value, or the mean of the two in the middle; null of nothing. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const above = sorted[Math.floor(half)];
  const below = sorted[Math.ceil(half) - 1];
  return above === undefined || below === undefined ? null : (above + below) / 2;
}

/** Round steps of 1, 2 or 5 times a power of ten from zero to at least `largest`. */
export function ticks(largest: number, wanted: number): number[] {
  if (!(largest > 0)) return [0];
  const rough = largest / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((lead) => lead * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(largest / step - 1e-9) + 1 }, (_, index) => index * step);
}

/**
 * Dots that would cover each other are stacked: for each value, in the given order, the lowest
 * level on which no earlier dot is nearer than `width`.
 */
export function stack(values: readonly number[], width: number): number[] {
  const placed: { value: number; level: number }[] = [];
  return values.map((value) => {
    const near = placed.filter((other) => Math.abs(other.value - value) < width);
    const taken = new Set(near.map(({ level }) => level));
    let level = 0;
    while (taken.has(level)) level += 1;
    placed.push({ value, level });
    return level;
  });
}
