// Statistics for the chart of repeated races.

/** The middle value, or the mean of the two middle values; null without values. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const above = sorted[Math.floor(half)];
  const below = sorted[Math.ceil(half) - 1];
  return above === undefined || below === undefined ? null : (above + below) / 2;
}

/** The ticks of an axis from zero to at least `largest`, in steps of 1, 2 or 5 times a power of 10. */
export function ticks(largest: number, wanted: number): number[] {
  if (!(largest > 0)) return [0];
  const rough = largest / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((lead) => lead * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(largest / step - 1e-9) + 1 }, (_, index) => index * step);
}

/**
 * Stacks dots that would cover each other: for each value in order, the lowest level on which no
 * earlier dot is closer than `width`.
 */
export function stack(values: readonly number[], width: number): number[] {
  const placed: { value: number; level: number }[] = [];
  return values.map((value) => {
    const near = placed.filter((other) => Math.abs(other.value - value) < width);
    const taken = new Set(near.map((other) => other.level));
    let level = 0;
    while (taken.has(level)) level += 1;
    placed.push({ value, level });
    return level;
  });
}
