import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { runningQuery } from '../../api/queries.ts';
import { Badge } from '@mantine/core';
import { Section } from '../../parts/page.tsx';
import { Transfer } from '../../parts/transfer.tsx';
import { SHOWN } from './row.tsx';

export function Running() {
  const running = useQuery(runningQuery);
  const transfers = running.data?.transfers ?? [];
  if (transfers.length === 0) return null;
  return (
    <Section title="Syncing now" id="running" aside={<Badge variant="light">{transfers.length}</Badge>}>
      <Stack gap="md">
        {transfers.slice(0, SHOWN).map((transfer) => (
          <Transfer key={transfer.mirrorId} transfer={transfer} />
        ))}
        {transfers.length > SHOWN && (
          <Text size="sm" c="dimmed">
            and {transfers.length - SHOWN} more
          </Text>
        )}
      </Stack>
    </Section>
  );
}
