import { Checkbox, Text } from '@mantine/core';
import { useMemo } from 'react';
import { type SortColumn } from '../../api/queries.ts';
import type { Mirror } from '../../api/types.ts';
import { StatusBadge } from '../../parts/badges.tsx';
import { type Column } from '../../parts/data-table.tsx';
import { MirrorLink } from '../../parts/mirror-link.tsx';
import { Ago } from '../../parts/time.tsx';
import { countOf, isChosen, NONE, some, type Chosen } from './chosen.ts';
import { bytesWords, errorWords } from '../../words.ts';

export function useColumns({
  rows,
  chosen,
  setChosen,
  canChoose,
}: {
  rows: Mirror[];
  chosen: Chosen;
  setChosen: (chosen: Chosen) => void;
  canChoose: boolean;
}): Column<Mirror, SortColumn>[] {
  return useMemo(() => {
    // What is taken away from everything leaves what is loaded: of the others nobody sees whether they are meant.
    const choose = ({ mirrorId }: Mirror) => {
      const wants = !isChosen(chosen, mirrorId);
      setChosen(some(rows.filter((row) => (row.mirrorId === mirrorId ? wants : isChosen(chosen, row.mirrorId)))));
    };
    const count = countOf(chosen);
    const isAll = rows.length > 0 && count >= rows.length;
    const choice: Column<Mirror, SortColumn> = {
      id: 'choice',
      header: 'Chosen',
      width: 40,
      headerCell: (
        <Checkbox
          size="xs"
          aria-label="Choose all that are loaded"
          checked={isAll}
          indeterminate={count > 0 && !isAll}
          onChange={() => setChosen(isAll ? NONE : some(rows))}
        />
      ),
      cell: (mirror) => (
        <Checkbox
          size="xs"
          aria-label={`Choose ${mirror.fullName}`}
          checked={isChosen(chosen, mirror.mirrorId)}
          onChange={() => choose(mirror)}
        />
      ),
    };
    const shown: Column<Mirror, SortColumn>[] = [
      {
        id: 'name',
        header: 'Repository',
        sort: 'name',
        cell: (mirror) => (
          <>
            <MirrorLink {...mirror} />
            {mirror.errorKind !== null && (mirror.status === 'failed' || mirror.status === 'permanent_failure') ? (
              <Text size="xs" c="dimmed" lineClamp={1}>
                {errorWords(mirror.errorKind)}
              </Text>
            ) : (
              mirror.description !== null && (
                <Text size="xs" c="dimmed" lineClamp={1} visibleFrom="sm">
                  {mirror.description}
                </Text>
              )
            )}
          </>
        ),
      },
      { id: 'status', header: 'Status', width: 150, cell: ({ status }) => <StatusBadge status={status} /> },
      { id: 'language', header: 'Language', from: 'lg', width: 120, cell: ({ language }) => language ?? '–' },
      {
        id: 'stars',
        header: 'Stars',
        sort: 'stars',
        from: 'lg',
        align: 'right',
        width: 90,
        cell: ({ stars }) => stars.toLocaleString('en'),
      },
      {
        id: 'bytes',
        header: 'Size',
        sort: 'bytes',
        from: 'md',
        align: 'right',
        width: 90,
        cell: ({ bytes }) => (bytes === 0 ? '–' : bytesWords(bytes)),
      },
      {
        id: 'pushedAt',
        header: 'Pushed',
        sort: 'pushedAt',
        from: 'md',
        width: 130,
        cell: ({ pushedAt }) => <Ago at={pushedAt} none="–" />,
      },
      {
        id: 'lastSyncedAt',
        header: 'Synced',
        sort: 'lastSyncedAt',
        from: 'sm',
        width: 130,
        cell: ({ lastSyncedAt }) => <Ago at={lastSyncedAt} />,
      },
    ];
    return canChoose ? [choice, ...shown] : shown;
  }, [rows, chosen, setChosen, canChoose]);
}
