import { Button } from '@mantine/core';
import { IconDownload, IconFolders } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import { api, download } from '../../api/client.ts';
import { mirrorsQuery, queryFrom, type MirrorFilters } from '../../api/queries.ts';
import type { Mirror } from '../../api/types.ts';
import { useAction, useMay } from '../../parts/actions.ts';
import { AddRepository } from '../../parts/add-repository.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { useRows } from '../../parts/paging.tsx';
import { Empty, Shown } from '../../parts/states.tsx';
import { plural } from '../../words.ts';
import { countOf, NONE, type Chosen } from './chosen.ts';
import { useColumns } from './columns.tsx';
import { Filters } from './filters.tsx';
import { Bulk } from './bulk.tsx';

export const route = getRouteApi('/repositories');

export function Repositories() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (changes: Partial<MirrorFilters>) =>
      void navigate({ search: (before) => ({ ...before, ...changes }), replace: true }),
    [navigate],
  );
  const asked = useInfiniteQuery({ ...mirrorsQuery(filters), placeholderData: keepPreviousData });
  const { rows, ...more } = useRows(asked, mirrorsOf);
  const total = asked.data?.pages[0]?.total;
  const [chosen, setChosen] = useState<Chosen>(NONE);
  const may = useMay();
  const filterKey = JSON.stringify(filters);
  useEffect(() => setChosen(NONE), [filterKey]);

  const columns = useColumns({ rows, chosen, setChosen, canChoose: may('operate') });
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
      {countOf(chosen) > 0 && (
        <Bulk
          chosen={chosen}
          fitting={{ kind: 'fitting', filters, count: total ?? 0 }}
          choose={(next) => setChosen(next ?? NONE)}
        />
      )}
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
              {...more}
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

function mirrorsOf({ mirrors }: { mirrors: Mirror[] }): Mirror[] {
  return mirrors;
}

function idOf({ mirrorId }: Mirror): string {
  return mirrorId;
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
