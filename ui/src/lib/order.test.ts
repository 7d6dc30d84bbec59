import { describe, expect, it } from 'vitest';
import { byNumber, byNumbers, byText, byVersion, parseVersion, sorted } from './order';

describe('versions', () => {
  it('sort by their numbers, a candidate before its release', () => {
    const texts = ['4.9.0', '4.18.3', '4.18.3-rc.10', '4.18.3-rc.2', '4.18'];
    const order = sorted(texts, parseVersion, byVersion, 'asc', byText);
    expect(order).toEqual(['4.9.0', '4.18', '4.18.3-rc.2', '4.18.3-rc.10', '4.18.3']);
  });

  it.each([undefined, '', 'unknown'])('are unknown when they are %s', (text) => {
    expect(parseVersion(text)).toBeNull();
  });
});

describe('rows', () => {
  const rows = [
    { name: 'b', n: 1 },
    { name: 'a', n: 1 },
    { name: 'c', n: undefined },
    { name: 'd', n: 2 },
  ];
  const names = (direction: 'asc' | 'desc') =>
    sorted(
      rows,
      (x) => x.n,
      byNumber,
      direction,
      (a, b) => byText(a.name, b.name),
    )
      .map((x) => x.name)
      .join('');

  it('with equal values keep the order of their names in both directions', () => {
    expect(names('asc')).toBe('abdc');
    expect(names('desc')).toBe('dabc');
  });

  it('without a value come last in both directions', () => {
    expect(names('asc').at(-1)).toBe('c');
    expect(names('desc').at(-1)).toBe('c');
  });

  it('are not sorted in place', () => {
    names('asc');
    expect(rows[0]?.name).toBe('b');
  });
});

describe('lists of numbers', () => {
  it('are told apart by the first that differs', () => {
    expect(byNumbers([0, 2, 0], [0, 1, 9])).toBeGreaterThan(0);
    expect(byNumbers([1], [1, 0])).toBe(0);
  });
});

describe('names', () => {
  it('sort as people count', () => {
    expect(['n10', 'n9', 'N1'].sort(byText)).toEqual(['N1', 'n9', 'n10']);
  });
});
