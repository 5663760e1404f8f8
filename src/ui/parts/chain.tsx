import { Alert, Button, Code, Group, Text } from '@mantine/core';
import { IconLink, IconLinkOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { chainQuery } from '../api/queries.ts';
import { ErrorState } from './states.tsx';
import { Ago } from './time.tsx';

/** Whether the audit log is as it was written; every entry is computed anew for that, so a person asks. */
export function Chain() {
  const chain = useQuery({ ...chainQuery, enabled: false });
  const check = (
    <Button size="compact-sm" variant="default" loading={chain.isFetching} onClick={() => void chain.refetch()}>
      {chain.data ? 'Check again' : 'Check the seals'}
    </Button>
  );
  if (chain.error) return <ErrorState error={chain.error} what="The seals" onRetry={() => void chain.refetch()} />;
  if (!chain.data) return <Group gap="sm">{check}</Group>;
  const { intact, checkedAt } = chain.data;
  return (
    <Alert
      color={intact ? 'green' : 'red'}
      icon={intact ? <IconLink /> : <IconLinkOff />}
      title={
        intact
          ? `The log is intact: ${chain.data.events.toLocaleString('en')} entries, each sealed with the one before`
          : `The log is broken at entry ${chain.data.eventId}`
      }
    >
      {intact ? (
        <Text size="sm">
          The last seal is <Code>{chain.data.head}</Code>. Noted elsewhere, it shows later that nothing up to it was
          written anew.
        </Text>
      ) : (
        <Text size="sm">{chain.data.problem} Somebody changed the database; compare it with a backup.</Text>
      )}
      <Group gap="sm" mt="xs">
        {check}
        <Text size="xs" c="dimmed" component="div">
          Checked <Ago at={checkedAt} />
        </Text>
      </Group>
    </Alert>
  );
}
