import { Alert, Button, Code, CopyButton, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { settingsQuery } from '../api/queries.ts';
import { useMay } from './actions.ts';
import { useEnter } from './entering.ts';
import { FilterPreviewForm, type FilterTexts, settingsOfFilters } from './filter-preview.tsx';
import { ErrorState } from './states.tsx';

/** Filters as one types them, what they would do, and the button that has it so. */
export function FilterSettings() {
  const [texts, setTexts] = useState<FilterTexts>({});
  const may = useMay();
  const settings = useQuery({ ...settingsQuery, enabled: may('admin') });
  const enter = useEnter();
  const changes = settingsOfFilters(texts);
  const names = Object.keys(changes);
  const all = settings.data?.settings ?? [];
  const isClosed =
    settings.data?.whyClosed !== null || names.some((name) => !all.find((one) => one.name === name)?.enterable);
  const lines = names.map((name) => `${name}=${changes[name]}`).join('\n');
  const entered = () => {
    setTexts({});
    notifications.show({ message: 'The filters are entered, and taken over.', color: 'green', autoClose: 5_000 });
  };
  return (
    <FilterPreviewForm texts={texts} onChange={setTexts}>
      {names.length > 0 && (
        <Group mt="md" gap="xs">
          {may('admin') && !isClosed && (
            <Button loading={enter.isPending} onClick={() => enter.mutate(changes, { onSuccess: entered })}>
              Keep by these filters
            </Button>
          )}
          <Button variant="subtle" onClick={() => setTexts({})}>
            Start again
          </Button>
        </Group>
      )}
      {names.length > 0 && isClosed && (
        <Alert color="blue" mt="md" title="To have it so, set this where Starkeep is started, and start it again">
          <Code block>{lines}</Code>
          <CopyButton value={lines}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="default" mt="xs" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
        </Alert>
      )}
      {enter.error && <ErrorState error={enter.error} what="The filters" />}
      {names.length === 0 && (
        <Text size="xs" c="dimmed" mt="sm">
          What the filters leave out is not deleted on OneDev: it stays as it is.
        </Text>
      )}
    </FilterPreviewForm>
  );
}
