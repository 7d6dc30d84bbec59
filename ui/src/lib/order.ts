// Orders of rows. Each compares ascending; what is unknown comes last whichever way a table is
// sorted, so that it never hides what is known.
import { parseTime } from './time';

export type Compare<T> = (a: T, b: T) => number;
export type Direction = 'asc' | 'desc';

const COLLATOR = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function byText(a: string, b: string): number {
  return COLLATOR.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Sorts a copy: first by `compare` in `direction`, rows without a value last, then by `tie`. */
export function sorted<T, V>(
  rows: readonly T[],
  value: (row: T) => V | null | undefined,
  compare: Compare<V>,
  direction: Direction,
  tie: Compare<T>,
): T[] {
  const sign = direction === 'asc' ? 1 : -1;
  return [...rows].sort((a, b) => {
    const x = value(a);
    const y = value(b);
    const xKnown = x !== null && x !== undefined;
    const yKnown = y !== null && y !== undefined;
    if (xKnown !== yKnown) return xKnown ? -1 : 1;
    return (xKnown && yKnown && sign * compare(x, y)) || tie(a, b);
  });
}

export function byNumber(a: number, b: number): number {
  return a - b;
}

/** Lists of numbers, the first that differs decides. */
export function byNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference) return difference;
  }
  return 0;
}

/** A time as a number that sorts, or null. */
export function timeValue(text: string | undefined): number | null {
  return parseTime(text)?.getTime() ?? null;
}

type Version = { numbers: number[]; pre: string };

/** `4.18.3`, `4.19.0-rc.2`; null for what is no version. */
export function parseVersion(text: string | undefined): Version | null {
  const found = text?.match(/^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([\w.-]+))?/);
  if (!found) return null;
  return { numbers: [found[1], found[2] ?? '0', found[3] ?? '0'].map(Number), pre: found[4] ?? '' };
}

/** Semantic order: a pre-release comes before its release. */
export function byVersion(a: Version, b: Version): number {
  const numbers = byNumbers(a.numbers, b.numbers);
  if (numbers || a.pre === b.pre) return numbers;
  if (!a.pre || !b.pre) return a.pre ? -1 : 1;
  return byText(a.pre, b.pre);
}
