/** Line charts: where things are drawn, and what they say to those who do not see them. */

import { amount } from "../format";
import type { Line, Plot } from "./types";

export interface Scale {
  from: number;
  to: number;
  ticks: number[];
  /** The same distance is the same factor. */
  isLogarithmic?: boolean;
}

/** A scale that holds all values and ends at round numbers. */
export function scale(values: readonly number[], mostTicks: number, fromZero = false): Scale {
  const isWhole = values.every(Number.isInteger);
  const least = Math.min(...values, ...(fromZero ? [0] : []));
  const most = Math.max(...values, ...(fromZero ? [0] : []));
  const [from, to] =
    least < most ? [least, most] : least === 0 ? [0, 1] : [Math.min(0, least), Math.max(0, most)];
  const step = roundStep((to - from) / Math.max(1, mostTicks - 1), isWhole);
  const [first, last] = [Math.floor(from / step + TINY), Math.ceil(to / step - TINY)];
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => rounded((first + index) * step));
  return { from: ticks[0]!, to: ticks.at(-1)!, ticks };
}

/** What sums of decimals are off by. */
const TINY = 1e-9;

function roundStep(rough: number, isWhole: boolean): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = [1, 2, 2.5, 5, 10].map((factor) => rounded(factor * power));
  const fits = (step: number): boolean => step >= rough * (1 - TINY) && (!isWhole || Number.isInteger(step));
  return steps.find(fits) ?? 1;
}

function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

/** From here on, places that grow by a factor would lie on top of one another. */
const WIDE = 30;
/** Two of the ticks that could be may be nearer than they would: so many of their distances. */
const NEAR = 0.4;

/** The scale of what was varied: by factors where it was varied by factors, and far. */
export function placeScale(places: readonly number[], mostTicks: number): Scale {
  const [first, last] = [places[0] ?? 0, places.at(-1) ?? 1];
  const steps = places.slice(1).map((place, index) => place - places[index]!);
  if (steps.length === 0) return scale(places, mostTicks);
  const grows = places.every((place, index) => index === 0 || place >= 1.5 * places[index - 1]!);
  if (first <= 0 || last < WIDE * first || !grows) {
    const isRoomy = Math.min(...steps) * mostTicks >= NEAR * (last - first);
    return isRoomy ? { from: first, to: last, ticks: [...places] } : scale(places, mostTicks);
  }
  const each = Math.ceil(places.length / Math.max(1, mostTicks));
  const ticks = places.filter((_, index) => index % each === 0);
  return { from: first, to: last, ticks, isLogarithmic: true };
}

/** Where a value is within a length. */
export function position({ from, to, isLogarithmic = false }: Scale, value: number, length: number): number {
  const of = isLogarithmic ? Math.log : Number;
  return ((of(value) - of(from)) / (of(to) - of(from))) * length;
}

/** Where, and how much. */
export type Point = readonly [x: number, y: number];

/** The points of a line that can be drawn. */
export function points({ points }: Line): Point[] {
  const pairs = points.map(([x = NaN, y = NaN]): Point => [x, y]);
  return pairs.filter((pair) => pair.every(Number.isFinite));
}

/** All places that any line has a point at, in order. */
export function places({ lines }: Plot): number[] {
  const all = new Set(lines.flatMap(points).map(([x]) => x));
  return [...all].sort((one, other) => one - other);
}

/** Which of some places is nearest, by its index. */
export function nearest(places: readonly number[], x: number): number {
  const distance = (index: number): number => Math.abs(places[index]! - x);
  return places.reduce((best, _, index) => (distance(index) < distance(best) ? index : best), 0);
}

/** The place that a key leads to; undefined where the key means nothing here. */
export function moved(key: string, index: number, count: number): number | undefined {
  const last = count - 1;
  const steps: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    PageDown: index - 10,
    PageUp: index + 10,
    Home: 0,
    End: last,
  };
  const next = steps[key];
  return next === undefined ? undefined : Math.min(last, Math.max(0, next));
}

/** What a line has at a place; null where it has no point there. */
export function valueAt(line: Line, x: number): number | null {
  return points(line).find(([place]) => place === x)?.[1] ?? null;
}

/** What all lines have at a place, in words. */
export function toldAt(plot: Plot, x: number): string {
  const values = plot.lines.flatMap((line) => {
    const value = valueAt(line, x);
    return value === null ? [] : [`${line.name} ${amount(value)}`];
  });
  return `${amount(x)} ${plot.x}: ${values.join(", ")}`;
}

/** The whole chart in words: where each line begins and ends. */
export function told(plot: Plot): string {
  const lines = plot.lines.flatMap((line) => toldLine(plot, line));
  return lines.length === 0 ? "No point was measured." : `${plot.y}, by ${plot.x}. ${lines.join(" ")}`;
}

function toldLine({ x }: Plot, line: Line): string[] {
  const known = points(line);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return [];
  const end = `${amount(last[1])} at ${amount(last[0])} ${x}.`;
  if (known.length === 1) return [`${line.name}: ${end}`];
  return [`${line.name}: from ${amount(first[1])} at ${amount(first[0])} to ${end}`];
}

/** What nobody has measured, but everybody would like to. */
export function isIdeal({ name }: Line): boolean {
  return /^ideal\b/i.test(name);
}
