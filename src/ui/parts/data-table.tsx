import { Box, Group, Loader, Text, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowsSort, IconArrowUp } from '@tabler/icons-react';
import { createColumnHelper, tableFeatures, useTable, type RowData } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, type ReactNode } from 'react';
import classes from './data-table.module.css';

export interface Column<Row, Sort extends string = string> {
  id: string;
  header: string;
  /** What stands in the head, where that is not the text. */
  headerCell?: ReactNode;
  cell: (row: Row) => ReactNode;
  /** What the api calls the order by this column. */
  sort?: Sort;
  /** The width of a window from which there is room for it. */
  from?: 'sm' | 'md' | 'lg';
  align?: 'right';
  width?: number | string;
}

/** With a minus in front: the greatest first. */
type Order<Sort extends string> = Sort | `-${Sort}`;

interface DataTableProps<Row, Sort extends string> {
  /** What the table is of, for who cannot see it. */
  label: string;
  columns: Column<Row, Sort>[];
  rows: Row[];
  rowId: (row: Row) => string;
  /** How many there are, loaded or not. */
  total?: number | undefined;
  hasMore?: boolean;
  loadingMore?: boolean;
  onMore?: () => void;
  /** By which column it is in order now. */
  sort?: Order<Sort> | undefined;
  onSort?: (sort: Order<Sort>) => void;
  onOpen?: (row: Row) => void;
  height?: string;
}

const features = tableFeatures({});

/** So many rows before the end the next page is asked for. */
const AHEAD = 60;

const ROW_HEIGHT = 45;

/** A table of any length: only what is in view is drawn, and more is asked for as one scrolls. It stays a table for a screen reader. */
export function DataTable<Row extends RowData, Sort extends string = string>(props: DataTableProps<Row, Sort>) {
  const {
    label,
    columns,
    rows,
    rowId,
    total,
    hasMore = false,
    loadingMore = false,
    onMore,
    sort,
    onSort,
    onOpen,
  } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const known = useMemo(() => {
    const helper = createColumnHelper<typeof features, Row>();
    return columns.map(({ id, header, cell }) =>
      helper.display({ id, header, cell: (context) => cell(context.row.original as Row) }),
    );
  }, [columns]);
  const table = useTable({ features, columns: known, data: rows, getRowId: rowId });
  const all = table.getRowModel().rows;
  const virtualizer = useVirtualizer({
    count: all.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => all[index]?.id ?? index,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0);
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !loadingMore && last >= all.length - AHEAD) onMore?.();
  }, [hasMore, loadingMore, last, all.length, onMore]);

  return (
    <Box>
      <div
        ref={scroller}
        className={classes['scroller']}
        style={{ maxHeight: `max(12rem, ${props.height ?? 'calc(100dvh - 17rem)'})` }}
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        <table className={classes['table']} aria-rowcount={total ?? (hasMore ? -1 : all.length + 1)}>
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id}>
                {group.headers.map((header, place) => {
                  const column = columns[place];
                  return column && <Head key={header.id} column={column} sort={sort} onSort={onSort} />;
                })}
              </tr>
            ))}
          </thead>
          <tbody>
            {first > 0 && <Spacer height={first} columns={columns.length} />}
            {items.map((item) => {
              const row = all[item.index];
              if (!row) return null;
              return (
                <tr
                  key={row.id}
                  data-index={item.index}
                  aria-rowindex={item.index + 2}
                  ref={virtualizer.measureElement}
                  className={onOpen ? classes['open'] : undefined}
                  onClick={(event) => {
                    const isControl = (event.target as Element).closest('a, button, input, label');
                    if (!isControl && !window.getSelection()?.toString()) onOpen?.(row.original as Row);
                  }}
                >
                  {row.getAllCells().map((cell, place) => (
                    <td key={cell.id} className={classFor(columns[place])}>
                      <table.FlexRender cell={cell} />
                    </td>
                  ))}
                </tr>
              );
            })}
            {after > 0 && <Spacer height={after} columns={columns.length} />}
          </tbody>
        </table>
      </div>
      <Group justify="space-between" mt={6} mih={22}>
        <Text size="xs" c="dimmed" role="status">
          {countWords(all.length, total, hasMore)}
        </Text>
        {loadingMore && <Loader size={14} aria-label="Loading more" />}
      </Group>
    </Box>
  );
}

function Head<Row, Sort extends string>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row, Sort>;
  sort: Order<Sort> | undefined;
  onSort: ((sort: Order<Sort>) => void) | undefined;
}) {
  const { header, headerCell, sort: name, width } = column;
  const direction = name === undefined ? null : sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : null;
  const style = width === undefined ? {} : { width };
  return (
    <th scope="col" className={classFor(column)} style={style} aria-sort={direction ?? undefined}>
      {name === undefined || !onSort ? (
        (headerCell ?? header)
      ) : (
        <UnstyledButton
          className={classes['sort']}
          onClick={() =>
            onSort(direction === 'ascending' ? `-${name}` : direction === 'descending' ? name : firstOrder(name))
          }
        >
          {header}
          {direction === 'ascending' ? (
            <IconArrowUp size={14} aria-hidden />
          ) : direction === 'descending' ? (
            <IconArrowDown size={14} aria-hidden />
          ) : (
            <IconArrowsSort size={14} aria-hidden className={classes['unsorted']} />
          )}
        </UnstyledButton>
      )}
    </th>
  );
}

/** Names from A on, everything else from the greatest on. */
function firstOrder<Sort extends string>(name: Sort): Order<Sort> {
  return name === 'name' ? name : `-${name}`;
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  return (
    <tr aria-hidden className={classes['spacer']}>
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  );
}

function classFor<Row, Sort extends string>(column: Column<Row, Sort> | undefined): string {
  const { from, align } = column ?? {};
  return [from && classes[`from-${from}`], align && classes[align]].filter(Boolean).join(' ');
}

function countWords(loaded: number, total: number | undefined, hasMore: boolean): string {
  const number = (count: number) => count.toLocaleString('en');
  if (total !== undefined && total > loaded) return `${number(loaded)} of ${number(total)}; more come as you scroll`;
  if (hasMore) return `${number(loaded)} so far; more come as you scroll`;
  return loaded === 1 ? '1 in all' : `${number(loaded)} in all`;
}
