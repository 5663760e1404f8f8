import { Button, Group, SegmentedControl } from '@mantine/core';
import { useCallback, useMemo } from 'react';

/** What the parts of a list that comes page by page share. */

interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
}

/** Asks for the next page of a list that is not a table; where there is none it is not there. */
export function More({ asked, children }: { asked: Paged; children: string }) {
  if (!asked.hasNextPage) return null;
  return (
    <Button
      variant="default"
      size="xs"
      loading={asked.isFetchingNextPage}
      onClick={() => void asked.fetchNextPage()}
      style={{ alignSelf: 'flex-start' }}
    >
      {children}
    </Button>
  );
}

/** All rows that have come so far, and what a table needs to ask for more. */
export function useRows<Page, Row>(
  asked: Paged & { data: { pages: Page[] } | undefined },
  rowsOf: (page: Page) => Row[],
): { rows: Row[]; hasMore: boolean; loadingMore: boolean; onMore: () => void } {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = asked;
  const rows = useMemo(() => data?.pages.flatMap(rowsOf) ?? [], [data, rowsOf]);
  const onMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  return { rows, hasMore: hasNextPage, loadingMore: isFetchingNextPage, onMore };
}

/** Which of two lists a page shows. */
export function Which<Value extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  label: string;
  choices: { value: Value; label: string }[];
  value: Value;
  onChange: (value: Value) => void;
}) {
  return (
    <Group>
      <SegmentedControl aria-label={label} data={choices} value={value} onChange={onChange} />
    </Group>
  );
}
