// Sorting, filtering and paging of a table, kept in the page's address: it can be sent to someone,
// and going back finds the table as it was left.
import { useCallback } from 'react';
import { useSearchParams } from 'react-router';
import type { Direction } from '../lib/order';

export type Sort = { column: string; direction: Direction };

export const PAGE_SIZES = [10, 20, 50, 100] as const;
const PAGE_SIZE = 50;

function parseSort(text: string | null): Sort | null {
  if (!text) return null;
  return text.startsWith('-')
    ? { column: text.slice(1), direction: 'desc' }
    : { column: text, direction: 'asc' };
}

function formatSort({ column, direction }: Sort): string {
  return direction === 'desc' ? `-${column}` : column;
}

function wholeNumber(text: string | null, fallback: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : fallback;
}

export function useTableState(defaultSort: Sort, columns: readonly string[]) {
  const [params, setParams] = useSearchParams();

  const change = useCallback(
    (changes: Record<string, string | null>) => {
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [key, value] of Object.entries(changes)) {
            if (value === null) after.delete(key);
            else after.set(key, value);
          }
          return after;
        },
        { replace: true },
      );
    },
    [setParams],
  );

  const given = parseSort(params.get('sort'));
  const sort = given && columns.includes(given.column) ? given : defaultSort;
  const limit = wholeNumber(params.get('limit'), PAGE_SIZE);
  return {
    sort,
    /** Whether the reader chose the order. */
    isSorted: given !== null,
    text: params.get('text') ?? '',
    offset: wholeNumber(params.get('offset'), 0),
    limit: (PAGE_SIZES as readonly number[]).includes(limit) ? limit : PAGE_SIZE,
    params,
    change,
    // Any other choice of rows or order begins on the first page.
    setSort: (next: Sort) => change({ sort: formatSort(next), offset: null }),
    setText: (text: string) => change({ text: text || null, offset: null }),
    setOffset: (offset: number) => change({ offset: offset > 0 ? String(offset) : null }),
    setLimit: (size: number) =>
      change({ limit: size === PAGE_SIZE ? null : String(size), offset: null }),
  };
}

export type TableState = ReturnType<typeof useTableState>;
