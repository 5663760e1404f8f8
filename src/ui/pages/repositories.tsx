import {
  ActionIcon,
  Button,
  Checkbox,
  CloseButton,
  Group,
  MultiSelect,
  Paper,
  Select,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import {
  IconDownload,
  IconFilterOff,
  IconFolders,
  IconPlayerPause,
  IconRefresh,
  IconSearch,
  IconShieldCheck,
} from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { api, ask, download } from '../api/client.ts';
import { facetsQuery, mirrorsQuery, queryFrom, type MirrorFilters, type SortColumn } from '../api/queries.ts';
import type { Mirror } from '../api/types.ts';
import { decide, useAction, useMay } from '../parts/actions.ts';
import { AddRepository } from '../parts/add-repository.tsx';
import { StatusBadge } from '../parts/badges.tsx';
import { DataTable, type Column } from '../parts/data-table.tsx';
import { MirrorLink } from '../parts/mirror-link.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';
import { PAGE_SEARCH } from '../shell/shortcuts.ts';
import { bytesWords, errorWords, plural, STATUS_WORDS, STATUSES } from '../words.ts';

const route = getRouteApi('/repositories');

const SIZES = [
  { value: '-10000000', label: 'Less than 10 MB' },
  { value: '10000000-100000000', label: '10 to 100 MB' },
  { value: '100000000-1000000000', label: '100 MB to 1 GB' },
  { value: '1000000000-', label: 'More than 1 GB' },
];

const SHOWN_IN_LIST = 1_000;

export function Repositories() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (changes: Partial<MirrorFilters>) =>
      void navigate({ search: (before) => ({ ...before, ...changes }), replace: true }),
    [navigate],
  );
  const asked = useInfiniteQuery({ ...mirrorsQuery(filters), placeholderData: keepPreviousData });
  const rows = useMemo(() => asked.data?.pages.flatMap((page) => page.mirrors) ?? [], [asked.data]);
  const total = asked.data?.pages[0]?.total;
  const [chosen, setChosen] = useState<ReadonlyMap<string, Mirror>>(new Map());
  const may = useMay();
  const filterKey = JSON.stringify(filters);
  useEffect(() => setChosen(new Map()), [filterKey]);

  const columns = useColumns({ rows, chosen, setChosen, canChoose: may('operate') });
  const { fetchNextPage } = asked;
  const onMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const isFiltered = Object.entries(filters).some(([name, value]) => name !== 'sort' && value !== undefined);

  return (
    <Page
      title="Repositories"
      about={
        total === undefined
          ? undefined
          : isFiltered
            ? `${plural(total, 'repository')} fit`
            : plural(total, 'repository')
      }
      actions={
        <>
          <Export filters={filters} />
          <AddRepository />
        </>
      }
    >
      <Filters filters={filters} change={change} isFiltered={isFiltered} />
      {chosen.size > 0 && <Bulk chosen={[...chosen.values()]} onDone={() => setChosen(new Map())} />}
      <Shown asked={asked} what="The repositories" lines={10}>
        {() =>
          rows.length === 0 ? (
            <Empty
              title={isFiltered ? 'No repository fits' : 'Nothing is mirrored yet'}
              icon={<IconFolders size={24} />}
            >
              {isFiltered
                ? 'Search for less of the name, or take a filter away.'
                : 'Star a repository on GitHub, or add one by hand, and it appears here.'}
            </Empty>
          ) : (
            <DataTable
              label="Repositories"
              columns={columns}
              rows={rows}
              rowId={idOf}
              total={total}
              hasMore={asked.hasNextPage}
              loadingMore={asked.isFetchingNextPage}
              onMore={onMore}
              sort={filters.sort ?? 'name'}
              onSort={(sort) => change({ sort: sort === 'name' ? undefined : sort })}
              onOpen={({ mirrorId }) => void navigate({ to: '/repositories/$mirrorId', params: { mirrorId } })}
            />
          )
        }
      </Shown>
    </Page>
  );
}

function idOf({ mirrorId }: Mirror): string {
  return mirrorId;
}

