import { useDebouncedValue } from '@mantine/hooks';
import { createSpotlight, Spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { someMirrorsQuery } from '../api/queries.ts';
import { StatusBadge } from '../parts/badges.tsx';

const [store, spotlight] = createSpotlight();

export function openSearch(): void {
  spotlight.open();
}

/** Finds a repository by a part of its name, from any page. */
export function Search() {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim(), 150);
  const found = useQuery({
    ...someMirrorsQuery({ search }, 8),
    enabled: search !== '',
    placeholderData: keepPreviousData,
  });
  const mirrors = search === '' ? [] : (found.data?.mirrors ?? []);
  return (
    <Spotlight.Root
      store={store}
      query={text}
      onQueryChange={setText}
      shortcut={['mod + K']}
      scrollable
      maxHeight={420}
    >
      <Spotlight.Search
        placeholder="Part of owner/name"
        aria-label="Find a repository"
        leftSection={<IconSearch size={18} aria-hidden />}
      />
      <Spotlight.ActionsList aria-label="Repositories found">
        {mirrors.map(({ mirrorId, fullName, description, status }) => (
          <Spotlight.Action
            key={mirrorId}
            label={fullName}
            description={description ?? undefined}
            rightSection={<StatusBadge status={status} />}
            onClick={() => void navigate({ to: '/repositories/$mirrorId', params: { mirrorId } })}
          />
        ))}
        {mirrors.length === 0 && (
          <Spotlight.Empty>
            {search === ''
              ? 'Type a part of a repository’s name.'
              : found.isFetching
                ? 'Looking …'
                : `No repository has “${search}” in its name.`}
          </Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
