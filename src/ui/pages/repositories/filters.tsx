import { ActionIcon, Group, MultiSelect, Select, Tooltip } from '@mantine/core';
import { IconFilterOff, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { facetsQuery, type MirrorFilters } from '../../api/queries.ts';
import { TypedField } from '../../parts/typed-field.tsx';
import { PAGE_SEARCH } from '../../shell/shortcuts.ts';
import { errorWords, STATUS_WORDS, STATUSES } from '../../words.ts';

const SIZES = [
  { value: '-10000000', label: 'Less than 10 MB' },
  { value: '10000000-100000000', label: '10 to 100 MB' },
  { value: '100000000-1000000000', label: '100 MB to 1 GB' },
  { value: '1000000000-', label: 'More than 1 GB' },
];

export function Filters({
  filters,
  change,
  isFiltered,
}: {
  filters: MirrorFilters;
  change: (changes: Partial<MirrorFilters>) => void;
  isFiltered: boolean;
}) {
  const facets = useQuery(facetsQuery);
  const options = (list: { value: string; count: number }[] | undefined, words = (value: string) => value) =>
    (list ?? []).map(({ value, count }) => ({ value, label: `${words(value)} (${count.toLocaleString('en')})` }));
  const size =
    filters.minBytes === undefined && filters.maxBytes === undefined
      ? null
      : `${filters.minBytes ?? ''}-${filters.maxBytes ?? ''}`;
  return (
    <Group gap="xs" align="flex-end">
      <TypedField
        id={PAGE_SEARCH}
        aria-label="Search by a part of the name"
        placeholder="Part of owner/name"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={filters.search}
        onChange={(search) => change({ search })}
        flex="3 1 220px"
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
        flex="1 1 150px"
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
        flex="1 1 145px"
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
        flex="1 1 145px"
      />
      <Select
        aria-label="Why it fails"
        placeholder="Any failure"
        data={options(facets.data?.errorKinds, errorWords)}
        value={filters.errorKind ?? null}
        onChange={(errorKind) => change({ errorKind: errorKind ?? undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any failure' }}
        flex="1 1 145px"
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
        flex="1 1 145px"
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
