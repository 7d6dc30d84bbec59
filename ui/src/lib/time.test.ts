import { describe, expect, it } from 'vitest';
import { exactDate, exactTime, parseTime, relativeTime } from './time';

const now = new Date('2026-08-01T12:00:00Z');

describe('a time', () => {
  it.each([
    ['2026-08-01T11:59:30Z', 'just now'],
    ['2026-08-01T12:00:59Z', 'just now'],
    ['2026-08-01T11:59:00Z', '1 minute ago'],
    ['2026-08-01T10:00:01Z', '1 hour ago'],
    ['2026-07-22T12:00:00Z', '10 days ago'],
    ['2026-06-30T12:00:00Z', '1 month ago'],
    ['2024-07-01T12:00:00Z', '2 years ago'],
    ['2026-08-01T15:00:00Z', 'in 3 hours'],
  ])('%s is %s', (text, expected) => {
    expect(relativeTime(new Date(text), now)).toBe(expected);
  });

  it('is exact in UTC, whatever the zone of the reader or of the text', () => {
    expect(exactTime(new Date('2024-01-23T13:57:44+02:00'))).toBe('23 Jan 2024 11:57 UTC');
    expect(exactDate(new Date('2024-01-03T00:00:00Z'))).toBe('03 Jan 2024');
  });

  it.each([undefined, null, '', 'soon', '0001-01-01T00:00:00Z'])(
    'is unknown when it is %s',
    (text) => {
      expect(parseTime(text)).toBeNull();
    },
  );
});