function useColumns({
  rows,
  chosen,
  setChosen,
  canChoose,
}: {
  rows: Mirror[];
  chosen: ReadonlyMap<string, Mirror>;
  setChosen: (chosen: ReadonlyMap<string, Mirror>) => void;
  canChoose: boolean;
}): Column<Mirror, SortColumn>[] {
  return useMemo(() => {
    const choose = (mirror: Mirror) => {
      const next = new Map(chosen);
      if (!next.delete(mirror.mirrorId)) next.set(mirror.mirrorId, mirror);
      setChosen(next);
    };
    const isAll = rows.length > 0 && chosen.size >= Math.min(rows.length, SHOWN_IN_LIST);
    const choice: Column<Mirror, SortColumn> = {
      id: 'choice',
      header: 'Chosen',
      width: 40,
      headerCell: (
        <Checkbox
          size="xs"
          aria-label="Choose all that are loaded"
          checked={isAll}
          indeterminate={chosen.size > 0 && !isAll}
          onChange={() =>
            setChosen(isAll ? new Map() : new Map(rows.slice(0, SHOWN_IN_LIST).map((row) => [row.mirrorId, row])))
          }
        />
      ),
      cell: (mirror) => (
        <Checkbox
          size="xs"
          aria-label={`Choose ${mirror.fullName}`}
          checked={chosen.has(mirror.mirrorId)}
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
      { id: 'status', header: 'Status', width: 130, cell: ({ status }) => <StatusBadge status={status} /> },
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

function Filters({
  filters,
  change,
  isFiltered,
}: {
  filters: MirrorFilters;
  change: (changes: Partial<MirrorFilters>) => void;
  isFiltered: boolean;
}) {
  const facets = useQuery(facetsQuery);
  const [text, setText] = useState(filters.search ?? '');
  const search = useDebouncedCallback((value: string) => change({ search: value.trim() || undefined }), 250);
  useEffect(() => setText(filters.search ?? ''), [filters.search]);
  const options = (list: { value: string; count: number }[] | undefined, words = (value: string) => value) =>
    (list ?? []).map(({ value, count }) => ({ value, label: `${words(value)} (${count.toLocaleString('en')})` }));
  const size =
    filters.minBytes === undefined && filters.maxBytes === undefined
      ? null
      : `${filters.minBytes ?? ''}-${filters.maxBytes ?? ''}`;
  return (
    <Group gap="xs" align="flex-end">
      <TextInput
        id={PAGE_SEARCH}
        aria-label="Search by a part of the name"
        placeholder="Part of owner/name"
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          text !== '' && (
            <CloseButton
              size="sm"
              aria-label="Clear the search"
              onClick={() => {
                setText('');
                change({ search: undefined });
              }}
            />
          )
        }
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          search(event.currentTarget.value);
        }}
        flex="1 1 220px"
      />
      <MultiSelect
        aria-label="Status"
        placeholder={filters.status?.length ? undefined : 'Any status'}
        data={STATUSES.map((value) => ({ value, label: STATUS_WORDS[value].label }))}
        value={filters.status ?? []}
        onChange={(status) => change({ status: status.length > 0 ? status : undefined })}
        clearable
        hidePickedOptions
        clearButtonProps={{ 'aria-label': 'Any status' }}
        flex="0 1 210px"
      />
      <Select
        aria-label="Owner"
        placeholder="Any owner"
        data={options(facets.data?.owners)}
        value={filters.owner ?? null}
        onChange={(owner) => change({ owner: owner ?? undefined })}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Any owner' }}
        flex="0 1 160px"
      />
      <Select
        aria-label="Language"
        placeholder="Any language"
        data={options(facets.data?.languages)}
        value={filters.language ?? null}
        onChange={(language) => change({ language: language ?? undefined })}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Any language' }}
        flex="0 1 160px"
      />
      <Select
        aria-label="Why it fails"
        placeholder="Any failure"
        data={options(facets.data?.errorKinds, errorWords)}
        value={filters.errorKind ?? null}
        onChange={(errorKind) => change({ errorKind: errorKind ?? undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any failure' }}
        flex="0 1 180px"
      />
      <Select
        aria-label="Size"
        placeholder="Any size"
        data={SIZES}
        value={size}
        onChange={(value) => {
          const [min, max] = (value ?? '-').split('-');
          change({ minBytes: min ? Number(min) : undefined, maxBytes: max ? Number(max) : undefined });
        }}
        clearable
        clearButtonProps={{ 'aria-label': 'Any size' }}
        flex="0 1 160px"
      />
      {isFiltered && (
        <Tooltip label="Take all filters away">
          <ActionIcon
            variant="default"
            size={36}
            aria-label="Take all filters away"
            onClick={() =>
              change({
                search: undefined,
                status: undefined,
                owner: undefined,
                language: undefined,
                errorKind: undefined,
                minBytes: undefined,
                maxBytes: undefined,
                stale: undefined,
              })
            }
          >
            <IconFilterOff size={18} />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  );
}

function Export({ filters }: { filters: MirrorFilters }) {
  const save = useAction(
    () =>
      download(
        api.GET('/mirrors', {
          params: { query: queryFrom(filters) },
          headers: { accept: 'text/csv' },
          parseAs: 'blob',
        }),
        'starkeep-repositories.csv',
      ),
    'Everything that fits is in the file.',
  );
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconDownload size={15} aria-hidden />}
      loading={save.isPending}
      onClick={() => save.mutate()}
    >
      Export CSV
    </Button>
  );
}

/** What is done to many at once. */
function Bulk({ chosen, onDone }: { chosen: Mirror[]; onDone: () => void }) {
  const navigate = route.useNavigate();
  const what = plural(chosen.length, 'repository');
  const sync = useAction(
    () =>
      ask(
        api.POST('/batches', {
          body: { selection: { kind: 'mirrors', mirrorIds: chosen.map(({ mirrorId }) => mirrorId) } },
        }),
      ),
    `A batch syncs ${what}.`,
  );
  const pause = useAction(
    () => each(chosen, 'pause'),
    (done) => `${plural(done, 'repository')} paused.`,
  );
  const keep = useAction(
    () => each(chosen, 'keep'),
    (done) => `${plural(done, 'repository')} kept for ever.`,
  );
  return (
    <Paper withBorder p="xs" role="toolbar" aria-label="What to do with the chosen repositories">
      <Group gap="xs">
        <Text size="sm" fw={500} mr="auto">
          {what} chosen
        </Text>
        <Button
          size="xs"
          leftSection={<IconRefresh size={15} aria-hidden />}
          loading={sync.isPending}
          onClick={() =>
            sync.mutate(undefined, {
              onSuccess: ({ batch: { batchId } }) => void navigate({ to: '/batches/$batchId', params: { batchId } }),
            })
          }
        >
          Sync
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlayerPause size={15} aria-hidden />}
          loading={pause.isPending}
          onClick={() => pause.mutate(undefined, { onSuccess: onDone })}
        >
          Pause
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconShieldCheck size={15} aria-hidden />}
          loading={keep.isPending}
          onClick={() => keep.mutate(undefined, { onSuccess: onDone })}
        >
          Keep for ever
        </Button>
        <CloseButton aria-label="Choose none" onClick={onDone} />
      </Group>
    </Paper>
  );
}

/** One after the other; what cannot be done is told at the end. @returns how many were */
async function each(chosen: Mirror[], decision: 'pause' | 'keep'): Promise<number> {
  const refused: string[] = [];
  for (const { mirrorId, fullName } of chosen) {
    try {
      await decide(mirrorId, decision);
    } catch (error) {
      refused.push(`${fullName}: ${(error as Error).message}`);
    }
  }
  if (refused.length > 0) {
    notifications.show({
      title: `${plural(refused.length, 'repository')} left as they were`,
      message: refused.slice(0, 5).join('\n'),
      color: 'yellow',
      autoClose: 15_000,
      style: { whiteSpace: 'pre-line' },
    });
  }
  return chosen.length - refused.length;
}
