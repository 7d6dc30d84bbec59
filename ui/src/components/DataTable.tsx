// A table with what all our tables have: the reader's order, a filter by text, pages, rows that
// open, a shape to look at while it loads, and words for when there is nothing to show.
import {
  Bullseye,
  Pagination,
  SearchInput,
  Skeleton,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { ReactNode } from 'react';
import { Fragment, useState } from 'react';
import type { Compare, Direction } from '../lib/order';
import { sorted } from '../lib/order';
import { plural } from '../lib/words';
import { NoMatchState } from './States';
import type { TableState } from './tableState';
import { PAGE_SIZES } from './tableState';

export type Column<T> = {
  id: string;
  title: string;
  cell: (row: T) => ReactNode;
  sort: (rows: readonly T[], direction: Direction, tie: Compare<T>) => T[];
  /** The direction of the first click; numbers and times are mostly wanted from the top. */
  first?: Direction;
  width?: 10 | 15 | 20 | 25 | 30 | 35 | 40 | 45 | 50 | 60;
  /** Names and ids, which may be broken within a word. */
  isName?: boolean;
  /** Whether a row has a value; the column is left out when none has. */
  has?: (row: T) => boolean;
};

export function by<T, V>(
  value: (row: T) => V | null | undefined,
  compare: Compare<V>,
): Column<T>['sort'] {
  return (rows, direction, tie) => sorted(rows, value, compare, direction, tie);
}

type Props<T> = {
  /** What the rows are: "cluster", for words and for assistive technology. */
  noun: string;
  label: string;
  columns: Column<T>[];
  /** Undefined while they load. */
  rows: readonly T[] | undefined;
  rowKey: (row: T) => string;
  tie: Compare<T>;
  state: TableState;
  filterBy: (row: T) => string;
  filterLabel: string;
  /** Further filters: their controls, the rows that they let through, their part of the address. */
  filters?: ReactNode;
  isShown?: (row: T) => boolean;
  resetFilters?: Record<string, null>;
  expanded?: (row: T) => ReactNode;
  openAtFirst?: string | undefined;
  /** All rows on one page, with a count instead of pages. */
  onePage?: boolean;
  /** Shown instead of the table when there are no rows at all. */
  empty: ReactNode;
  /** Shown when the filters let none through and it is not the reader who chose them. */
  noMatch?: ReactNode;
};

const SKELETON_ROWS = 5;

function matches(text: string, filter: string): boolean {
  return text.toLowerCase().includes(filter.trim().toLowerCase());
}

export function DataTable<T>(props: Props<T>) {
  const { noun, rows, rowKey, state, expanded } = props;
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set());
  // The row that is open from the start, until the reader has opened or closed one.
  const [touched, setTouched] = useState(false);
  const isOpen = (key: string) => open.has(key) || (!touched && key === props.openAtFirst);

  if (rows && rows.length === 0) return props.empty;

  // The address may sort by a column that is left out: all its rows are equal then.
  const column = props.columns.find((x) => x.id === state.sort.column)!;
  const columns = props.columns.filter(({ has }) => !rows || !has || rows.some(has));
  const matching = (rows ?? []).filter(
    (x) => matches(props.filterBy(x), state.text) && (props.isShown?.(x) ?? true),
  );
  const ordered = column.sort(matching, state.sort.direction, props.tie);
  // A list that shrank while the reader was on its last page shows its last page.
  const lastOffset = Math.floor(Math.max(ordered.length - 1, 0) / state.limit) * state.limit;
  const offset = Math.min(Math.floor(state.offset / state.limit) * state.limit, lastOffset);
  const shown = props.onePage ? ordered : ordered.slice(offset, offset + state.limit);
  const keys = shown.map(rowKey);
  const allOpen = keys.length > 0 && keys.every(isOpen);

  const toggle = (changed: string[], value: boolean) => {
    const next = new Set(keys.filter(isOpen));
    open.forEach((x) => next.add(x));
    changed.forEach((x) => (value ? next.add(x) : next.delete(x)));
    setTouched(true);
    setOpen(next);
  };

  const reset = () => state.change({ text: null, offset: null, ...props.resetFilters });

  const pagination = (variant: 'top' | 'bottom') => (
    <Pagination
      variant={variant}
      isCompact={variant === 'top'}
      itemCount={ordered.length}
      perPage={state.limit}
      page={offset / state.limit + 1}
      perPageOptions={PAGE_SIZES.map((value) => ({ title: String(value), value }))}
      onSetPage={(_, page) => state.setOffset((page - 1) * state.limit)}
      onPerPageSelect={(_, size) => state.setLimit(size)}
      titles={{ paginationAriaLabel: `${props.label}, pages, ${variant}` }}
    />
  );

  const span = columns.length + (expanded ? 1 : 0);
  return (
    <>
      <Toolbar
        clearAllFilters={reset}
        clearFiltersButtonText="Reset filters"
        numberOfFiltersText={(count) => `${plural(count, 'filter')} applied`}
      >
        <ToolbarContent>
          <ToolbarItem>
            <SearchInput
              aria-label={props.filterLabel}
              placeholder={props.filterLabel}
              value={state.text}
              onChange={(_, value) => state.setText(value)}
              onClear={() => state.setText('')}
            />
          </ToolbarItem>
          {props.filters}
          {rows && (
            <ToolbarItem
              variant={props.onePage ? undefined : 'pagination'}
              align={{ default: 'alignEnd' }}
            >
              {props.onePage ? plural(ordered.length, noun) : pagination('top')}
            </ToolbarItem>
          )}
        </ToolbarContent>
      </Toolbar>
      <Table
        aria-label={props.label}
        variant="compact"
        className="insightd-table"
        isExpandable={Boolean(expanded)}
      >
        <Thead>
          <Tr>
            {expanded && rows && (
              <Th
                screenReaderText="Row expansion"
                expand={{
                  areAllExpanded: !allOpen,
                  collapseAllAriaLabel: allOpen ? 'Collapse all' : 'Expand all',
                  onToggle: () => toggle(keys, !allOpen),
                }}
              />
            )}
            {expanded && !rows && <Th screenReaderText="Row expansion" />}
            {columns.map(({ id, title, first, width }, index) => (
              <Th
                key={id}
                {...(width ? { width } : {})}
                modifier="nowrap"
                sort={{
                  columnIndex: index,
                  sortBy: {
                    ...(columns.includes(column) ? { index: columns.indexOf(column) } : {}),
                    direction: state.sort.direction,
                    defaultDirection: first ?? 'asc',
                  },
                  onSort: (_, __, direction) => state.setSort({ column: id, direction }),
                }}
              >
                {title}
              </Th>
            ))}
          </Tr>
        </Thead>
        {!rows && (
          <Tbody>
            {Array.from({ length: SKELETON_ROWS }, (_, i) => (
              <Tr key={i}>
                {expanded && <Td />}
                {columns.map(({ id, title }, j) => (
                  <Td key={id} dataLabel={title}>
                    <Skeleton {...(i + j === 0 ? { screenreaderText: `Loading ${noun}s` } : {})} />
                  </Td>
                ))}
              </Tr>
            ))}
          </Tbody>
        )}
        {rows && shown.length === 0 && (
          <Tbody>
            <Tr>
              <Td colSpan={span}>
                <Bullseye>
                  {props.noMatch ?? <NoMatchState what={`${noun}s`} reset={reset} />}
                </Bullseye>
              </Td>
            </Tr>
          </Tbody>
        )}
        {expanded
          ? shown.map((row, rowIndex) => {
              const key = rowKey(row);
              return (
                <Tbody key={key} isExpanded={isOpen(key)}>
                  <Tr isContentExpanded={isOpen(key)}>
                    <Td
                      expand={{
                        rowIndex,
                        isExpanded: isOpen(key),
                        onToggle: (_, __, value) => toggle([key], value),
                        expandId: `${noun}-toggle`,
                      }}
                    />
                    <Cells columns={columns} row={row} />
                  </Tr>
                  {isOpen(key) && (
                    <Tr isExpanded>
                      <Td colSpan={span}>
                        <ExpandableRowContent>{expanded(row)}</ExpandableRowContent>
                      </Td>
                    </Tr>
                  )}
                </Tbody>
              );
            })
          : shown.length > 0 && (
              <Tbody>
                {shown.map((row) => (
                  <Tr key={rowKey(row)}>
                    <Cells columns={columns} row={row} />
                  </Tr>
                ))}
              </Tbody>
            )}
      </Table>
      {!props.onePage && ordered.length > state.limit && pagination('bottom')}
    </>
  );
}

function Cells<T>({ columns, row }: { columns: Column<T>[]; row: T }) {
  return (
    <Fragment>
      {columns.map(({ id, title, cell, isName }) => (
        <Td key={id} dataLabel={title} {...(isName ? { className: 'insightd-break' } : {})}>
          {cell(row)}
        </Td>
      ))}
    </Fragment>
  );
}
