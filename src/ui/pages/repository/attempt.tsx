import { Accordion, Alert, Badge, Code, Group, Stack, Table, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { facetsQuery } from '../../api/queries.ts';
import type { Mirror, Sync } from '../../api/types.ts';
import { usePlaces } from '../../parts/places.ts';
import { Ago } from '../../parts/time.tsx';
import { adviceWords, bytesWords, errorWords, phaseWords, plural, spanWords, triggerWords } from '../../words.ts';
import { Outside } from './outside.tsx';
import { WhatItSaid } from './what-it-said.tsx';

const REF_WORDS: Record<string, string> = {
  created: 'new',
  updated: 'moved on',
  forced: 'rewritten',
  deleted: 'removed',
  archived: 'old tips archived',
  declined: 'declined by OneDev',
};

/** One attempt: a line, that opens to all there is to know of it. */
export function Attempt({ sync, mirror }: { sync: Sync; mirror: Mirror }) {
  const isDone = sync.outcome === 'completed';
  const changed = Object.entries(sync.refs ?? {}).filter(([name, count]) => count > 0 && name in REF_WORDS);
  const tookMs = new Date(sync.finishedAt).getTime() - new Date(sync.startedAt).getTime();
  const summary = isDone
    ? changed.length === 0
      ? 'Synced, nothing to change'
      : `Synced: ${changed.map(([name, count]) => `${count.toLocaleString('en')} ${REF_WORDS[name]}`).join(', ')}`
    : errorWords(sync.errorKind);
  return (
    <Accordion
      variant="default"
      chevronPosition="right"
      styles={{ item: { border: 0 }, control: { paddingInline: 4 } }}
      mt={-8}
    >
      <Accordion.Item value={sync.syncId}>
        <Accordion.Control>
          <Text size="sm" fw={500}>
            {summary}
          </Text>
          <Text size="xs" c="dimmed" component="div">
            <Ago at={sync.finishedAt} />, took {spanWords(tookMs)}
            {sync.bytes !== null && sync.bytes > 0 && `, ${bytesWords(sync.bytes)}`}
            {sync.attempt > 1 && `, attempt ${sync.attempt}`}
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Stack gap="sm">
            {!isDone && <Why sync={sync} mirror={mirror} />}
            <Text size="sm">
              Set off by {triggerWords(sync.trigger)}.
              {sync.objects !== null && sync.objects > 0 && ` ${plural(sync.objects, 'object')} moved.`}
            </Text>
            {sync.phases.length > 0 && (
              <Table withRowBorders={false} verticalSpacing={2} maw={420}>
                <Table.Tbody>
                  {sync.phases.map(({ name, durationMs }, place) => (
                    <Table.Tr key={`${name}-${place}`}>
                      <Table.Td>{phaseWords(name)}</Table.Td>
                      <Table.Td ta="right">{spanWords(durationMs)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            )}
            {changed.length > 0 && (
              <Group gap={6}>
                {changed.map(([name, count]) => (
                  <Badge key={name} variant="light" color="gray" tt="none">
                    {count.toLocaleString('en')} {REF_WORDS[name]}
                  </Badge>
                ))}
              </Group>
            )}
            <Run sync={sync} />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

export function Why({ sync, mirror }: { sync: Sync; mirror: Mirror }) {
  const facets = useQuery(facetsQuery);
  const known = facets.data?.errorKinds.find(({ value }) => value === sync.errorKind);
  const whatToDo = mirror.errorKind === sync.errorKind ? mirror.whatToDo : known?.whatToDo;
  return (
    <Alert color="red" title={errorWords(sync.errorKind)} icon={<IconAlertTriangle />}>
      {whatToDo && <Text size="sm">{adviceWords(sync.errorKind, whatToDo)}</Text>}
      {sync.errorMessage !== null && <WhatItSaid text={sync.errorMessage} />}
    </Alert>
  );
}

function Run({ sync: { workflowId, runId, correlationId } }: { sync: Sync }) {
  const { temporalUi } = usePlaces();
  return (
    <Text size="xs" c="dimmed" component="div">
      {temporalUi !== null && (
        <>
          <Outside href={`${temporalUi}/workflows/${encodeURIComponent(workflowId)}/${runId}`}>
            Its run in Temporal
          </Outside>
          <br />
        </>
      )}
      In the log: <Code>{correlationId}</Code>
    </Text>
  );
}
